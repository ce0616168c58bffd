"""The benchmark measures what it says: the same bytes, the same market. Nothing is timed here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import __main__ as table, processes
from bench.engine import run_alone
from bench.loop import HELD, Floor, Sums, Watch, measure
from bench.neighbours import MEASURES, NEIGHBOURS, SYMBOLS, Neighbour, measured
from bench.scenarios import bracketed, busy, market
from simkit.core.files import SurfaceWrite, read_tree
from simkit.run import simulate

LOOPS, WARM_UP = 60, 10
PER_LOOP = {
    "logs/state/nav.json", "logs/state/nav_state.json", "logs/state/positions_state.json",
    "logs/state/positions_ledger.json", "logs/state/kpis_v7.json", "logs/state/diagnostics.json",
    "logs/state/risk_snapshot.json", "logs/state/router_health.json",
}  # fmt: skip


def both_trees(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What the run's loops and the floor left behind; the manifest lies there before the first loop."""
    run = read_tree(folder / "run")
    del run["v7_manifest.json"]
    return run, read_tree(folder / "floor")


def test_the_floor_leaves_the_same_bytes_as_the_run(tmp_path: Path) -> None:
    sums = measure(tmp_path, LOOPS, warm_up=WARM_UP)
    run, floor = both_trees(tmp_path)
    assert floor == run
    assert run.keys() >= PER_LOOP
    assert sums.loops == LOOPS
    # Beside the eight surfaces a loop writes the registry and the engine's metadata, and the peak when it moved.
    peaks = sums.files - (len(PER_LOOP) + 2) * LOOPS
    assert 0 < peaks < LOOPS
    logs = [Path(path).name for path in sorted(run) if path.endswith(".jsonl")]
    assert logs == ["orders_executed.jsonl", "risk_vetoes.jsonl"]
    # Six signals after the warm-up: vetoed, reduced, added, and again.
    assert sums.log_lines == 2 * (1 + 3 + 2)


def test_with_intel_in_every_loop_the_floor_writes_eleven_surfaces(tmp_path: Path) -> None:
    sums = measure(tmp_path, 20, warm_up=WARM_UP, intel_every=1)
    run, floor = both_trees(tmp_path)
    assert floor == run
    assert run.keys() >= PER_LOOP | {
        "logs/state/symbol_scores_v6.json",
        "logs/state/rv_momentum.json",
        "logs/state/factor_diagnostics.json",
    }
    peaks = sums.files - 20 * (len(PER_LOOP) + 2 + 3)
    assert 0 <= peaks < 20


def test_the_floor_refuses_a_write_that_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not know"):
        Floor(tmp_path).repeat([SurfaceWrite(1, 1, "logs/state/nav.json", "x", b"{}", "direct")], Sums())


def test_the_floor_counts_the_encoder_that_was_faster_over_the_run() -> None:
    sums = Sums(loops=2, loop_ns=9000, judge_ns=3000, write_ns=1000, encode_ns={"one": 900, "other": 500})
    assert (sums.floor_ns, sums.judged, sums.unjudged, sums.floor_us) == (1500, 6.0, 4.0, 0.75)


def test_a_run_with_another_number_of_open_symbols_is_refused(tmp_path: Path) -> None:
    watch = Watch(Floor(tmp_path / "floor"), 0, HELD)
    with pytest.raises(AssertionError, match="exactly 4 symbols"):
        simulate(busy(1, held=HELD - 1), tmp_path / "run", base=tmp_path, on_loop=watch.on_loop)
    simulate(busy(1), tmp_path / "run4", base=tmp_path, on_loop=watch.on_loop)


def test_the_bracketed_market_opens_the_next_position_when_a_level_is_met() -> None:
    scenario = bracketed(400, 3, bracket_pct=1)
    opened = run_alone(scenario).entries
    assert opened == len(scenario.signals) > 3
    assert run_alone(bracketed(400, 3, bracket_pct=90)).entries == 3


def test_a_neighbour_that_is_not_installed_is_a_row_that_says_so() -> None:
    assert measured(Neighbour("nobody", "no_such_module", ""), 10, 5) == ((), "not installed")


def test_a_neighbour_that_fails_is_a_row_that_says_why() -> None:
    outcome = measured(Neighbour("nobody", "json", ""), 10, 5)
    assert outcome == ((), "failed with 1: KeyError: 'nobody'")


@pytest.mark.slow
@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=lambda neighbour: neighbour.name)
def test_a_neighbour_plays_the_same_market(neighbour: Neighbour) -> None:
    if find_spec(neighbour.module) is None:
        pytest.skip(f"{neighbour.name} is not installed")
    bars = 300
    opened = measured(neighbour, bars, 1).rates[0].entries
    ours = run_alone(bracketed(bars, SYMBOLS)).entries
    # backtesting.py never trades on the first bar, so its chain of brackets is another one.
    assert opened == ours if neighbour.name == "nautilus_trader" else opened >= SYMBOLS


def test_every_neighbour_has_its_measure_and_says_what_differs() -> None:
    assert {neighbour.name for neighbour in NEIGHBOURS} == set(MEASURES)
    assert all("more: " in neighbour.differs and "less: " in neighbour.differs for neighbour in NEIGHBOURS)


def test_the_market_of_the_neighbours_is_that_of_the_run() -> None:
    bars = market(bracketed(20, 3))
    assert [step.loop for step in bars] == list(range(1, 21))
    assert [tick.symbol for tick in bars[0].ticks] == ["BTCUSDT", "DOGEUSDT", "ETHUSDT"]


def test_processes_are_measured_in_turn_after_one_run_of_each() -> None:
    order: list[str] = []
    found = processes.ratios(lambda: order.append("work"), lambda: order.append("unit"), 2)
    assert order == ["work", "unit"] * 3
    assert len(found) == 2


def test_a_process_that_fails_says_what_it_said() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        processes.run(["-c", "raise SystemExit('no such thing')"])


@pytest.mark.parametrize(
    ("comparison", "values", "held"),
    [
        ("<=", [9.0, 10.0, 99.0], True),
        ("<=", [9.0, 10.01, 10.02], False),
        (">=", [1.0, 10.0, 11.0], True),
        (">=", [1.0, 9.99, 11.0], False),
        ("", [1e9], True),
        ("", [], True),
    ],
)
def test_a_budget_binds_the_median(comparison: str, values: list[float], held: bool) -> None:
    row = table.Row("what", values, comparison, 10)  # type: ignore[arg-type]
    assert row.held is held
    assert ("MISSED" in row.text()) is not held


def test_a_row_shows_median_least_and_most() -> None:
    text = table.Row("what", [3.0, 1.0, 2.0], "<=", 8, "a remark").text()
    assert [cell.strip() for cell in text.split("|")[1:-1]] == [
        "what",
        "2.00",
        "1.00 .. 3.00",
        "<= 8",
        "a remark",
    ]


@pytest.mark.slow
def test_the_whole_table_with_tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = list(table.rows(table.Size(runs=1, loops=40, bars=60, memory_loops=60)))
    assert all(row.values or "not" in row.remark or "none" in row.remark for row in found)
    assert {row.budget for row in found if row.comparison} >= {2, 4, 8, 50_000}
    assert list((tmp_path / ".simkit").iterdir()) == []
