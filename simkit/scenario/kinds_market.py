"""How the faults of market, account and venue are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `scenario`.
"""

from __future__ import annotations

from simkit.scenario.fault_forms import KEY, SYMBOL, TRUE, Kind, bps, duration, money, word
from simkit.scenario.faults import (
    AccountReset,
    BalanceDown,
    ClosedOutside,
    Latency,
    MarkMissing,
    OrderRefused,
    Slippage,
    WrongBalance,
)

KINDS = (
    Kind(
        make=WrongBalance, value=money("equity"), attacks=("INV-N07",),
        survives="the peak, unless the jump passes its guard",
    ),
    Kind(
        make=AccountReset, value=money("equity"), attacks=("INV-N07",),
        survives="the NAV tells the truth, however bad",
    ),
    Kind(
        make=BalanceDown, value=TRUE, attacks=("INV-N09", "INV-R18"),
        survives="the last good NAV and its age; exits go on",
    ),
    Kind(
        make=MarkMissing, value=SYMBOL, attacks=("INV-P06", "INV-P07"),
        survives="the row with its last mark, and its levels",
    ),
    Kind(
        make=ClosedOutside, value=KEY, attacks=("INV-P07", "INV-L10"),
        survives="the account is believed: no row, no level without a position",
    ),
    Kind(
        make=Latency, value=duration("latency_us"), keys={"symbol": SYMBOL}, attacks=("INV-H02", "INV-H03"),
        survives="every order and its fill",
    ),
    Kind(
        make=Slippage, value=bps("bps"), keys={"symbol": SYMBOL}, attacks=("INV-H02", "INV-H03"),
        survives="every order and its fill",
    ),
    Kind(
        make=OrderRefused, value=word("status", {"rejected": "REJECTED", "expired": "EXPIRED"}),
        keys={"symbol": SYMBOL}, attacks=("INV-D05", "INV-X04"), survives="no position that was not filled",
    ),
)  # fmt: skip
