"""What a user states of the units, words, names and thresholds of *their* executor.

Comes in: nothing (`simkit.dialect` reads the file). Goes out: `Dialect`. May import `core` and `contract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct, structs

from simkit.core.settings import Settings

Unit = Literal["fraction", "percent"]

#: Words that a dialect may add to (`[CRISIS]`) or translate (`{cautious: DRAWDOWN}`), and ours.
VOCABULARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "risk_mode": ("OK", "WARN", "DEFENSIVE", "HALTED"),
    "dd_state": ("NORMAL", "DRAWDOWN", "RECOVERY"),
    "side": ("LONG", "SHORT"),
    "veto_reason": (),
    "anomaly": ("nav_jump", "var_limit_breach", "cvar_limit_breach", "dd_flap"),
}

#: Fields whose unit a dialect may state; ours is a fraction but for those that end the list.
UNITS: Final[tuple[str, ...]] = (
    "diagnostics.runtime_diagnostics.exit_pipeline.tp_sl_coverage_pct",
    "kpis_v7.portfolio.dd_pct",
    "kpis_v7.drawdown.dd_pct",
    "risk_snapshot.drawdown.dd_pct",
    "risk_snapshot.dd_state.drawdown.dd_pct",
    "risk_snapshot.dd_frac",
    "risk_snapshot.portfolio_dd_pct",
    "nav_state.drawdown",
    "nav_state.drawdown_pct",
)
#: The fields of `UNITS` that hold a percent in our own form.
PERCENT: Final = frozenset({"nav_state.drawdown", "nav_state.drawdown_pct"})


class Dialect(Struct, frozen=True):
    """One executor's way to write the contract.

    `units`: unit by full path, for a field of `UNITS`. `words`: further words by vocabulary; `translated`:
    their word to ours. `aliases`: per surface (stem), their path to ours, with `[]` for any row or key.
    `auxiliary`: names of files in the state folder that need no manifest entry (INV-G11). `settings`: the
    thresholds that rules expect. Two surfaces whose times lie at most `same_loop_s` seconds apart are of one
    loop (A-42); a surface that is not written in every loop may be `throttle_s` seconds old (A-41).
    """

    units: Mapping[str, Unit] = {}
    words: Mapping[str, tuple[str, ...]] = {}
    translated: Mapping[str, Mapping[str, str]] = {}
    aliases: Mapping[str, Mapping[str, str]] = {}
    auxiliary: tuple[str, ...] = ()
    settings: Settings = Settings()
    same_loop_s: float = 5.0
    throttle_s: float = 300.0


#: Nobody said anything.
PLAIN: Final = Dialect()

_DEFAULT: Final = Settings()


def spoken(settings: Settings, dialect: Dialect) -> Settings:
    """The thresholds that rules expect in a run with `settings`: those of the dialect, but for each that the
    scenario moved away from its default."""
    if dialect.settings == _DEFAULT:
        return settings
    groups = {
        name: _moved(getattr(dialect.settings, name), getattr(settings, name), getattr(_DEFAULT, name))
        for name in Settings.__struct_fields__
    }
    return structs.replace(settings, **groups)


def _moved(stated: Any, said: Any, default: Any) -> Any:
    if not isinstance(said, Struct):
        return said
    moved = {
        name: getattr(said, name)
        for name in said.__struct_fields__
        if getattr(said, name) != getattr(default, name)
    }
    return structs.replace(stated, **moved)
