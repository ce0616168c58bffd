"""How the faults of what the executor keeps are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `scenario`.
"""

from __future__ import annotations

from simkit.scenario import units
from simkit.scenario.fault_forms import KEY, Entry, Form, Found, Kind, level, one
from simkit.scenario.faults import GhostLedgerEntry, MissingLedgerPosition, RegistryLevels
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
        make=RegistryLevels, value=KEY, keys=LEVELS, attacks=("INV-L08", "INV-L12"), check=_a_level_is_said,
        survives="the position: what is said of it is acted on",
    ),
)  # fmt: skip
