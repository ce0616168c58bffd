"""Every contract rule is an error on a foreign tree that breaks it; profiles and tiers judge as they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rule_cases_book
import rule_cases_health
import rule_cases_intel
import rule_cases_more
from good_tree import Edit, World, _write, also, at, drop, gone, nothing, on, put, stamp
from verify_kit import NOW, change, good, judged_loops, minimal, rules_of

import simkit.contract.rules  # noqa: F401
from simkit.contract.dialect import Dialect
from simkit.contract.finding import RULES
from simkit.contract.verifier import Verifier, verify
from simkit.core.project import find_project
from simkit.run import simulate
from simkit.scenario.load import load

CASES = {
    **rule_cases_book.CASES,
    **rule_cases_health.CASES,
    **rule_cases_intel.CASES,
    **rule_cases_more.CASES,
}
PIPE = "diagnostics.runtime_diagnostics.exit_pipeline"
COEFFS = "factor_diagnostics.normalization_coeffs"

#: What the cases of the reference executor break only as one allows it to a foreign one: grain, equality,
#: another form. These break the rule in any reading.
FURTHER: dict[str, Edit] = {
    "INV-D13": put(f"{PIPE}.tp_sl_missing_count", 1),
    "INV-D15": put(f"{PIPE}.mismatch_breakdown.ghost_ledger_entries", 1),
    "INV-F03": put(f"{COEFFS}.trend.range", 0.5),
    "INV-G07": stamp("positions_ledger", at(1)),
    "INV-N02": put("nav.nav_usd", 9998.0),
    "INV-NS01": drop("nav_state.aum"),
    "INV-P03": put("positions_state.positions[0].notional", 90.0),
    "INV-R11": put("risk_snapshot.var.portfolio_var_nav_pct", 0.13),
    "INV-S02": put("symbol_scores_v6.symbols[1].hybrid_score", 0.3),
    "INV-X06": gone("positions_ledger"),
}
#: What only a harness can see: what a loader does.
HARNESS = ("INV-G14", "INV-G15")
CONTRACT = [rule.id for rule in RULES.values() if rule.tier == "contract" and rule.id not in HARNESS]


def test_the_contract_rules_are_those_of_the_table() -> None:
    assert len(CONTRACT) + len(HARNESS) == 51


@pytest.mark.parametrize("rule", CONTRACT)
def test_a_contract_rule_is_an_error_on_a_foreign_tree(rule: str) -> None:
    report = judged_loops(FURTHER.get(rule) or CASES[rule][1])
    assert rule in {violation.rule for violation in report.errors}


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule.id not in HARNESS])
def test_what_just_passes_is_no_error_of_that_rule(rule: str) -> None:
    report = judged_loops(CASES[rule][0])
    assert rule not in {violation.rule for violation in report.errors}


@pytest.mark.parametrize("rule", [r.id for r in RULES.values() if r.tier != "contract" or r.severity == "W"])
def test_no_other_rule_is_an_error_on_a_foreign_tree(rule: str) -> None:
    report = judged_loops(CASES[rule][1])
    assert rule not in {violation.rule for violation in report.errors}


def test_severity_and_tier_are_those_of_the_profile() -> None:
    docs = change(good(), "risk_snapshot.risk_mode", "dd_guard")
    for profile, severity in (("contract", "W"), ("reference", "E")):
        (found,) = [v for v in verify(docs, profile=profile).violations if v.rule == "INV-R02"]  # type: ignore[arg-type]
        assert (found.severity, found.tier) == (severity, "reference")


PARTS: dict[str, tuple[str, Edit]] = {
    "a leftover temporary file": (
        "INV-G08", on(2, lambda it: it.more.__setitem__("logs/state/.tmp_nav.json.7", b"{}"))),
    "nav_total": ("INV-N02", put("nav.nav_total", 5.0)),
    "a position frozen for long": ("INV-G07", stamp("positions_state", "2025-01-05T20:00:00Z", 1)),
    "the version of the documents": ("INV-G12", put("v7_manifest.docs_version", "v7.5")),
    "a surface of a throttled cadence is gone": ("INV-G13", gone("positions_state")),
    "stale levels miscounted": ("INV-D15", put(f"{PIPE}.mismatch_breakdown.stale_tp_sl_entries", 1)),
    "a degenerate deviation": ("INV-F03", put(f"{COEFFS}.rv_momentum.std", 0.0)),
    "other factor keys": ("INV-F02", drop("factor_diagnostics.per_symbol[BTCUSDT:LONG]")),
    "the copy of the weights": ("INV-F09", put("factor_diagnostics.pnl_attribution.weights", {})),
    "a core field of the system": ("INV-G18", put("nav.nav_total", "much")),
}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_weaker_part_of_a_contract_rule_only_warns(part: str) -> None:
    rule, edit = PARTS[part]
    if part == "a position frozen for long":
        edit = also(edit, stamp("positions_state", "2025-01-05T20:00:00Z"))
    report = judged_loops(edit)
    mine = [violation for violation in report.violations if violation.rule == rule]
    assert mine
    assert {violation.severity for violation in mine} == {"W"}
    assert all(violation.tier != "contract" for violation in mine)
    strict = judged_loops(edit, "reference")
    assert any(v.rule == rule and v.severity == "E" for v in strict.violations)


# The reference executor ------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["contract", "reference"])
def test_a_sound_tree_of_the_reference_executor_has_no_finding(profile: Any) -> None:
    for trees in (good(1), good(2), [good(1), good(2)]):
        assert verify(trees, profile=profile, now=NOW).violations == ()
    assert judged_loops(nothing, profile).violations == ()


@pytest.mark.parametrize("name", ["drawdown/recovery", "ledger/missing-tp-sl"])
def test_every_loop_of_a_run_passes_under_both_profiles(name: str, tmp_path: Path) -> None:
    project = find_project(Path(__file__))
    (scenario, *_) = load(project.scenarios / f"{name}.yaml", project)
    judges: list[Verifier] = []

    def judge(record: Any) -> None:
        if not judges:
            dialect = Dialect(settings=record.settings)
            judges.extend(Verifier(profile=p, loops=True, dialect=dialect) for p in ("contract", "reference"))  # type: ignore[arg-type]
        for each in judges:
            each.files(record.tree)

    simulate(scenario, tmp_path / "run", base=project.scenarios, on_loop=judge)
    for each in judges:
        assert each.report().violations == ()
        assert each.report().trees == scenario.clock.loops
    for profile in ("contract", "reference"):
        report = verify(tmp_path / "run", profile=profile, dialect=Dialect(settings=scenario.settings))  # type: ignore[arg-type]
        assert report.violations == ()
        assert report.present == tuple(s for s in report.present) and not report.absent


# What cannot be judged -------------------------------------------------------------------------------------


def test_rules_that_speak_of_loops_do_not_judge_a_single_tree() -> None:
    report = verify(minimal())
    mute = dict(report.not_evaluated)
    assert {"INV-G07", "INV-N09", "INV-X06", "INV-G09", "INV-G05"} <= mute.keys()
    assert "write journal" in mute["INV-N09"]


def test_a_clock_lets_the_rule_on_the_future_judge() -> None:
    assert "INV-G05" in rules_of(good(), now="2025-01-06T00:00:59Z")[1]
    assert verify(good(), now="2025-01-06T00:01:00Z").violations == ()


def test_books_of_different_loops_are_not_compared() -> None:
    docs = minimal()
    docs["positions_ledger"]["entries"].pop()
    assert "INV-L04" in rules_of(docs)[0]
    docs["positions_ledger"]["updated_at"] = "2025-01-06T12:01:00Z"
    report = verify(docs)
    assert "INV-L04" not in {v.rule for v in report.violations}
    assert "not of one loop" in dict(report.not_evaluated)["INV-L04"]


def test_an_absent_optional_key_makes_no_finding() -> None:
    docs = change(good(), f"{PIPE}.mismatch_breakdown", ...)
    report = verify(docs)
    assert report.errors == ()
    assert {"INV-D13", "INV-D14", "INV-D15"} <= dict(report.not_evaluated).keys()


def test_a_frozen_ledger_is_seen_between_states_that_are_no_loops() -> None:
    """Two moves of nav.json while the ledger stands still: one loop at least has not written it."""
    judge = Verifier()
    for second in range(4):
        docs = minimal()
        docs["nav"]["updated_ts"] = f"2025-01-06T12:00:0{second}Z"
        judge.tree(docs)
        frozen = [v.file for v in judge.report().errors if v.rule == "INV-G07"]
        expected = ["logs/state/diagnostics.json", "logs/state/positions_ledger.json"]
        assert sorted(frozen) == (expected if second >= 2 else [])


# A surface of the user's own -------------------------------------------------------------------------------


def _with_own(doc: Any, owner: str = "executor", frequency: str | None = "per_loop") -> World:
    world = World()
    entry = {"description": "mine", "owner": owner, "path": "logs/state/mine.json"}
    if frequency:
        entry["update_frequency"] = frequency
    for loop in world.loops:
        files = loop.docs["v7_manifest"]["state_files"]
        loop.docs["v7_manifest"]["state_files"] = {**files, "mine": entry}
        loop.docs["mine"] = {"updated_ts": at(loop.loop), **doc}
        loop.writer["mine"] = owner
    return world


OWN: dict[str, tuple[World, Edit, set[str]]] = {
    "sound": (_with_own({"x": {"y": [1]}}), nothing, set()),
    "no time": (_with_own({"updated_ts": None}), nothing, {"INV-G03"}),
    "no time, of somebody else": (_with_own({"updated_ts": None}, "strategy"), nothing, set()),
    "frozen": (_with_own({"updated_ts": at(1)}), nothing, {"INV-G07"}),
    "frozen, without a frequency": (_with_own({"updated_ts": at(1)}, frequency=None), nothing, set()),
    "gone": (_with_own({}), gone("mine"), {"INV-G13"}),
    "another writer": (
        _with_own({}), on(2, lambda it: it.writer.__setitem__("mine", "intruder")), {"INV-G09", "INV-G10"}),
    "cut off": (_with_own({}), on(2, lambda it: it.raw.__setitem__("mine", b'{"a":')), {"INV-G01"}),
    "not finite": (_with_own({}), on(2, lambda it: it.raw.__setitem__("mine", b'{"a":NaN}')), {"INV-G02"}),
    "in place": (_with_own({}), on(2, lambda it: it.mode.__setitem__("mine", "direct")), {"INV-G08"}),
}  # fmt: skip


@pytest.mark.parametrize("case", OWN)
def test_a_surface_of_ones_own_gets_the_general_rules(case: str) -> None:
    world, edit, wanted = OWN[case]
    edit(world)
    judge = Verifier(loops=True, now=NOW)
    tree: dict[str, bytes] = {}
    for loop in world.loops:
        writes = _write(loop, tree)
        judge.files(dict(tree), writes=writes)
    assert {violation.rule for violation in judge.report().errors} == wanted
