"""The `executor:` block, a settings event and their variants, as `core.settings.Settings`.

Comes in: nodes. Goes out: frozen settings. May import `core`, `contract.shapes` (words) and `scenario`.

Units by name: `*_pct` and `*_frac` are fractions (written `20 %`), `*_s`, `*_minutes` and `*_days` durations
(`90 s`), `*_usd` money; the few fractions with another name stand in `FRACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import msgspec

from simkit.contract.shapes.intel import FactorConfig, FactorWeights
from simkit.core.legacy import LEGACY, PROFILES
from simkit.core.numeric import USD
from simkit.core.settings import Part, Settings
from simkit.scenario import units
from simkit.scenario.reading import Reader
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node

#: Fractions whose names do not end in `_pct` or `_frac`.
FRACTIONS: Final = frozenset(
    {
        "recovery_exit",
        "reentry_margin",
        "correlation_groups",
        "confidence",
        "cvar_confidence",
        "weight_min",
        "weight_max",
    }
)
#: Settings that divide or count something: 0 has no meaning.
POSITIVE: Final = frozenset(
    {
        "every",
        "twap_slices",
        "half_life",
        "rv_half_life",
        "lookback",
        "cvar_lookback",
        "rv_bars",
        "fast",
        "slow",
        "atr_bars",
        "stop_atr",
        "target_atr_frac",
    }
)
_DAY_US: Final = units.DURATIONS["d"]
_TIMES: Final = {"_s": units.DURATIONS["s"], "_minutes": units.DURATIONS["min"], "_days": _DAY_US}


def _words(shape: type, name: str) -> tuple[str, ...]:
    """The words that the contract allows for a published setting."""
    hint = next(f.type for f in msgspec.structs.fields(shape) if f.name == name)
    members = [
        part for part in (hint, *get_args(hint)) if all(isinstance(word, str) for word in get_args(part))
    ]
    return next(get_args(part) for part in members if get_args(part))


WORDS: Final[dict[str, tuple[str, ...]]] = {
    "rv_mode": ("zscore", "rank"),
    "name": ("none", "trend"),
    "normalization_mode": _words(FactorConfig, "normalization_mode"),
    "weight_mode": _words(FactorWeights, "mode"),
    "factors": Settings().intel.factors,
    "tiers": ("CORE", "SATELLITE", "TACTICAL", "ALT-EXT"),
}


def unit_of(name: str) -> str:
    """`fraction`, `duration`, `money`, or empty for a plain value."""
    if name.endswith(("_pct", "_frac")) or name in FRACTIONS:
        return "fraction"
    if name.endswith(tuple(_TIMES)):
        return "duration"
    return "money" if name.endswith("_usd") else ""


def groups() -> dict[str, type[Part]]:
    """The groups of settings by name."""
    return {f.name: f.type for f in msgspec.structs.fields(Settings) if f.name != "legacy"}


def settings_of(
    reader: Reader, node: Node | None, base: Settings, universe: Sequence[str], *, event: bool = False
) -> Settings:
    """`base` overlaid by a block; a `settings:` event may not switch defects on."""
    known = groups()
    changed: dict[str, Any] = {}
    for key, value in reader.pairs(node, "a map of settings"):
        if key.text in known:
            changed[key.text] = _group(reader, value, getattr(base, key.text), universe)
        elif key.text == "legacy" and not event:
            changed["legacy"] = _legacy(reader, value)
        elif key.text == "legacy":
            reader.wrong(
                key, "a defect is no setting: it cannot begin in mid-run", "put `legacy` under `executor:`"
            )
        else:
            owner = next((name for name, part in known.items() if key.text in part.__struct_fields__), "")
            if owner:
                reader.wrong(key, f"`{key.text}` belongs to a group", f"write `{owner}: {{{key.text}: …}}`")
            else:
                reader.unknown_key(key, [*known, "legacy"])
    return msgspec.structs.replace(base, **changed)


def _legacy(reader: Reader, node: Node) -> tuple[str, ...]:
    """Defects and profiles, a single profile also without a list; sorted, each once."""
    alone = node.is_scalar and node.text in PROFILES
    found: list[str] = []
    for item in [node] if alone else reader.items(node, "a list such as [D-11], or `v7.6`"):
        name = reader.read(item, str, "a defect such as `D-11`")
        if name is not None and name not in LEGACY and name not in PROFILES:
            reader.wrong(
                item,
                f"`{name}` is no defect that the executor can show",
                "`simkit list --faults` names those it can",
            )
        elif name is not None:
            found += PROFILES.get(name, (name,))
    return tuple(sorted(dict.fromkeys(found)))


def _group(reader: Reader, node: Node, base: Part, universe: Sequence[str]) -> Part:
    """One group overlaid."""
    defaults = {name: getattr(base, name) for name in base.__struct_fields__}
    optional = [f.name for f in msgspec.structs.fields(base) if type(None) in get_args(f.type)]
    changed: dict[str, Any] = {}
    for key, value in reader.pairs(node, "a map of settings"):
        if key.text not in defaults:
            reader.unknown_key(key, list(defaults))
            continue
        if key.text in optional and value.text == "none":
            changed[key.text] = None
            continue
        read = _value(reader, key.text, value, defaults[key.text], universe)
        if read is not None:
            changed[key.text] = read
    return msgspec.structs.replace(base, **changed)


def _value(reader: Reader, name: str, node: Node, default: Any, universe: Sequence[str]) -> Any:
    """One setting in the unit of its name, of the type of its default."""
    if isinstance(default, bool):
        return reader.flag(node)
    if isinstance(default, tuple):
        listed = [_listed(reader, name, item, universe) for item in reader.items(node)]
        return tuple([one for one in listed if one])
    if isinstance(default, dict):
        return _map(reader, name, node, universe)
    if isinstance(default, str):
        return reader.word(node, WORDS[name])
    return _number(reader, name, node, units.whole if isinstance(default, int) else parser(name))


def _listed(reader: Reader, name: str, item: Node, universe: Sequence[str]) -> str | None:
    """One element of a list: a symbol, a position's key, a known word, or a name of the author's."""
    if name in ("restricted", "whitelist"):
        return reader.priced(item, universe)
    if name == "blocked_sides":
        key = reader.key(item, universe)
        return None if key is None else f"{key[0]}:{key[1]}"
    return reader.word(item, WORDS[name]) if name in WORDS else reader.text(item)


def _map(reader: Reader, name: str, node: Node, universe: Sequence[str]) -> dict[str, Any]:
    """A map by symbol, or by correlation group; sorted by key. It replaces the one before as a whole."""
    read: dict[str, Any] = {}
    for key, value in reader.pairs(node):
        if name != "correlation_groups" and reader.priced(key, universe) is None:
            continue
        one = reader.word(value, WORDS[name]) if name in WORDS else _number(reader, name, value, parser(name))
        if one is not None:
            read[key.text] = one
    return dict(sorted(read.items()))


def _number(reader: Reader, name: str, node: Node, parse: Callable[[str], float]) -> float | None:
    """A number that is not negative, nor 0 where that means nothing."""
    kinds = {"fraction": "a fraction such as `20 %`", "duration": "a duration such as `90 s`"}
    read = reader.read(node, parse, kinds.get(unit_of(name), "a number"))
    if read is not None and (read < 0 or (read == 0 and name in POSITIVE)):
        wanted = "more than 0" if name in POSITIVE else "0 or more"
        reader.wrong(node, f"found {node.found()}, expected {wanted}")
        return None
    return read


def parser(name: str) -> Callable[[str], float]:
    """How the text of a numeric setting is read."""
    unit = unit_of(name)
    if unit == "fraction":
        return lambda text: float(units.fraction(text))
    if unit == "duration":
        per_unit = next(us for ending, us in _TIMES.items() if name.endswith(ending))
        return lambda text: units.duration(text) / per_unit
    if unit == "money":
        return lambda text: units.money(text) / USD
    return _plain


def _plain(text: str) -> float:
    """A plain number; a percentage is refused where the setting is none."""
    value, unit = units.amount(text)
    if unit:
        raise Unreadable(f"{units.shown(text)}: this setting is a plain number", "write the number alone")
    return float(value)
