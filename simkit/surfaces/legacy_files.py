"""How the v7.6 system filled its files where it was defective: D-05, D-06, D-07, D-30.

Comes in: `ExecutorState`. Goes out: documents in place of those that the builders make. May import `core`,
`contract`, `executor.state` and the builders.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET

from simkit.contract.shapes import book
from simkit.contract.shapes.base import Shape
from simkit.contract.table import by_id
from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import USD, q7
from simkit.executor import state as st
from simkit.surfaces import build_book, build_risk, build_router
from simkit.surfaces.stamp import stamp

Document = Shape | dict[str, object]
#: Makes a document out of the state of a loop (and of its intel run).
Build = Callable[..., object]
#: Files and their builders, in the order of writing.
Table = tuple[tuple[str, Build], ...]

_NAV, _NAV_STATE = by_id["S1"].path, by_id["S2"].path
_RISK, _KPIS, _ROUTER = by_id["S7"].path, by_id["S5"].path, by_id["S8"].path

#: D-05: how long the content of S7 is kept, seconds.
_RISK_KEPT_S = 120


def with_defects(table: Table, legacy: frozenset[str]) -> Table:
    """The files of one process as the v7.6 system filled them, under these defects."""
    if "D-05" in legacy:
        table = _instead(table, _RISK, KeptRisk().build)
    if "D-06" in legacy:
        at = [path for path, _ in table].index(_NAV) + 1
        table = (*table[:at], (_NAV_STATE, nav_state), *table[at:])
    if "D-07" in legacy:
        table = _instead(table, _KPIS, bare_kpis)
    if "D-30" in legacy:
        table = _instead(table, _ROUTER, headless_router)
    return table


def _instead(table: Table, path: str, build: Build) -> Table:
    return tuple([(name, build if name == path else usual) for name, usual in table])


class KeptRisk:
    """D-05: S7 is rebuilt when its content is 120 s old and else written again as it is, its time too. Without a
    NAV in it VaR, CVaR and nav_jump are dead. A new process begins without content (B-RST-1)."""

    def __init__(self) -> None:
        self._content: dict[str, object] = {}
        self._ts = 0

    def build(self, state: st.ExecutorState) -> Document:
        """The content of this loop, or that of an earlier one."""
        if not self._content or state.ts - self._ts >= _RISK_KEPT_S * MICROSECONDS:
            snapshot = build_risk.risk_snapshot(state)
            snapshot.var = snapshot.cvar = UNSET
            flap = snapshot.anomalies.dd_flap
            snapshot.anomalies = type(snapshot.anomalies)(dd_flap=flap)
            document = msgspec.to_builtins(snapshot)
            self._content = {key: document[key] for key in document if key not in ("nav", "nav_total")}
            self._ts = state.ts
        return self._content


def bare_kpis(state: st.ExecutorState) -> Document:
    """D-07: neither `portfolio` nor `per_symbol`."""
    document = msgspec.to_builtins(build_risk.kpis(state))
    return {key: document[key] for key in document if key not in ("per_symbol", "portfolio")}


def headless_router(state: st.ExecutorState) -> Document:
    """D-30: no `router_health` while no fill lies in the window."""
    document = msgspec.to_builtins(build_router.router_health(state))
    kept = state.router.rows
    return {key: document[key] for key in document if kept or key != "router_health"}


def emptied_kpis(state: st.ExecutorState) -> Document:
    """D-07: what a failing builder leaves is written all the same: a time and nothing else."""
    now = stamp(state.ts)
    return {"updated_at": now, "updated_ts": now}


def nav_state(state: st.ExecutorState) -> Document:
    """D-06: the executor writes the mirror as well, out of what it knows itself."""
    equity, now, drop = state.nav.nav / USD, stamp(state.ts), state.drawdown
    percent, aum = q7(100.0 * drop.dd), build_book.nav(state).aum
    return book.NavState(
        aum=book.Aum(futures=equity, offexchange={}, total=equity) if aum is UNSET else aum,
        drawdown=percent,
        drawdown_abs=drop.dd_abs / USD,
        drawdown_pct=percent,
        nav=equity,
        nav_usd=equity,
        peak_equity=drop.peak / USD,
        total_equity=equity,
        updated_at=now,
        updated_ts=now,
    )
