"""The risk mode (B-MODE-1 to B-MODE-3): the first condition that holds.

Comes in: what this loop publishes of NAV, drawdown, day and router, and whether the risk config was ever
loaded. Goes out: mode, reason, score. May import `core`, `executor.state`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from simkit.core.numeric import q7, q9
from simkit.core.settings import Settings
from simkit.executor.state import RouterPart

RiskMode = Literal["OK", "WARN", "DEFENSIVE", "HALTED"]
Verdict = tuple[RiskMode, str, float]

#: B-MODE-1: symbols with maker-first off, and the mean fallback ratio, above which the mode is WARN.
MAKER_OFF, FALLBACK_RATIO = 5, 0.5


class Inputs(Struct, frozen=True, gc=False):
    """What the mode rests on. `dd` and `daily_loss` are fractions, `nav_age_s` seconds."""

    sources_ok: bool
    nav_age_s: float
    dd: float
    daily_loss: float


def risk_mode(
    inputs: Inputs, router: RouterPart | None, settings: Settings, *, config_loaded: bool
) -> Verdict:
    """B-MODE-1, and B-MODE-2: what cannot be classified is HALTED. Without `router` nothing of it counts
    (D-19)."""
    if not config_loaded:
        return "HALTED", "risk_config_load_failed", 1.0
    try:
        return _capital(inputs, settings) or _execution(router) or ("OK", "all_systems_healthy", 0.0)
    except (ArithmeticError, TypeError, ValueError):
        return "HALTED", "risk_mode_error", 1.0


def _capital(inputs: Inputs, settings: Settings) -> Verdict | None:
    """The NAV must be older than its limit, the losses at least theirs."""
    limits, dd, daily_loss = settings.limits, inputs.dd, inputs.daily_loss
    if not inputs.sources_ok:
        return "HALTED", "nav_sources_unavailable", 1.0
    if inputs.nav_age_s > settings.nav.fresh_s:
        return "HALTED", f"nav_stale_age={inputs.nav_age_s:.0f}s", 1.0
    if dd >= limits.nav_drawdown_pct:  # the score min(1, dd / limit) is 1 wherever the condition holds
        return "DEFENSIVE", f"drawdown_high_dd_frac={dd:.4f}", 1.0
    if daily_loss >= limits.daily_loss_pct:
        return "DEFENSIVE", f"daily_loss_high_frac={daily_loss:.4f}", 1.0
    return None


def _execution(router: RouterPart | None) -> Verdict | None:
    """B-MODE-3: router health takes part."""
    if router is None:
        return None
    if router.degraded or router.broken:
        return "WARN", "router_degraded", 0.5
    if router.maker_off > MAKER_OFF:
        return "WARN", f"maker_first_disabled_cycles={router.maker_off}", 0.5
    if router.fallback_ratio > FALLBACK_RATIO:
        return "WARN", f"high_fallback_ratio={router.fallback_ratio:.4f}", 0.5
    return None


def guessed_fraction(value: float) -> float:
    """D-01: the percentage of a fraction, taken for a percentage above 1 and for a fraction up to it
    (B-DD-8)."""
    percent = q7(100.0 * value)
    return q9(percent / 100.0) if percent > 1.0 else percent
