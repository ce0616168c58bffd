"""For each rule on files, nav, positions and ledger: a tree that just passes and one that just fails."""

from __future__ import annotations

import msgspec
from good_tree import (
    BTC,
    ETH,
    Edit,
    also,
    at,
    both,
    drop,
    fill,
    gone,
    nav_of,
    nothing,
    on,
    order,
    put,
    raw,
    settings,
    stamp,
    truth,
    unwritten,
)

from simkit.contract.table import manifest

NAV2 = nav_of(2)
S3, S4, S6 = "positions_state", "positions_ledger", "diagnostics"
PIPE = "diagnostics.runtime_diagnostics.exit_pipeline"
#: ETHUSDT closed in L2, everywhere.
CLOSED = also(
    drop(f"{S3}.positions[1]"),
    drop(f"{S4}.entries[1]"),
    drop(f"{S4}.tp_sl_levels[{ETH}]"),
    drop(f"position_tp_sl.entries[{ETH}]"),
)
LEVELS = {"sl": 90.0, "tp": 110.0}
#: nav.json of L2 lacks its aum, and the mirror shows that of L1.
KEPT_AUM = also(
    drop("nav.aum"), put("nav_state.aum", {"futures": nav_of(1), "offexchange": {}, "total": nav_of(1)})
)
#: The mirror of L2 shows the drawdown of L1, none.
KEPT_DEPTH = also(put("nav_state.drawdown", 0.0), put("nav_state.drawdown_pct", 0.0))
LKG = put("nav_state.lkg", True)


def _own_surface(path: str, owner: str = "executor") -> Edit:
    entry = {"description": "mine", "owner": owner, "path": path, "update_frequency": "per_loop"}
    files = {**manifest()["state_files"], "mine": entry}
    return both("v7_manifest.state_files", files)


def _late(stem: str) -> Edit:
    """The file of L2 carries the time of L1."""
    return stamp(stem, at(1))


def _bare_twice(world: object) -> None:
    """ETHUSDT without levels in both loops."""
    for loop in (1, 2):
        for name in ("tp", "sl"):
            put(f"{S4}.entries[1].{name}", None, loop)(world)  # type: ignore[arg-type]
            put(f"{S4}.tp_sl_levels[{ETH}].{name}", None, loop)(world)  # type: ignore[arg-type]


def _rewritten(stem: str) -> Edit:
    return on(2, lambda it: it.extra_writes.append((stem, "executor", msgspec.json.encode(it.docs[stem]))))


def _no_drawdown(equity: float) -> Edit:
    """A mirror of that equity with no drawdown from its peak."""
    figures = ("drawdown", "drawdown_pct", "drawdown_abs")
    return also(put("nav_state.total_equity", equity), *(put(f"nav_state.{name}", 0.0) for name in figures))


def _seed(entry: float, sl: float, tp: float) -> Edit:
    """ETHUSDT seeded anew."""
    place = f"position_tp_sl.entries[{ETH}]"
    return also(
        put(f"{place}.entry_price", entry),
        put(f"{place}.stop_loss_price", sl),
        put(f"{place}.take_profit_price", tp),
    )


CASES: dict[str, tuple[Edit, Edit]] = {
    "INV-G01": (raw("nav", b'{"nav":1}'), raw("nav", b'{"nav":1')),
    "INV-G02": (put("nav.nav", 1e300), raw("nav", b'{"nav":NaN,"updated_ts":"x"}')),
    "INV-G03": (drop("nav.updated_ts"), also(drop("nav.updated_ts"), put("nav.updated_at", "noon"))),
    "INV-G04": (
        put("nav.updated_at", at(2).replace("Z", "+00:00")),
        put("nav.updated_at", at(2).replace("0.000000Z", "0.000001Z")),
    ),
    "INV-G05": (nothing, stamp("nav", at(2).replace("0.000000Z", "0.000001Z"))),
    "INV-G06": (stamp("nav", at(1).replace("0.000000Z", "0.000001Z")), _late("nav")),
    "INV-G07": (_late("nav_state"), _late(S3)),
    "INV-G08": (
        on(2, lambda it: it.more.__setitem__("logs/state/sub/tmp_nav.json", b"{}")),
        on(2, lambda it: it.mode.__setitem__("kpis_v7", "direct")),
    ),
    "INV-G09": (unwritten("nav"), on(2, lambda it: it.writer.__setitem__(S3, "sync_state"))),
    "INV-G10": (
        also(
            _own_surface("logs/state/mine.json", "me"),
            on(2, lambda it: it.extra_writes.append(("mine", "me", b"{}"))),
        ),
        on(2, lambda it: it.writer.__setitem__("nav_state", "executor")),
    ),
    "INV-G11": (
        also(
            _own_surface("logs/state/mine.json"),
            on(2, lambda it: it.more.__setitem__("logs/state/mine.json", b"{}")),
        ),
        on(2, lambda it: it.more.__setitem__("logs/state/signals.json", b"{}")),
    ),
    "INV-G12": (_own_surface("logs/state/mine.json"), both("v7_manifest.state_files.nav.description", "")),
    "INV-G13": (gone("symbol_scores_v6"), gone(S4)),
    "INV-G16": (gone("factor_diagnostics"), put("factor_diagnostics.weights[trend]", "much")),
    "INV-G18": (put("nav.nav", 10000), drop(f"{S3}.positions[0].realized_pnl")),
    "INV-G19": (put("nav_state.drawdown", 100.0), put("kpis_v7.portfolio.dd_pct", 3.26)),
    "INV-X01": (_late("nav_state"), _late(S4)),
    "INV-X06": (gone("kpis_v7"), also(truth(new_run=True), unwritten("kpis_v7"))),
    # nav
    "INV-N01": (put("nav.nav", -5), put("nav.nav", "10000")),
    "INV-N02": (put("nav.nav_usd", NAV2 + 1.0e-5), put("nav.nav_usd", NAV2 + 1.2e-5)),
    "INV-N03": (put("nav.nav", 0.000001), put("nav.nav", 0.0)),
    "INV-N04": (put("nav.exec_stats.vetoes_24h", 1), put("nav.exec_stats.vetoes_24h", 0)),
    "INV-N06": (put("nav.nav", NAV2 + 1.1e-5), put("nav.nav", NAV2 + 1.3e-5)),
    "INV-N07": (
        also(put("nav.nav", NAV2 + 7.5), truth(flows=5.0, fills=(fill(realized=4.0, fee=1.5),))),
        also(put("nav.nav", NAV2 + 7.5), truth(flows=5.0, fills=(fill(realized=4.0, fee=1.49),))),
    ),
    "INV-N08": (
        also(put("nav.aum.offexchange", {"X": {"usd_value": 5.0}}), put("nav.aum.total", NAV2 + 5)),
        also(put("nav.aum.offexchange", {"X": {"usd_value": 5.0}}), put("nav.aum.total", NAV2)),
    ),
    "INV-N09": (drop("nav.updated_at"), _late("nav")),
    # nav_state
    "INV-NS01": (put("nav_state.drawdown", None), drop("nav_state.drawdown")),
    "INV-NS02": (_late("nav_state"), stamp("nav_state", at(2).replace("0.000000Z", "0.000001Z"))),
    "INV-NS03": (
        also(_late("nav_state"), put("nav_state.total_equity", nav_of(1))),
        put("nav_state.total_equity", nav_of(1)),
    ),
    "INV-NS04": (drop("nav_state.nav"), put("nav_state.nav_usd", NAV2 + 1)),
    "INV-NS05": (_no_drawdown(40000.0), _no_drawdown(10002.0)),
    "INV-NS06": (
        also(raw("nav", b"{}"), unwritten("nav_state")),
        raw("nav", b"{}"),
    ),
    "INV-NS07": (also(_late("nav_state"), truth(synced=False)), _late("nav_state")),
    "INV-NS08": (
        also(_late("nav_state"), put("nav_state.drawdown", 0.0)),
        put("nav_state.drawdown", 0.000149985),
    ),
    "INV-NS09": (put("nav_state.net_exposure", -201.5), put("nav_state.gross_exposure", 100.0)),
    "INV-NS11": (
        also(put("nav_state.peak_equity", 9999.5), truth(reset_peak=True)),
        put("nav_state.peak_equity", 9999.5),
    ),
    "INV-NS12": (
        also(put("nav_state.synced_ts", at(2).replace("00.0", "20.0")), put("nav_state.age_s", 20.0)),
        put("nav_state.synced_ts", at(2).replace("00.0", "20.0")),
    ),
    "INV-NS13": (also(KEPT_AUM, LKG), LKG),
    # positions
    "INV-P01": (
        also(put(f"{S3}.positions[0].mark_price", 0.0), put(f"{S3}.positions[0].qty", 0.0)),
        put(f"{S3}.positions[0].mark_price", 0.0),
    ),
    "INV-P02": (put(f"{S3}.positions[1].qty", -0.00000001), put(f"{S3}.positions[1].qty", 2.0)),
    "INV-P03": (
        put(f"{S3}.positions[0].notional", 100.5 + 1.9e-6),
        put(f"{S3}.positions[0].notional", 100.5 + 2.1e-6),
    ),
    "INV-P04": (
        put(f"{S3}.positions[1].unrealized_pnl", -1.0 - 1.4e-6),
        put(f"{S3}.positions[1].unrealized_pnl", 1.0),
    ),
    "INV-P05": (
        put(f"{S3}.positions[1].symbol", "BTCUSDT"),
        also(put(f"{S3}.positions[1].symbol", "BTCUSDT"), put(f"{S3}.positions[1].side", "LONG")),
    ),
    "INV-P06": (truth(positions={BTC: 7.0, ETH: -2.0}), truth(positions={BTC: 1.0})),
    "INV-P07": (
        also(put(f"{S3}.positions[0].qty", 0.6), truth(fills=(fill(change=-0.4),))),
        also(put(f"{S3}.positions[0].qty", 0.6), truth(fills=(fill(change=-0.39),))),
    ),
    "INV-P08": (drop(f"{S3}.updated_ts"), _late(S3)),
    # ledger
    "INV-L01": (put(f"{S4}.entries", []), put(f"{S4}.entries", {})),
    "INV-L02": (drop(f"{S4}.metadata.entry_count"), put(f"{S4}.metadata.entry_count", 3)),
    "INV-L03": (drop(f"{S4}.entries[0].position_key"), put(f"{S4}.entries[0].position_key", ETH)),
    "INV-L04": (
        also(put(f"{S3}.positions[1].entry_price", 0.0), drop(f"{S4}.entries[1]")),
        put(f"{S3}.positions[1].entry_price", 0.0),
    ),
    "INV-L05": (put(f"{S4}.entries[1].qty", 2.0 + 0.9e-6), put(f"{S4}.entries[1].qty", -2.0)),
    "INV-L06": (
        also(put(f"{S4}.entries[0].tp", None), put(f"{S4}.tp_sl_levels[{BTC}].tp", None)),
        put(f"{S4}.entries[0].tp", None),
    ),
    "INV-L07": (
        put("position_tp_sl.updated_at", 0.0),
        put(f"position_tp_sl.entries[{BTC}].stop_loss_price", 71.0),
    ),
    "INV-L08": (
        also(put(f"{S4}.entries[0].sl", 129.9)),
        put(f"{S4}.entries[0].sl", 130.0),
    ),
    "INV-L09": (
        put(f"{S4}.entries[0].updated_ts", 1_736_121_660.0),
        put(f"{S4}.entries[0].updated_ts", 1_736_121_660.000001),
    ),
    "INV-L10": (CLOSED, also(drop(f"{S3}.positions[1]"), drop(f"{S4}.entries[1]"))),
    "INV-L11": (_seed(100.0, 101.4, 97.9), _seed(100.0, 101.4, 98.0)),
    "INV-L12": (
        also(put(f"position_tp_sl.entries[{BTC}].stop_loss_price", 71.0), truth(fills=(fill(),))),
        put(f"position_tp_sl.entries[{BTC}].stop_loss_price", 71.0),
    ),
    "INV-L13": (drop(f"{S4}.updated_ts"), _late(S4)),
    "INV-L14": (also(_bare_twice, truth(seeding_off=frozenset({ETH}))), _bare_twice),
    "INV-L15": (
        also(CLOSED, truth(orders=(order(key=ETH, qty=2.0, reduce_only=True, reason="sl"),))),
        also(CLOSED, truth(orders=(order(key=ETH, qty=1.9, reduce_only=True, reason="sl"),))),
    ),
}

#: Further edges of some rules: rule, whether it passes, the edit.
MORE: list[tuple[str, bool, Edit]] = [
    ("INV-NS13", False, KEPT_AUM),
    ("INV-NS13", True, drop("nav.aum")),
    ("INV-NS13", False, also(drop("nav.aum"), LKG)),
    ("INV-NS13", True, also(KEPT_DEPTH, LKG)),
    ("INV-NS13", False, KEPT_DEPTH),
    ("INV-NS13", False, also(put("nav_state.drawdown", 0.01), LKG)),
    ("INV-G06", False, _rewritten("nav")),
    ("INV-G08", False, on(2, lambda it: it.more.__setitem__("logs/state/.tmp_nav.json.7", b"{}"))),
    ("INV-G08", True, on(2, lambda it: it.more.__setitem__("logs/cache/.tmp_peak_state.json.7", b"{}"))),
    ("INV-G12", False, both("v7_manifest.docs_version", "v7.5")),
    ("INV-G12", False, both("v7_manifest.state_files.nav.path", "logs/state/nav_state.json")),
    ("INV-G18", True, put(f"{S3}.positions[0].side", "BOTH")),
    ("INV-G18", False, put(f"{S4}.entries", {})),
    ("INV-X06", True, gone("nav_state")),
    ("INV-NS05", False, put("nav_state.drawdown", 0.0150)),
    ("INV-NS11", False, also(put("nav_state.peak_equity", 40000.0), put("nav_state.total_equity", 40000.0))),
    ("INV-NS11", True, also(put("nav_state.peak_equity", 20000.0), put("nav_state.total_equity", 20000.0))),
    ("INV-P02", False, put(f"{S3}.positions[0].side", "BOTH")),
    ("INV-P07", False, drop(f"{S3}.positions[1]")),
    ("INV-P07", False, truth(fills=(fill(key="SOLUSDT:LONG"),))),
    ("INV-L08", True, also(*(put(f"{S4}.entries[0].{n}", None, 1) for n in ("tp", "sl")))),
    (
        "INV-L08",
        False,
        also(
            *(put(f"{S4}.entries[0].{n}", None, 1) for n in ("tp", "sl")), put(f"{S4}.entries[0].sl", 100.0)
        ),
    ),
    ("INV-L08", True, put(f"{S4}.entries[0].sl", 105.0)),
    ("INV-L09", False, put(f"{S4}.entries[0].created_ts", 1_736_121_500.0)),
    ("INV-L09", True, also(put(f"{S4}.entries[0].created_ts", 1_736_121_500.0), truth(new_run=True))),
    ("INV-L10", False, drop(f"position_tp_sl.entries[{ETH}]")),
    ("INV-L10", False, drop(f"{S4}.entries[1]")),
    ("INV-L11", False, also(drop(f"{S3}.positions[1]"), drop(f"position_tp_sl.entries[{ETH}]", 1))),
    ("INV-L14", True, also(_bare_twice, settings(tp_sl={"seed": False}))),
    ("INV-L14", True, drop(f"{S4}.entries[1]")),
    ("INV-L14", False, also(drop(f"{S4}.entries[1]"), drop(f"{S4}.tp_sl_levels[{ETH}]"))),
    (
        "INV-L15",
        False,
        also(
            truth(orders=(order(key=ETH, qty=2.0, reduce_only=True, reason="sl"),)),
            put(f"position_tp_sl.entries[{ETH}].stop_loss_price", None),
        ),
    ),
]
