"""The risk mode (B-MODE-1 to B-MODE-3): the first condition that holds.

Comes in: what this loop publishes of NAV, drawdown, day and router. Goes out: mode, reason, score. May
import `core.settings`, `executor.state`.

Begun: B-MODE-1 lacks `risk_config_load_failed`, `maker_first_disabled_cycles` and `high_fallback_ratio`:
settings cannot fail to load here and there are no maker attempts. B-MODE-2 has no occasion: nothing here
can raise.
"""

from __future__ import annotations

from typing import Literal

from simkit.core.settings import Settings
from simkit.executor.state import NavPart, RouterPart

RiskMode = Literal["OK", "WARN", "DEFENSIVE", "HALTED"]


def risk_mode(
    nav: NavPart, nav_age_s: float, dd: float, daily_loss: float, router: RouterPart, settings: Settings
) -> tuple[RiskMode, str, float]:
    """`dd` and `daily_loss` are fractions, ages seconds; the NAV must be older than its limit, the
    losses at least theirs. Router health takes part (D-19 is not intended)."""
    limits = settings.limits
    if not nav.sources_ok:
        return "HALTED", "nav_sources_unavailable", 1.0
    if nav_age_s > settings.nav.fresh_s:
        return "HALTED", f"nav_stale_age={nav_age_s:.0f}s", 1.0
    if dd >= limits.nav_drawdown_pct:
        return "DEFENSIVE", f"drawdown_high_dd_frac={dd:.4f}", 1.0
    if daily_loss >= limits.daily_loss_pct:
        return "DEFENSIVE", f"daily_loss_high_frac={daily_loss:.4f}", 1.0
    if router.degraded or router.broken:
        return "WARN", "router_degraded", 0.5
    return "OK", "all_systems_healthy", 0.0
