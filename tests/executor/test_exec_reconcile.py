"""The reconciliation against a recount with plain sets, and the underwater edge."""

from __future__ import annotations

import pytest
from exec_drive import START, price
from fake_venue import AnswersOnly
from hypothesis import given, settings as hypothesis_settings, strategies as st

from simkit.core.numeric import QTY
from simkit.executor.reconcile import reconcile
from simkit.executor.state import LedgerEntry, PositionRow, Reconciliation, RegistryEntry, Side

KEYS = [f"{symbol}:{side}" for symbol in ("AUSDT", "BUSDT", "CUSDT") for side in ("LONG", "SHORT")]
LEVELS = st.sampled_from([(None, None), (1, None), (None, 1), (2, 1)])
BOOKS = st.dictionaries(st.sampled_from(KEYS), LEVELS)
Levels = tuple[int | None, int | None]


def side_of(key: str) -> Side:
    return "LONG" if key.endswith("LONG") else "SHORT"


def count(
    positions: list[str], ledger: dict[str, Levels], registry: dict[str, Levels], *legacy: str,
    marks: dict[str, float | None] | None = None,
) -> Reconciliation:  # fmt: skip
    cost = price(100) or 0
    rows = [
        PositionRow(key, key.split(":")[0], side_of(key), QTY, cost, cost, 0, 0, 100_000_000)
        for key in positions
    ]
    entries = {
        key: LedgerEntry(key, key.split(":")[0], side_of(key), QTY, cost, *levels, START, START)
        for key, levels in ledger.items()
    }
    stored = {
        key: RegistryEntry(key.split(":")[0], side_of(key), *levels, cost, QTY, START)
        for key, levels in registry.items()
    }
    return reconcile(rows, entries, stored, AnswersOnly(marks or {}), frozenset(legacy))


@hypothesis_settings(deadline=None, derandomize=True, max_examples=300)
@given(positions=st.sets(st.sampled_from(KEYS)), ledger=BOOKS, registry=BOOKS)
def test_the_counts_are_those_of_the_sets(
    positions: set[str], ledger: dict[str, Levels], registry: dict[str, Levels]
) -> None:
    found = count(sorted(positions), ledger, registry)
    bare = {
        k for k, v in ledger.items() if v == (None, None) or registry.get(k, (None, None)) == (None, None)
    }
    registered = {k for k in positions & ledger.keys() if ledger[k] != (None, None)}
    lost, ghosts, stale = positions - ledger.keys(), ledger.keys() - positions, registry.keys() - positions
    assert (found.missing_ledger, found.ghost_ledger) == (len(lost), len(ghosts))
    assert (found.missing_tp_sl, found.stale_tp_sl) == (len(bare), len(stale))
    assert found.missing == len(bare) + len(lost) and found.open_positions == len(positions)
    assert found.mismatch is any([lost, ghosts, bare, stale])
    assert found.registered == len(registered) and 0.0 <= found.coverage <= 1.0
    assert found.coverage == (round(len(registered) / len(positions), 9) if positions else 0.0)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=100)
@given(positions=st.sets(st.sampled_from(KEYS)), ledger=BOOKS, registry=BOOKS)
def test_legacy_d14_never_sees_ledger_and_positions_differ(
    positions: set[str], ledger: dict[str, Levels], registry: dict[str, Levels]
) -> None:
    found = count(sorted(positions), ledger, registry, "D-14")
    assert (found.missing_ledger, found.ghost_ledger) == (0, 0)
    assert found.stale_tp_sl == len(registry.keys() - positions)


def test_legacy_d37_counts_ghosts() -> None:
    ghosts: dict[str, Levels] = {"AUSDT:LONG": (2, 1), "BUSDT:LONG": (2, 1)}
    assert count(["AUSDT:LONG"], ghosts, ghosts, "D-37").coverage == 2.0


@pytest.mark.parametrize(
    ("key", "mark", "counted"),
    [
        ("AUSDT:LONG", 98.0, 1), ("AUSDT:LONG", 98.00000011, 0), ("AUSDT:SHORT", 102.0, 1),
        ("AUSDT:SHORT", 101.9, 0),
        ("AUSDT:LONG", None, 0),
    ],
)  # fmt: skip
def test_underwater_is_inclusive_and_needs_a_price(key: str, mark: float | None, counted: int) -> None:
    assert count([key], {key: (None, None)}, {}, marks={"AUSDT": mark}).underwater == counted


def test_a_covered_loser_and_a_lost_one_are_not_underwater() -> None:
    covered: dict[str, Levels] = {"AUSDT:LONG": (2, 1)}
    assert (
        count(["AUSDT:LONG", "BUSDT:LONG"], covered, covered, marks={"AUSDT": 1, "BUSDT": 1}).underwater == 0
    )
