"""The defects of the v7.6 system that the reference executor can bring back (behaviour.md, section 17).

Comes in: nothing. Goes out: `LEGACY`, by which scenarios are read and the executor acts. May import nothing.
"""

from __future__ import annotations

#: Defect -> what `legacy: [D-nn]` breaks. One that is not listed is not built, and no scenario may ask for it.
LEGACY: dict[str, str] = {
    "D-11": "registry and ledger are synced at start-up only: new positions are not seeded (B-LED-3)",
    "D-14": "the reconciliation uses a ledger rebuilt out of S3: ghosts and lost entries read 0 (B-LED-10)",
    "D-33": "an anomalous NAV enters the drawdown history and keeps the breaker active (B-NAV-5, B-DD-1)",
    "D-37": "tp_sl_registered_count counts ghosts, so that coverage can exceed 1 (B-LED-6)",
}
