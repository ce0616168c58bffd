"""For each rule on how the intel files are reckoned: a tree that just passes and one that just fails."""

from __future__ import annotations

from good_tree import Edit, also, at, drop, fill, put, settings, stamp, truth

S8, S9, S10, S11 = "router_health", "symbol_scores_v6", "rv_momentum", "factor_diagnostics"
BTC, ETH = "BTCUSDT:LONG", "ETHUSDT:LONG"
#: Intel ran in L2: BTC fell by 0.5 %, ETH rose by 1 %.
RAN = also(stamp(S9, at(2)), stamp(S10, at(2)), stamp(S11, at(2)))
CLOSED = truth(fills=(fill("x", change=-0.5, realized=5.0, reduce_only=True, reason="close"),))


def spread(value: float) -> Edit:
    began = truth(1, closes={"BTCUSDT": (101.0,), "ETHUSDT": (50.0,)})
    return also(began, stamp(S10, at(2)), put(f"{S10}.spreads.btc_vs_eth", value))


def raw(key: str, name: str, value: float) -> Edit:
    return put(f"{S11}.raw_factors[{key}].factors.{name}", value)


def normal(value: float) -> Edit:
    return put(f"{S11}.per_symbol[{BTC}].factors.trend", value)


def weights(trend: float) -> Edit:
    return put(f"{S11}.weights", {"carry": 0.7 - trend, "rv_momentum": 0.3, "trend": trend})


def twice(name: str, one: float, two: float) -> Edit:
    """A raw input of both vectors."""
    return also(raw(BTC, name, one), raw(ETH, name, two))


def expectancies(one: float, two: float) -> Edit:
    """The inputs of S9, BTCUSDT first."""
    return also(
        put(f"{S9}.symbols[0].inputs", {"expectancy": one}),
        put(f"{S9}.symbols[1].inputs", {"expectancy": two}),
    )


def each_row(name: str, value: float) -> Edit:
    return also(*(put(f"{S10}.per_symbol[{s}].{name}", value) for s in ("BTCUSDT", "ETHUSDT")))


def short(norm: float) -> Edit:
    """A carry column this short, not degenerate, that trend was not made orthogonal to (norm 1.414)."""
    stem = f"{S11}.orthogonalized"
    return also(
        put(f"{stem}.norms[carry]", norm), put(f"{stem}.degenerate", ["rv_momentum"]),
        put(f"{stem}.dot_products[carry][carry]", norm * norm),
        put(f"{stem}.dot_products[trend][carry]", norm), put(f"{stem}.dot_products[carry][trend]", norm),
        *(put(f"{stem}.per_symbol[{key}].carry", norm) for key in (BTC, ETH)),
    )  # fmt: skip


CASES: dict[str, tuple[Edit, Edit]] = {
    # log returns -0.0049628 and 0.0099503: their difference is -0.0149131
    "INV-M02": (spread(-0.01496), spread(-0.01486)),
    "INV-M03": (
        put(f"{S10}.per_symbol[BTCUSDT].baskets", ["l1"]),
        put(f"{S10}.per_symbol[BTCUSDT].baskets", ["alts"]),
    ),
    "INV-F04": (normal(1.0 + 0.9e-6), normal(1.0 + 1.2e-6)),
    "INV-F06": (
        put(f"{S11}.orthogonalized.dot_products[trend][carry]", 1e-9),
        put(f"{S11}.orthogonalized.dot_products[trend][carry]", 2e-9),
    ),
    "INV-F07": (put(f"{S11}.factor_ir[carry]", 0.999999998 + 0.9e-6), put(f"{S11}.factor_ir[carry]", 0.0)),
    "INV-F10": (weights(0.33), weights(0.3299)),
    "INV-F11": (
        also(RAN, CLOSED, put(f"{S11}.pnl_attribution.by_factor", {"carry": 2.0, "trend": 3.0})),
        also(RAN, CLOSED),
    ),
    "INV-F13": (
        also(RAN, twice("router_quality", 0.7, 0.5)),
        also(RAN, twice("router_quality", 0.7, 0.0)),
    ),
}

#: Further edges of some rules: rule, whether it passes, the edit.
MORE: list[tuple[str, bool, Edit]] = [
    ("INV-M02", False, drop(f"{S10}.spreads.l1_vs_alt")),
    ("INV-M02", False, also(spread(-0.0149), put(f"{S10}.spreads.meme_vs_rest", 0.0002))),
    ("INV-M03", False, each_row("raw_score", 0.1)),
    ("INV-M03", True, also(each_row("raw_score", 0.1), each_row("score", 0.0))),
    ("INV-M03", True, also(each_row("raw_score", 0.1), put(f"{S10}.per_symbol[BTCUSDT].raw_score", 0.2))),
    ("INV-F04", True, also(raw(BTC, "trend", 10.0), normal(3.0))),
    ("INV-F04", False, also(raw(BTC, "trend", 3.0), normal(5.0))),
    (
        "INV-F04",
        True,
        also(put(f"{S11}.config.normalization_mode", "minmax"), *(
            put(f"{S11}.per_symbol[{key}].factors.{name}", value)
            for key, name, value in ((BTC, "carry", 0.0), (ETH, "trend", 0.0))
        )),
    ),
    ("INV-F04", False, put(f"{S11}.config.normalization_mode", "minmax")),
    ("INV-F06", False, put(f"{S11}.orthogonalized.degenerate", ["carry"])),
    ("INV-F06", False, put(f"{S11}.orthogonalized.norms[trend]", 1.41421)),
    ("INV-F06", False, put(f"{S11}.orthogonalized.per_symbol[{BTC}].carry", 0.001)),
    ("INV-F06", True, put(f"{S11}.orthogonalized", None)),
    ("INV-F06", True, short(9.9e-7)),
    ("INV-F06", False, short(1.01e-6)),
    ("INV-F06", False, also(short(9e-7), put(f"{S11}.orthogonalized.dot_products[trend][carry]", 2e-6))),
    ("INV-F07", False, drop(f"{S11}.factor_ir[carry]")),
    ("INV-F07", False, put(f"{S11}.factor_ir_source", "pnl")),
    ("INV-F07", False, put(f"{S11}.pnl_attribution.by_factor", {"carry": 2.0, "rv_momentum": 0.0, "trend": 3.0})),
    (
        "INV-F07",
        True,
        also(
            put(f"{S11}.pnl_attribution.by_factor", {"carry": 2.0, "rv_momentum": 0.0, "trend": 3.0}),
            put(f"{S11}.factor_ir[carry]", 1.414213561), put(f"{S11}.factor_ir[trend]", 2.121320342),
        ),
    ),
    ("INV-F10", True, also(weights(0.2), settings(intel={"weight_smoothing": 0.6}))),
    ("INV-F10", True, also(put(f"{S11}.weights", {"carry": 0.9, "trend": 0.1}))),
    ("INV-F11", False, put(f"{S11}.pnl_attribution.window_days", 13.0)),
    ("INV-F11", False, also(RAN, CLOSED, put(f"{S11}.pnl_attribution.by_factor", {"carry": 4.9}))),
    ("INV-F13", True, also(RAN, put(f"{S8}.router_health.per_symbol", {}), raw(BTC, "router_quality", 0.5))),
    ("INV-F13", False, also(RAN, raw(BTC, "rv_momentum", 0.4))),
    ("INV-F13", True, also(RAN, put(f"{S11}.raw_factors", {
        "BTCUSDT:SHORT": {"direction": "SHORT", "factors": {"rv_momentum": -0.5}, "regime": "normal"},
    }))),
    ("INV-F13", False, also(RAN, twice("expectancy", 1.0, 1.0), expectancies(1.0, 2.0))),
    ("INV-F13", True, also(RAN, twice("expectancy", 1.0, 1.0), expectancies(1.0, 1.0))),
    ("INV-F13", True, also(RAN, twice("expectancy", 1.0, 2.0), expectancies(1.0, 2.0))),
    ("INV-F13", False, also(RAN, twice("vol_regime", 1.0, 1.0), put(f"{S11}.raw_factors[{BTC}].regime", "high"))),
]  # fmt: skip
