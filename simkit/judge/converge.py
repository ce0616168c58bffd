"""Storm, then calm: whether every surface is fresh and every mismatch counter zero in time.

Comes in: the `Look` of each loop. Goes out: per surface what is still wrong, and in which loops. May import `core`,
`contract` and `scenario.model`.

Fresh are the executor's files that carry the loop's own time, the intel surfaces that carry that of the last intel
loop, and a mirror that carries the time of nav.json. A surface that could never be read yet is not asked for.
"""

from __future__ import annotations

from msgspec import Struct

from simkit.contract.look import Look
from simkit.contract.table import ENGINE_METADATA, SURFACES
from simkit.contract.values import obj
from simkit.contract.view import view
from simkit.core.clock import iso
from simkit.judge.spans import Spans
from simkit.scenario.model import ClockSpec, Converge

_FILES = (*SURFACES, ENGINE_METADATA)


class Lagging(Struct):
    """One surface that had not converged: what was wrong first, and the loops in which something was."""

    stem: str
    reason: str
    spans: Spans


class Convergence:
    """Judges the loops from `after + within` on: the storm is over, and was given its time."""

    def __init__(self, converge: Converge, clock: ClockSpec) -> None:
        self._from = converge.after + converge.within
        self._clock = clock
        self._known: set[str] = set()
        self._lagging: dict[str, Lagging] = {}

    def judge(self, look: Look) -> None:
        """Look at one loop."""
        self._known.update(look.docs)
        if look.loop < self._from:
            return
        for stem, reason in self._stale(look) + _mismatches(look):
            lagging = self._lagging.setdefault(stem, Lagging(stem, reason, Spans()))
            lagging.spans.add(look.loop)

    def lagging(self) -> list[Lagging]:
        """The surfaces that did not converge, most upstream first."""
        return [self._lagging[surface.stem] for surface in _FILES if surface.stem in self._lagging]

    def _stale(self, look: Look) -> list[tuple[str, str]]:
        times = view(look).times
        due = look.loop - (look.loop - 1) % look.settings.intel.every
        wanted = {"per_loop": look.ts, "per_intel": self._clock.at(due), "per_sync": times.get("nav")}
        out: list[tuple[str, str]] = []
        for surface in _FILES:
            if surface.stem not in self._known:
                continue
            ts, expected = times.get(surface.stem), wanted[surface.frequency]
            if ts is None:
                out.append((surface.stem, "missing, or without a time"))
            elif ts != expected and expected is not None:
                out.append((surface.stem, f"is of {iso(ts)}, should be of {iso(expected)}"))
        return out


def _mismatches(look: Look) -> list[tuple[str, str]]:
    """The counters that compare positions, ledger and registry (B-LED-5, S7's own)."""
    pipeline = obj(look.docs.get("diagnostics", {}).get("exit_pipeline"))
    counted = {
        "ledger_registry_mismatch": pipeline.get("ledger_registry_mismatch"),
        "tp_sl_missing_count": pipeline.get("tp_sl_missing_count"),
        **obj(pipeline.get("mismatch_breakdown")),
    }
    registry = obj(look.docs.get("risk_snapshot", {}).get("tp_sl_registry"))
    found = [("diagnostics", name, value) for name, value in counted.items() if value]
    if registry.get("registry_mismatch"):
        found.append(("risk_snapshot", "tp_sl_registry.registry_mismatch", True))
    return [(stem, f"{name} is {str(value).lower()}") for stem, name, value in found]
