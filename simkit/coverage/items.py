"""All that a run can touch: fields, words, transitions, mismatch kinds, anomalies, veto reasons, quality counts,
rules; and what none is asked for.

Comes in: nothing. Goes out: `Item`s, `UNREACHABLE`. May import `contract`.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

from msgspec import Struct

from simkit.contract.catalogue import in_order
from simkit.contract.fields import Field, is_identity, table
from simkit.contract.shapes.health import Anomalies, MismatchBreakdown, QualityCounts

Area = Literal["field", "word", "transition", "mismatch", "anomaly", "veto", "quality", "rule"]

#: The moves that INV-R06 allows (B-DD-2, B-DD-3).
TRANSITIONS: Final = (
    ("NORMAL", "DRAWDOWN"),
    ("DRAWDOWN", "RECOVERY"),
    ("DRAWDOWN", "NORMAL"),
    ("RECOVERY", "DRAWDOWN"),
    ("RECOVERY", "NORMAL"),
)
#: The names under which vetoes are counted, in the order of the gates (B-VETO-2, B-VETO-3, B-VETO-5).
VETO_REASONS: Final = (
    "restricted_symbol", "non_prod_env_guard", "symbol_not_in_universe", "nav_stale", "portfolio_dd_circuit",
    "correlation_cap", "portfolio_var_limit", "position_cvar_limit", "already_in_trade", "whitelist",
    "nav_drawdown_limit", "daily_loss", "min_notional", "symbol_cap", "side_blocked", "leverage_cap", "cooldown",
    "circuit_breaker", "burst_limit", "max_trade_nav", "portfolio_cap", "max_concurrent", "tier_cap",
    "risk_engine_error", "unknown_early_veto", "kill_switch_on",
)  # fmt: skip
MISMATCHES: Final = MismatchBreakdown.__struct_fields__
ANOMALIES: Final = Anomalies.__struct_fields__
QUALITIES: Final = QualityCounts.__struct_fields__

_LEAVES = ("float", "int", "bool", "text")


class Item(Struct, frozen=True, order=True):
    """One thing to touch: its area and its name there."""

    area: Area
    id: str


class Unreachable(Struct, frozen=True):
    """A thing that no healthy run touches, so that no report asks for it. `where` names its home and source."""

    area: Area
    id: str
    where: str
    reason: str


def is_leaf(field: Field) -> bool:
    """True for a field that holds a value of its own."""
    return field.kind in _LEAVES


def word_of(pattern: str, word: str) -> str:
    """The id of one word of a field."""
    return f"{pattern} = {word}"


def arrow(was: str, now: str) -> str:
    """The id of a transition."""
    return f"{was} -> {now}"


@cache
def items() -> tuple[Item, ...]:
    """Every item, in the order in which they are shown."""
    leaves = [field for field in table().values() if is_leaf(field)]
    return (
        *(Item("field", field.pattern) for field in leaves),
        *(Item("word", word_of(field.pattern, word)) for field in leaves for word in field.choices),
        *(Item("transition", arrow(was, now)) for was, now in TRANSITIONS),
        *(Item("mismatch", name) for name in MISMATCHES),
        *(Item("anomaly", name) for name in ANOMALIES),
        *(Item("veto", reason) for reason in VETO_REASONS),
        *(Item("quality", name) for name in QUALITIES),
        *(Item("rule", rule.id) for rule in in_order()),
    )


_COUNTS = "router_health.summary.quality_counts"
_GOOD = "needs a score of 0.9; the formula starts at 0.80 and only deductions follow"
_BROKEN = "needs a score below 0.2; all deductions together leave 0.35, and the clamp stops at 0.2"
_SCORE = "router_health.router_health.global.quality_score"
_STATE = "risk_snapshot.dd_state.state"

#: invariants.md 10 and the table below B-RTR-11; an entry that is no `Item` is only told.
UNREACHABLE: Final[tuple[Unreachable, ...]] = (
    Unreachable("quality", "good", "S8 summary, B-RTR-8", _GOOD),
    Unreachable("quality", "broken", "S8 summary, B-RTR-8; so maker orders always pass its test", _BROKEN),
    Unreachable("field", f"{_COUNTS}.good", "S8 summary, B-RTR-8", _GOOD),
    Unreachable("field", f"{_COUNTS}.broken", "S8 summary, B-RTR-8", _BROKEN),
    Unreachable("word", word_of(_SCORE, "1.0"), "clamp of B-RTR-6", _GOOD),
    Unreachable("word", word_of(_SCORE, "0.2"), "clamp of B-RTR-6", _BROKEN),
    Unreachable("word", "router badge = STRONG", "B-DASH-6", _GOOD),
    Unreachable("word", "hybrid score x 1.05", "B-HYB-3", _GOOD),
    Unreachable(
        "veto", "router quality < 0.35", "B-HYB-4",
        "the lowest score is exactly 0.35, compared after rounding, and the rule is strict",
    ),
    Unreachable(
        "word", word_of("positions_state.positions[].side", "BOTH"), "S3, A-13",
        "resolved by sign before publishing; only under legacy: [D-12]",
    ),
    Unreachable(
        "word", word_of(_STATE, "RECOVERY under legacy: [D-04]"), "S7",
        "the previous state never reaches the classifier; reachable in every intended run",
    ),
    Unreachable(
        "word", word_of("risk_snapshot.risk_mode", "WARN under legacy: [D-19]"), "S7",
        "router health is not passed in; reachable in every intended run",
    ),
    Unreachable(
        "veto", "portfolio_cap under legacy: [D-29]", "S6",
        "the gate reads a key that the config does not hold; reachable in every intended run",
    ),
    *(
        Unreachable("word", word_of(_STATE, word), "S7, B-DD-7", "older vocabulary; INV-R03 reports it")
        for word in ("normal", "cautious", "defensive")
    ),
)  # fmt: skip


@cache
def not_counted() -> tuple[Unreachable, ...]:
    """`UNREACHABLE`, and the identity fields: they differ between builds, hosts and runs, not by scenario."""
    identity = [field for field in table().values() if is_leaf(field) and is_identity(field)]
    why = "tells builds, hosts and runs apart; no scenario is asked to move it"
    return (*UNREACHABLE, *(Unreachable("field", f.pattern, "identity field", why) for f in identity))
