"""What the engine does with what cannot be judged, and how it remembers."""

from __future__ import annotations

import pytest
from good_tree import BTC, World, also, both, drop, gone, nothing, put, raw, truth

import simkit.contract.rules  # noqa: F401
from simkit.contract.build import Looks, stem_of
from simkit.contract.engine import Engine
from simkit.contract.finding import RULES, Found, Look, Memory, Outcome, Rule
from simkit.core.settings import Settings


def custom(check: object, reads: tuple[str, ...] = (), part: str = "") -> Rule:
    return Rule("INV-T01", "s", "t", (), reads, "W", "contract", "E", "e", check, part)  # type: ignore[arg-type]


def test_a_rule_whose_file_is_absent_is_not_evaluated_with_the_reason() -> None:
    world = World()
    gone("positions_ledger")(world)
    verdict = world.verdict("INV-L04")
    assert verdict.findings == ()
    assert verdict.evaluated == 0
    assert verdict.not_evaluated == (("INV-L04", "positions_ledger is absent"),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"[1]", "is no JSON object but an array"),
        (b"null", "is no JSON object but null"),
        (b'"x"', "is no JSON object but a string"),
        (b"1", "is no JSON object but a number"),
        (b'{"a":', "is no complete JSON document"),
        (b'{"a":{"b":[1,NaN]}}', "holds a number that is not finite: a.b[1] = nan"),
        (b'{"a":1e999}', "holds a number that is not finite: a = inf"),
        (b"\xff\xfe", "is no"),
        (b"[" * 200_000, "is no"),
    ],
)
def test_an_unreadable_file_leaves_its_rules_unevaluated(data: bytes, reason: str) -> None:
    world = World()
    raw("positions_ledger", data)(world)
    (rule, why), *_ = world.verdict("INV-L04").not_evaluated
    assert rule == "INV-L04"
    assert why.startswith(f"positions_ledger {reason}")


def test_a_missing_value_leaves_the_rule_unevaluated() -> None:
    world = World()
    drop("nav.nav_detail")(world)
    assert world.verdict("INV-N06").not_evaluated == (
        ("INV-N06", "nav_detail.breakdown.wallet is missing or ill-typed"),
    )


def test_without_harness_and_journal_the_rules_that_need_them_do_not_look() -> None:
    world = World()
    for loop in world.loops:
        loop.truth, loop.journal = None, False
    verdict = world.judged(list(RULES.values()))[-1][1]
    mute = dict(verdict.not_evaluated)
    assert verdict.findings == ()
    assert {
        "INV-N07",
        "INV-P06",
        "INV-P07",
        "INV-X04",
        "INV-D22",
        "INV-G08",
        "INV-G09",
        "INV-G10",
    } <= mute.keys()
    assert "INV-N06" not in mute


def test_a_bug_in_a_rule_is_not_hidden() -> None:
    def broken(look: Look, memory: Memory) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        World().judged([custom(broken)])


def test_memory_belongs_to_one_engine() -> None:
    def count(look: Look, memory: Memory) -> Outcome:
        memory["n"] = memory.get("n", 0) + 1
        return [Found("nav", "", str(memory["n"]), "m")]

    rule = custom(count)
    for _ in range(2):
        assert [v.findings[0].value for _, v in World().judged([rule])] == ["1", "2"]


def test_a_rule_on_one_part_looks_again_only_when_it_changes() -> None:
    seen: list[int] = []

    def note(look: Look, memory: Memory) -> Outcome:
        seen.append(look.loop)
        return ()

    for part, edit, loops in (
        ("book", put("positions_state.positions[0].mark_price", 99.0), [1]),
        ("book", put("positions_ledger.entries[0].tp", 131.0), [1, 2]),
        ("book", drop(f"position_tp_sl.entries[{BTC}]"), [1, 2]),
        ("router", put("router_health.router_health.global.avg_latency_ms", 1.0), [1, 2]),
        ("tail", both("risk_snapshot.var", None), [1]),
        ("tail", nothing, [1, 2]),
        ("counters", put("diagnostics.runtime_diagnostics.veto_counters.total_orders", 5), [1, 2]),
    ):
        seen.clear()
        world = World()
        edit(world)
        world.judged([custom(note, part=part)])
        assert seen == loops, part
    seen.clear()
    World().judged([custom(note, ("factor_diagnostics",), "factor_diagnostics")])
    assert seen == [1]


def test_a_remembered_outcome_is_given_again() -> None:
    world = World()
    for loop in (1, 2):
        put("positions_ledger.entries[0].tp", 140.0, loop)(world)
    assert [len(v.findings) for _, v in world.judged([RULES["INV-L06"]])] == [1, 1]


def test_a_loop_keeps_only_the_one_before_it() -> None:
    looks = Looks()
    made = [looks.next(n, n, Settings(), {"logs/state/nav.json": b"{}"}) for n in range(1, 4)]
    assert made[2].before is made[1]
    assert made[1].before is None


def test_an_unchanged_file_is_not_decoded_again() -> None:
    looks, data = Looks(), b'{"nav":1}'
    first = looks.next(1, 0, Settings(), {"logs/state/nav.json": data})
    second = looks.next(2, 1, Settings(), {"logs/state/nav.json": data})
    third = looks.next(3, 2, Settings(), {"logs/state/nav.json": b'{"nav":2}'})
    assert second.docs["nav"] is first.docs["nav"]
    assert third.docs["nav"] == {"nav": 2}


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("logs/state/nav.json", "nav"),
        ("v7_manifest.json", "v7_manifest"),
        ("logs/execution/orders_executed.jsonl", None),
        ("logs/state/.tmp_nav.json.1", None),
        ("logs/state/.tmp_nav.json", None),
        ("other/nav.json", None),
    ],
)
def test_the_stem_of_a_path(path: str, stem: str | None) -> None:
    assert stem_of(path) == stem


def test_a_tree_without_any_file_is_judged_without_a_word() -> None:
    look = Looks().next(1, 0, Settings(), {})
    verdict = Engine().look(look)
    assert {f.rule for f in verdict.findings} == {"INV-X02", "INV-X06"}


def test_a_surface_of_the_users_own_is_judged_by_the_general_rules() -> None:
    entry = {
        "description": "d",
        "owner": "me",
        "path": "logs/state/mine.json",
        "update_frequency": "per_loop",
    }
    world = World()
    for loop in world.loops:
        loop.docs["v7_manifest"]["state_files"] = {**loop.docs["v7_manifest"]["state_files"], "mine": entry}
        loop.docs["mine"] = {"updated_ts": "2025-01-06T00:00:00Z"}
        loop.writer["mine"] = "me"
    world.loops[1].docs["mine"]["more"] = 1
    rules = {f.rule for f in world.judged(list(RULES.values()))[-1][1].findings}
    assert rules == {"INV-G06", "INV-G07"}


def test_a_reset_counts_when_the_sync_comes_later() -> None:
    world = World()
    also(truth(1, reset_peak=True), put("nav_state.peak_equity", 9000.0))(world)
    assert [len(v.findings) for _, v in world.judged([RULES["INV-NS11"]])] == [0, 0]
