"""How the faults of what the executor keeps are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `contract.fields` and `scenario`.
"""

from __future__ import annotations

from simkit.contract import fields
from simkit.contract.fields import Field
from simkit.scenario import units
from simkit.scenario.compile_expect import field_of
from simkit.scenario.fault_forms import KEY, TRUE, Entry, Form, Found, Kind, level, one
from simkit.scenario.faults import (
    CountersReset,
    GhostLedgerEntry,
    LedgerQty,
    LevelsDropped,
    MissingLedgerPosition,
    PublishWrong,
    RegistryLevels,
)
from simkit.scenario.published_value import published_value
from simkit.scenario.yaml_nodes import Node


def _places(entry: Entry, node: Node) -> Found:
    """`[ledger, registry]`, or one of them."""
    reader = entry.reader
    places = [reader.word(item, ("ledger", "registry")) for item in reader.items(node, "[ledger, registry]")]
    if node.kind == "list" and not node.items:
        reader.wrong(node, "the entry appears nowhere", "write `[ledger]` or `[ledger, registry]`")
    return {"in_ledger": "ledger" in places, "in_registry": "registry" in places} if places else None


def _a_level_is_said(entry: Entry) -> None:
    if "tp" not in entry.block.found and "sl" not in entry.block.found:
        entry.reader.wrong(entry.node, "no level is said", "add `tp` or `sl`, a price or `none`")


def _field(entry: Entry, node: Node) -> Found:
    """A field of the contract, under the name or the path by which `expect` knows it."""
    if entry.reader.read(node, str, "a field such as `portfolio.dd_pct`") is None:
        return None
    field = field_of(entry.reader, node)
    return None if field is None else {"field": field.path}


def _wrong_value(entry: Entry, node: Node) -> Found:
    """A value for the field that the entry names."""
    field = fields.resolve(entry.node.text[:400])
    value = published_value(entry.reader, node, field) if isinstance(field, Field) else None
    return None if value is None else {"value": value}


LEVELS = {"tp": level("tp"), "sl": level("sl")}

KINDS = (
    Kind(
        make=GhostLedgerEntry, value=KEY,
        keys={
            "qty": one("qty", units.qty, "a quantity", need=True),
            "entry": one("entry", units.price, "a price", need=True),
            **LEVELS, "in": Form(_places),
        },
        attacks=("INV-L04", "INV-X03"), survives="positions, and the registry of what is held",
    ),
    Kind(
        make=MissingLedgerPosition, value=KEY, attacks=("INV-L04", "INV-X03", "INV-D22"),
        survives="the position and its levels: the exit runs when the ledger is whole",
    ),
    Kind(
        make=LedgerQty, value=KEY, keys={"qty": one("qty", units.qty, "a quantity", need=True)},
        attacks=("INV-L05", "INV-L15"),
        survives="the position: an exit closes what is held and no more",
    ),
    Kind(
        make=LevelsDropped, value=KEY, attacks=("INV-L10", "INV-L14", "INV-D15"),
        survives="the position, and the levels of all other keys; the next sync seeds what is missing",
    ),
    Kind(
        make=CountersReset, value=TRUE, attacks=("INV-D04", "INV-D09"),
        survives="positions, levels and what the logs tell",
    ),
    Kind(
        make=PublishWrong, value=Form(_field), keys={"value": Form(_wrong_value, need=True)},
        attacks=("INV-G02", "INV-G04", "INV-G18", "INV-G19", "INV-K02", "INV-K03"),
        survives="what the executor knows and does; the next write tells it right",
    ),
    Kind(
        make=RegistryLevels, value=KEY, keys=LEVELS, attacks=("INV-L08", "INV-L12"), check=_a_level_is_said,
        survives="the position: what is said of it is acted on",
    ),
)  # fmt: skip
