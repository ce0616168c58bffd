"""Documents to scenarios: blocks in scaled integers, variants overlaid, expectations in published units."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from scenario_texts import DRAWDOWN, EVERYTHING, GHOST, HEAD, NAKED, compiled, one

from simkit.contract.finding import RULES
from simkit.contract.table import by_stem, paths
from simkit.core.clock import iso, parse_iso
from simkit.core.hashing import digest
from simkit.core.legacy import LEGACY
from simkit.core.settings import Settings
from simkit.scenario import model as m
from simkit.scenario.compile_faults import FAULTS, KINDS, OWNERS
from simkit.scenario.fault_document import FaultDoc
from simkit.scenario.kinds_files import BUILT, FILES, WRITTEN
from simkit.scenario.script import Script


@pytest.fixture(scope="module")
def everything() -> m.Scenario:
    """The scenario that uses every key."""
    (scenario,) = compiled(EVERYTHING, stem="everything")
    return scenario


def test_a_scenario_that_says_little_means_the_defaults() -> None:
    scenario = one("")
    assert scenario.clock == m.ClockSpec(parse_iso("2025-01-06T00:00:00Z"), 60_000_000, 10, 0)
    assert scenario.venue == m.VenueProfile()
    assert scenario.settings == Settings()
    assert scenario.account == m.Account(10_000_000_000)
    assert scenario.universe == ("BTCUSDT", "ETHUSDT")
    assert (scenario.family, scenario.id, scenario.variant, scenario.file) == ("family", "s", "", "s.yaml")
    assert not any((scenario.past, scenario.positions, scenario.signals, scenario.events, scenario.faults))
    assert not any((scenario.expect, scenario.findings, scenario.checkpoints, scenario.tags))
    assert not any((scenario.canary, scenario.needs_data))


def test_text_and_seed(everything: m.Scenario) -> None:
    assert everything.about == "Two lines\nof text.\n"
    assert (everything.tags, everything.incident, everything.canary) == (("slow", "market"), "INC-99", True)
    assert everything.seed == int("9ea5be21c0ff", 16)
    assert everything.checkpoints == (4, 12)


@pytest.mark.parametrize(
    ("written", "seed"),
    [("7", 7), ("0x1f", 31), ("1234e12", 0x1234E12), ("'42'", 42), ("deadbeef", 0xDEADBEEF)],
)
def test_a_seed_is_read_from_its_text(written: str, seed: int) -> None:
    (scenario,) = compiled(HEAD.replace("seed: 1", f"seed: {written}"))
    assert scenario.seed == seed


def test_prices_as_lists_maps_candles_and_walks(everything: m.Scenario) -> None:
    btc, eth, ltc, sol, xrp = everything.paths
    assert btc == m.Scripted(
        "BTCUSDT", (m.Step(1, 10_000_000_000), m.Step(2, 10_150_000_000), m.Step(3, 9_900_000_000))
    )
    assert eth == m.Scripted("ETHUSDT", (m.Step(1, 5_000_000_000), m.Step(7, 4_900_000_000)))
    assert isinstance(ltc, m.Candles)
    assert ltc.bars[1] == m.Bar(4, 8_000_000_000, 9_000_000_000, 7_000_000_000, 8_500_000_000, "O-L-H-C")
    assert isinstance(sol, m.Candles)
    assert [(bar.loop, bar.path) for bar in sol.bars] == [(1, "O-H-L-C"), (2, "O-H-L-C")]
    assert xrp == m.RandomWalk(
        "XRPUSDT",
        50_000_000,
        (m.Regime(1, 0.01, 0.0), m.Regime(3, 0.01, -0.001), m.Regime(6, 0.04, -0.001)),
        (m.Jump(5, 0.05), m.Jump(9, -0.1)),
        "market",
        0.6,
    )
    assert everything.past == (m.PastCloses("ETHUSDT", (4_800_000_000, 4_900_000_000, 5_000_000_000)),)


def test_a_list_and_a_map_of_the_same_series_are_the_same() -> None:
    as_list = HEAD.replace("cash: 10000 USD", "nav: [5, 5, 7, 7]")
    as_map = HEAD.replace("cash: 10000 USD", "nav: {L3: 7, L1: 5}")
    assert compiled(as_list)[0].account == compiled(as_map)[0].account
    assert compiled(as_map)[0].account == m.Account(5_000_000, (m.Step(1, 5_000_000), m.Step(3, 7_000_000)))


def test_the_order_of_prices_is_no_part_of_a_scenario() -> None:
    assert one("") == compiled(HEAD.replace("{BTCUSDT: 100, ETHUSDT: 50}", "{ETHUSDT: 50, BTCUSDT: 100}"))[0]


def test_the_venue(everything: m.Scenario) -> None:
    assert everything.venue == m.VenueProfile(
        name="binance-like",
        taker_fee_bps=5.0,
        maker_fee_bps=-1.0,
        spread_bps=2.0,
        depth_usd=100_000_000_000,
        latency_us=250_000,
        latency_jitter_us=50_000,
        max_fill_frac=0.5,
        funding_bps=1.0,
        funding_every=8,
        min_notional=5_000_000,
    )
    assert one("venue: ideal\n").venue == m.VenueProfile()


def test_account_and_positions(everything: m.Scenario) -> None:
    assert everything.account == m.Account(
        10_000_250_000,
        (),
        (
            m.OffExchangeAsset("BTC", 10_000_000, 6_000_000_000_000, None),
            m.OffExchangeAsset("XAUT", 150_000_000, 200_000_000_000, 210_000_000_000),
        ),
        "one_way",
    )
    assert everything.positions == (
        m.OpeningPosition("BTCUSDT", "LONG", 25_000_000, 10_000_000_000, None, None),
        m.OpeningPosition("ETHUSDT", "SHORT", 200_000_000, 5_000_000_000, 3_500_000_000, None),
    )


def test_a_range_is_one_signal_per_loop_and_ids_count_within_the_loop(everything: m.Scenario) -> None:
    assert [(s.loop, s.intent_id) for s in everything.signals[:5]] == [
        (2, "i-2-1"),
        (3, "i-3-1"),
        (3, "i-3-2"),
        (3, "i-3-3"),
        (4, "i-4-1"),
    ]
    assert [(s.loop, s.intent_id) for s in everything.signals[5:]] == [
        (loop, "parent-7") for loop in range(5, 13)
    ]
    assert everything.signals[-1] == m.Signal(
        12, "parent-7", "close", "BTCUSDT", "LONG", 50_000_000, limit=11_000_000_000, twap=True
    )


def test_levels_given_refused_or_not_mentioned() -> None:
    signals = one(
        "signals:\n"
        "  - {at: L1, open: BTCUSDT:LONG, qty: 1, tp: 120, sl: none}\n"
        "  - {at: L2, open: BTCUSDT:LONG, qty: 1, tp: none}\n"
        "  - {at: L3, open: BTCUSDT:LONG, usd: 500}\n"
    ).signals
    assert [(s.levels, s.tp, s.sl) for s in signals] == [
        ("given", 12_000_000_000, None),
        ("none", None, None),
        ("silent", None, None),
    ]
    assert (signals[2].qty, signals[2].usd) == (None, 500_000_000)


def test_events_come_by_loop_and_settings_build_on_each_other(everything: m.Scenario) -> None:
    transfer_in, transfer_out, restart, peak, first, second = everything.events
    assert (transfer_in, transfer_out) == (m.Transfer(2, 500_000_000), m.Transfer(4, -100_000_000))
    assert (restart, peak) == (m.Restart(6, ("registry",)), m.ResetPeak(7))
    assert isinstance(first, m.SetSetting)
    assert isinstance(second, m.SetSetting)
    assert (first.loop, first.settings.limits.kill_switch, first.settings.limits.max_trade_nav_pct) == (
        8,
        True,
        0.2,
    )
    assert (second.settings.limits.kill_switch, second.settings.limits.max_trade_nav_pct) == (False, 0.08)
    assert second.settings.legacy == ("D-11", "D-33")


def test_faults(everything: m.Scenario) -> None:
    assert everything.faults == (
        m.WrongBalance(m.Loops(3, 3), 40_000_000_000),
        m.AccountReset(m.Loops(4, 5), 5_000_000_000),
        m.GhostLedgerEntry(
            m.Loops(6, 12),
            "SOLUSDT",
            "LONG",
            100_000_000,
            1_000_000_000,
            None,
            None,
            in_ledger=False,
            in_registry=True,
        ),
        m.MissingLedgerPosition(m.Loops(7, 7), "ETHUSDT", "SHORT"),
        m.SyncDown(m.Loops(8, 8)),
        m.BalanceDown(m.Loops(9, 9)),
        m.MarkMissing(m.Loops(2, 12), "SOLUSDT"),
        m.ClosedOutside(m.Loops(3, 3), "BTCUSDT", "LONG"),
        m.RegistryLevels(m.Loops(4, 4), "ETHUSDT", "SHORT", 5_500_000_000, None),
        m.LedgerQty(m.Loops(5, 5), "ETHUSDT", "SHORT", 150_000_000),
        m.LevelsDropped(m.Loops(5, 5), "ETHUSDT", "SHORT"),
        m.CountersReset(m.Loops(6, 6)),
        m.PublishWrong(m.Loops(6, 12, 3), "kpis_v7.portfolio.dd_pct", "12.0"),
        m.PublishWrong(m.Loops(7, 7), "nav_state.aum", '{"futures":1.0,"total":NaN}'),
        m.PublishWrong(m.Loops(8, 8), "positions_state.positions[BTCUSDT:LONG]", ""),
        m.Latency(m.Loops(5, 6), 900_000),
        m.Latency(m.Loops(5, 5), 0, "XRPUSDT"),
        m.Slippage(m.Loops(6, 6), 7.0, "BTCUSDT"),
        m.Slippage(m.Loops(6, 6), 1.0),
        m.OrderRefused(m.Loops(7, 7)),
        m.OrderRefused(m.Loops(7, 12), "LTCUSDT", "EXPIRED"),
        m.PriceGap(m.Loops(4, 5), -0.08, "BTCUSDT"),
        m.FeedStall(m.Loops(4, 4)),
        m.BadMark(m.Loops(4, 12, 2), "negative", "ETHUSDT"),
        m.BadBalance(m.Loops(5, 5)),
        m.FundingShock(m.Loops(5, 6), -300.0),
        m.Liquidation(m.Loops(6, 6), "ETHUSDT", "SHORT"),
        m.UndeclaredTransfer(m.Loops(6, 6), -500_000_000),
        m.StaleBook(m.Loops(7, 7), "SOLUSDT"),
        m.WideSpread(m.Loops(7, 7), 80.0),
        m.DepthGone(m.Loops(8, 8), "BTCUSDT"),
        m.PartFill(m.Loops(8, 8), 0.4),
        m.RateLimit(m.Loops(9, 9), 0),
        m.AckFault(m.Loops(9, 9), "late", "BTCUSDT"),
        m.FillFault(m.Loops(9, 9), "out_of_order"),
        m.Crash(m.Loops(8, 8), "peak_state", "during"),
        m.Crash(m.Loops(9, 9), "positions_ledger"),
        m.PowerCut(m.Loops(10, 10), "nav_state"),
        m.BuilderError(m.Loops(4, 5), "kpis_v7"),
        m.ConfigUnreadable(m.Loops(11, 12)),
        m.DamagedFile(m.Loops(4, 5), "nav", "truncated"),
        m.DamagedFile(m.Loops(12, 12), "position_tp_sl", "deleted"),
        m.Hang(m.Loops(2, 2)),
        m.SecondExecutor(m.Loops(3, 4)),
        m.Crash(m.Loops(11, 11), "", "after", "exit_scan", 2),
        m.SyncLate(m.Loops(3, 3), 5_000_000),
        m.SyncDoubled(m.Loops(4, 4)),
        m.SyncClock(m.Loops(5, 5)),
        m.HostClock(m.Loops(2, 2), 90_000_000),
        m.ClockDrift(m.Loops(4, 5), -20_000),
        m.ClockFrozen(m.Loops(6, 7)),
        m.TimeZone(m.Loops(3, 12, 3), 7_200_000_000),
        m.VenueClock(m.Loops(3, 3), -3_000_000),
        m.WriteFails(m.Loops(3, 9, 3), "positions_state", "EACCES"),
        m.WriteFails(m.Loops(5, 7), "all"),
        m.TornWrite(m.Loops(5, 5), "positions_ledger", 120),
        m.TornWrite(m.Loops(6, 6), "nav_state"),
        m.TempLeft(m.Loops(6, 6), "kpis_v7"),
        m.DirectWrite(m.Loops(7, 7), "peak_state"),
        m.SecondaryWriter(m.Loops(8, 8), "positions_state"),
        m.FolderMissing(m.Loops(9, 9), "cache"),
    )


def test_every_kind_of_fault_has_a_word_and_a_reader() -> None:
    kinds = {kind.make for kind in KINDS}
    assert kinds == set(get_args(m.Fault)) == {kind.make for kind in FAULTS.values()}
    assert set(FaultDoc.__struct_encode_fields__) == {"at", "every", *FAULTS, *OWNERS}
    assert {type(fault) for fault in compiled(EVERYTHING, stem="everything")[0].faults} == kinds


def test_every_kind_of_fault_puts_rules_to_the_test_and_says_what_survives() -> None:
    assert all(kind.attacks and kind.survives for kind in KINDS)
    assert {rule for kind in KINDS for rule in kind.attacks} <= set(RULES)


def test_the_files_that_a_fault_may_name() -> None:
    assert set(FILES) == set(paths) - {"positions", "nav_confirmed"}  # AUX-4 and AUX-8: nobody writes them
    assert set(WRITTEN) == set(FILES) - {"nav_state"}
    assert set(BUILT) == set(by_stem) - {"nav_state"} | {"position_tp_sl"}


def test_a_cue_tells_all_faults_of_a_kind_in_file_order(everything: m.Scenario) -> None:
    script = Script(everything)
    cues = {loop: script.at(loop) for loop in range(1, 13)}
    assert [fault.symbol for fault in cues[5].faults_of(m.Latency)] == ["", "XRPUSDT"]
    assert [fault.symbol for fault in cues[6].faults_of(m.Latency)] == [""]
    assert cues[7].faults_of(m.Latency) == ()
    assert cues[5].fault(m.Latency) == cues[5].faults_of(m.Latency)[0]


# Clock and account -----------------------------------------------------------------------------------------


def test_from_its_loop_on_a_period_lies_between_a_loop_and_the_next(everything: m.Scenario) -> None:
    clock = everything.clock
    start = parse_iso("2025-01-06T00:00:00Z")
    assert clock == m.ClockSpec(
        start, 60_000_000, 12, 20_000_000, (m.Step(8, 90_000_000), m.Step(10, 30_000_000))
    )
    assert [(clock.at(loop) - start) // 1_000_000 for loop in (1, 2, 8, 9, 10, 11, 12)] == [
        0, 60, 420, 510, 600, 630, 660,
    ]  # fmt: skip
    assert clock.shortest_us == 30_000_000


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=9))
def test_loops_are_as_far_apart_as_the_series_says(periods: list[int]) -> None:
    written = ", ".join(f"{period} s" for period in periods)
    clock = compiled(HEAD.replace("loop: 60 s", f"loop: [{written}]"))[0].clock
    held = [*periods, *[periods[-1]] * 10]
    assert [clock.at(loop + 1) - clock.at(loop) for loop in range(1, 11)] == [
        period * 1_000_000 for period in held[:10]
    ]


def test_an_expected_time_follows_the_periods() -> None:
    text = HEAD.replace("loop: 60 s", "loop: {L1: 60 s, L2: 5 s}")
    ((found,),) = [
        s.expect for s in compiled(text + "expect: {L4: {last_heartbeats: {executor_live: L3}}}\n")
    ]
    assert found.value == {"executor_live": "2025-01-06T00:01:05.000000Z"}


def test_a_one_way_account_is_said_so(everything: m.Scenario) -> None:
    assert everything.account.mode == "one_way"
    assert one("").account.mode == "hedge"
    assert compiled(HEAD.replace("USD}", "USD, mode: hedge}"))[0].account == one("").account


def test_a_hedge_account_holds_both_sides_before_the_first_loop() -> None:
    scenario = one("positions: {BTCUSDT:LONG: {qty: 1, entry: 5}, BTCUSDT:SHORT: {qty: 2, entry: 5}}\n")
    assert [position.side for position in scenario.positions] == ["LONG", "SHORT"]


def test_what_a_signal_says_of_itself(everything: m.Scenario) -> None:
    said = next(signal for signal in everything.signals if signal.maker)
    assert (said.symbol, said.leverage, said.strategy) == ("ETHUSDT", 2.5, "carry")
    plain = everything.signals[0]
    assert (plain.maker, plain.leverage, plain.strategy) == (False, 0.0, "")


def test_what_a_scenario_does_not_say_is_no_part_of_its_fingerprint() -> None:
    scenario = one("signals: [{at: L2, open: BTCUSDT:LONG, qty: 1}]\nfaults: [{at: L3, crash: nav}]\n")
    written = msgspec.json.encode(scenario)
    for name in (b"maker", b"leverage", b"strategy", b"mode", b"periods", b"when"):
        assert b'"' + name + b'"' not in written


def test_settings_in_their_own_units(everything: m.Scenario) -> None:
    s = everything.settings
    assert s.legacy == ("D-11", "D-33")
    assert (s.tp_sl.seed, s.tp_sl.sl_atr, s.tp_sl.tp_atr, s.tp_sl.atr_frac) == (False, 2.5, 3.0, 0.01)
    assert (s.limits.max_trade_nav_pct, s.limits.symbol_order_usd, s.limits.nav_fresh_s) == (
        0.2,
        90_000.0,
        90.0,
    )
    assert (s.limits.restricted, s.limits.correlation_groups, s.limits.max_concurrent) == (
        ("SOLUSDT",),
        {"L1": 0.5},
        3,
    )
    assert (s.drawdown.recovery_exit, s.drawdown.dd_flap_window_minutes) == (0.01, 60.0)
    assert (s.liveness.signals_s, s.liveness.exits_s) == (900.0, 0.0)
    assert (s.intel.rv_mode, s.intel.factors, s.intel.covariance_lookback_days) == (
        "rank",
        ("trend", "carry"),
        10.0,
    )
    assert (s.var.confidence, s.intel.weight_max, s.nav.max_nav_jump_pct) == (0.99, 0.45, 0.2)


# Executor --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["v7.6", "[v7.6]", "[D-11, v7.6]"])
def test_a_profile_is_all_the_defects_that_are_built(written: str) -> None:
    assert one(f"executor: {{legacy: {written}}}\n").settings.legacy == tuple(sorted(LEGACY))


def test_a_variant_names_its_defects_anew() -> None:
    (scenario,) = compiled(HEAD + "executor: {legacy: v7.6}\nvariants: {a: {executor: {legacy: [D-11]}}}\n")
    assert scenario.settings.legacy == ("D-11",)


def test_a_limit_may_be_lifted_where_the_contract_knows_none() -> None:
    lifted = one("executor: {drawdown: {max_portfolio_dd_nav_pct: none}}\n").settings.drawdown
    assert lifted.max_portfolio_dd_nav_pct is None
    text = HEAD + "executor: {drawdown: {max_portfolio_dd_nav_pct: none}}\n"
    (again,) = compiled(text + "variants: {a: {executor: {drawdown: {max_portfolio_dd_nav_pct: 5 %}}}}\n")
    assert again.settings.drawdown.max_portfolio_dd_nav_pct == 0.05


# Expectations ----------------------------------------------------------------------------------------------


def expected(text: str) -> list[tuple[str, tuple[int, int], object]]:
    """Last word of the field, loops and value of every expectation."""
    return [
        (e.field.rpartition(".")[2], (e.loops.first, e.loops.last), e.value)
        for e in one(f"expect: {text}\n").expect
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("tp_sl_coverage_pct: 33.3333333333 %", 0.333333333),
        ("tp_sl_coverage_pct: 100 %", 1.0),
        ("nav_state.drawdown: 11 %", 11.0),
        ("nav_state.drawdown: 150 bps", 1.5),
        ("nav_state.drawdown: null", None),
        ("circuit_breaker.max_portfolio_dd_nav_pct: 10 %", 0.1),
        ("nav.nav: 10000", 10000.0),
        ("nav.nav: 10000.5 USD", 10000.5),
        ("liveness.details.orders_idle_seconds: 30 min", 1800.0),
        ("liveness.details.orders_idle_seconds: 1801", 1801.0),
        ("global.avg_latency_ms: 0.25 s", 250.0),
        ("global.slippage_drift_bps: 5 bps", 5.0),
        ("global.slippage_drift_bps: 0.05 %", 5.0),
        ("risk_mode_score: 0.5", 0.5),
        ("total_orders: 7", 7),
        ("idle_exits: true", True),
        ("risk_mode_reason: all_systems_healthy", "all_systems_healthy"),
        ("engine_metadata.status: '7'", "7"),
        ("anomalies: {}", {}),
        ("anomalies: {nav_jump: {old: 1, new: 2 USD, pct: 100 %}}",
         {"nav_jump": {"old": 1.0, "new": 2.0, "pct": 1.0}}),
        ("anomalies: {var_limit_breach: {value: 13 %, limit: 12 %, symbols: [BTCUSDT]}}",
         {"var_limit_breach": {"value": 0.13, "limit": 0.12, "symbols": ["BTCUSDT"]}}),
        ("veto_counters.by_reason: {max_concurrent: 2}", {"max_concurrent": 2}),
        ("top_vetoes: [{count: 2, reason: x}]", [{"count": 2, "reason": "x"}]),
    ],
)  # fmt: skip
def test_a_value_is_compiled_into_the_published_unit(written: str, value: object) -> None:
    (found,) = one(f"expect:\n  L3:\n    {written}\n").expect
    assert found.value == value
    assert type(found.value) is type(value)
    assert (found.where.line, found.where.column) == (9, written.index(": ") + 7)


def test_a_time_is_a_loop() -> None:
    (found,) = one("expect: {L4..: {last_exit_trigger_ts: L3}}\n").expect
    assert (found.value, found.is_loop, found.loops) == (3, True, m.Loops(4, 10))
    start = parse_iso("2025-01-06T00:00:00Z")
    (inner,) = one("expect: {L4: {last_heartbeats: {executor_live: L3, sync_daemon: null}}}\n").expect
    assert inner.value == {"executor_live": iso(start + 120_000_000), "sync_daemon": None}
    assert not inner.is_loop
    (epoch,) = one('expect: {L4: {"positions_ledger.entries[BTCUSDT:LONG].created_ts": L2}}\n').expect
    assert (epoch.value, epoch.is_loop) == (start / 1e6 + 60.0, False)


def test_always_never_ranges_and_columns() -> None:
    assert expected("{always: {risk_mode: OK}}") == [("risk_mode", (1, 10), "OK")]
    assert expected("{L2..L3: {risk_mode: OK}, L5: {risk_mode: WARN}}") == [
        ("risk_mode", (2, 3), "OK"),
        ("risk_mode", (5, 5), "WARN"),
    ]
    assert expected("{columns: {risk_mode: [OK, WARN]}}") == [
        ("risk_mode", (1, 1), "OK"),
        ("risk_mode", (2, 2), "WARN"),
    ]
    assert expected("{columns: {risk_mode: {L3: OK, L5: WARN}}}") == [
        ("risk_mode", (3, 4), "OK"),
        ("risk_mode", (5, 10), "WARN"),
    ]
    (never,) = one("expect: {never: {risk_mode: HALTED}}\n").expect
    assert (never.never, never.loops, never.field) == (True, m.Loops(1, 10), "risk_snapshot.risk_mode")


def test_the_drawdown_example_compares_fractions_and_percents() -> None:
    (scenario,) = compiled(DRAWDOWN, stem="drawdown")
    by_field = {name: [e.value for e in scenario.expect if e.field == name] for name in
                ("risk_snapshot.drawdown.dd_pct", "nav_state.drawdown")}  # fmt: skip
    assert by_field["risk_snapshot.drawdown.dd_pct"] == [0.0, 0.05, 0.11, 0.07, 0.02, 0.0, 0.0]
    assert by_field["nav_state.drawdown"] == [0.0, 5.0, 11.0, 7.0, 2.0, 0.0, 0.0]


# Variants --------------------------------------------------------------------------------------------------


def test_variants_overlay_and_share_the_rest() -> None:
    bare, levels = compiled(GHOST, stem="ghost")
    assert (bare.name, levels.name) == ("family/ghost@bare", "family/ghost@with-levels")
    assert (bare.positions, bare.paths, bare.findings) == (levels.positions, levels.paths, levels.findings)
    (fault,) = levels.faults
    assert isinstance(fault, m.GhostLedgerEntry)
    assert (fault.tp, fault.sl, fault.in_ledger, fault.in_registry) == (60_000_000, 40_000_000, True, True)
    assert [e.text for e in bare.expect[:-1]] == [e.text for e in levels.expect[:-1]]
    assert (bare.expect[-1].value, levels.expect[-1].value) == (1, 0)


def test_a_variant_adds_findings_and_switches_settings() -> None:
    intended, legacy = compiled(NAKED, stem="naked")
    assert (intended.settings.legacy, legacy.settings.legacy) == ((), ("D-11",))
    assert intended.findings == ()
    assert legacy.findings == (m.ExpectedFinding("INV-L14", (m.Loops(4, 7),), m.Where(18, 16)),)
    assert (legacy.expect[0].loops, legacy.expect[1].is_loop) == (m.Loops(8, 10), True)


def test_events_and_faults_are_appended_executor_is_merged_findings_are_added() -> None:
    (scenario,) = compiled(
        HEAD
        + "executor: {limits: {kill_switch: true, max_concurrent: 2}}\n"
        + "events: [{at: L5, deposit: 1}, {at: L7, settings: {tp_sl: {seed: false}}}]\n"
        + "faults: [{at: L2, sync_down: true}]\n"
        + "findings: {INV-N07: L2}\n"
        + "variants:\n"
        + "  v:\n"
        + "    executor: {limits: {max_concurrent: 9}}\n"
        + "    events: [{at: L3, deposit: 2}]\n"
        + "    faults: [{at: L3, sync_down: true}]\n"
        + "    findings: {INV-N07: [L4, L5..L6], INV-L04: L9}\n"
    )
    assert (scenario.settings.limits.kill_switch, scenario.settings.limits.max_concurrent) == (True, 9)
    assert scenario.events[:2] == (m.Transfer(3, 2_000_000), m.Transfer(5, 1_000_000))
    changed = scenario.events[2]
    assert isinstance(changed, m.SetSetting)
    assert (changed.settings.limits.max_concurrent, changed.settings.tp_sl.seed) == (9, False)
    assert [fault.at.first for fault in scenario.faults] == [2, 3]
    assert [(f.rule, [(x.first, x.last) for x in f.loops]) for f in scenario.findings] == [
        ("INV-L04", [(9, 9)]),
        ("INV-N07", [(2, 2), (4, 4), (5, 6)]),
    ]


def test_a_variant_replaces_whole_blocks_and_adds_signals() -> None:
    plain, other = compiled(
        HEAD
        + "positions: {BTCUSDT:LONG: {qty: 1, entry: 100}}\n"
        + "signals: [{at: L9, open: BTCUSDT:LONG, qty: 1}]\n"
        + "expect: {L9..: {risk_mode: OK}}\n"
        + "variants:\n"
        + "  plain: {}\n"
        + "  other:\n"
        + "    clock: {start: 2025-01-07T00:00:00Z, loop: 30 s, loops: 20}\n"
        + "    prices: {BTCUSDT: 7, SOLUSDT: 9}\n"
        + "    history: {SOLUSDT: [8, 9]}\n"
        + "    venue: {spread: 2 bps}\n"
        + "    account: {cash: 5, mode: one_way}\n"
        + "    positions: {SOLUSDT:SHORT: {qty: 2, entry: 9}}\n"
        + "    signals: [{at: L9, open: SOLUSDT:LONG, qty: 1}]\n"
        + "    faults: [{at: L19, mark_missing: SOLUSDT}]\n"
        + "    expect: {L20: {risk_mode: OK}}\n"
    )
    assert (plain.clock.loops, other.clock.loops, other.clock.period_us) == (10, 20, 30_000_000)
    assert (plain.universe, other.universe) == (("BTCUSDT", "ETHUSDT"), ("BTCUSDT", "SOLUSDT"))
    assert (plain.past, [past.symbol for past in other.past]) == ((), ["SOLUSDT"])
    assert (plain.venue.spread_bps, other.venue.spread_bps) == (0.0, 2.0)
    assert (plain.account, other.account) == (m.Account(10_000_000_000), m.Account(5_000_000, mode="one_way"))
    assert [p.symbol for p in plain.positions + other.positions] == ["BTCUSDT", "SOLUSDT"]
    assert [signal.intent_id for signal in plain.signals] == ["i-9-1"]
    assert [(s.symbol, s.intent_id) for s in other.signals] == [("BTCUSDT", "i-9-1"), ("SOLUSDT", "i-9-2")]
    assert [[(e.loops.first, e.loops.last) for e in s.expect] for s in (plain, other)] == [
        [(9, 10)], [(9, 20), (20, 20)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("clock", "{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 10}"),
        ("prices", "{BTCUSDT: 100, ETHUSDT: 50}"),
        ("account", "{cash: 10000 USD}"),
        ("venue", "ideal"),
        ("history", "{}"),
        ("positions", "{}"),
        ("signals", "[]"),
    ],
)
def test_a_variant_that_repeats_a_block_changes_nothing(block: str, text: str) -> None:
    (scenario,) = compiled(f"{HEAD}variants: {{v: {{{block}: {text}}}}}\n")
    assert msgspec.structs.replace(scenario, variant="") == one("")


def test_the_clock_of_one_variant_is_not_that_of_the_next() -> None:
    short, long = compiled(
        HEAD
        + "variants:\n  short: {clock: {start: 2025-01-06, loop: 60 s, loops: 3}}\n"
        + "  long: {expect: {L9..: {risk_mode: OK}}}\n"
    )
    assert (short.clock.loops, long.clock.loops, long.expect[0].loops) == (3, 10, m.Loops(9, 10))


# Recorded files --------------------------------------------------------------------------------------------


def test_a_recorded_file_is_hashed_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_bytes(b"t,o,h,l,c\n")
    (scenario,) = compiled(
        HEAD + "replay: {file: bars.csv, symbols: SOLUSDT, columns: {time: 0, close: last}}\n",
        folder=tmp_path,
    )
    assert scenario.paths[-1] == m.Replay(
        "bars.csv",
        (("", "SOLUSDT"),),
        m.ColumnMap(time="0", close="last"),
        content=digest(b"t,o,h,l,c\n"),
    )
    assert scenario.universe == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert not scenario.needs_data


def test_an_outside_file_is_not_read(tmp_path: Path) -> None:
    (scenario,) = compiled(
        HEAD.replace("prices: {BTCUSDT: 100, ETHUSDT: 50}\n", "")
        + "replay:\n"
        + "  file: 2022/all.csv\n"
        + "  symbols: {XBTUSD: BTCUSDT, ETHUSD: ETHUSDT}\n"
        + "  columns: {symbol: instrument}\n"
        + "  outside: true\n",
        folder=tmp_path,
    )
    (path,) = scenario.paths
    assert isinstance(path, m.Replay)
    assert (path.symbols, path.content, path.columns.symbol) == (
        (("XBTUSD", "BTCUSDT"), ("ETHUSD", "ETHUSDT")),
        "",
        "instrument",
    )
    assert scenario.needs_data
