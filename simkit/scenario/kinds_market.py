"""How the faults of market, account and venue are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `scenario`.
"""

from __future__ import annotations

from typing import Final

from simkit.scenario import units
from simkit.scenario.fault_forms import (
    KEY,
    SYMBOL,
    TRUE,
    Form,
    Kind,
    bps,
    duration,
    money,
    other_than_0,
    part,
    price_change,
    whole,
    word,
)
from simkit.scenario.faults import (
    AccountReset,
    AckFault,
    BadBalance,
    BadMark,
    BalanceDown,
    ClosedOutside,
    DepthGone,
    FeedStall,
    FillFault,
    FundingShock,
    Latency,
    Liquidation,
    MarkMissing,
    OrderRefused,
    PartFill,
    PriceGap,
    RateLimit,
    Slippage,
    StaleBook,
    UndeclaredTransfer,
    WideSpread,
    WrongBalance,
)

#: Only one symbol, where it is named.
ONE: Final[dict[str, Form]] = {"symbol": SYMBOL}

MARKET: Final[tuple[Kind, ...]] = (
    Kind(
        make=PriceGap, value=price_change("size"), keys=ONE, attacks=("INV-D22", "INV-N07", "INV-R07"),
        survives="exits at the price behind the gap; NAV and drawdown follow it",
    ),
    Kind(
        make=FeedStall, value=TRUE, keys=ONE, attacks=("INV-N06", "INV-N07", "INV-P04"),
        survives="books that add up at the prices that were told; exits once the feed is back",
    ),
    Kind(
        make=MarkMissing, value=SYMBOL, attacks=("INV-P06", "INV-P07"),
        survives="the row with its last mark, and its levels",
    ),
    Kind(
        make=BadMark, value=word("what", ("nan", "negative", "zero")), keys=ONE,
        attacks=("INV-P01", "INV-P06", "INV-G02", "INV-D23"),
        survives="no exit and no NAV rests on it; zero and negative count as missing, nan stops S3 (B-POS-4)",
    ),
)  # fmt: skip

ACCOUNT: Final[tuple[Kind, ...]] = (
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
        make=BadBalance, value=word("what", ("nan",)), attacks=("INV-G02", "INV-N01", "INV-R18"),
        survives="the last good NAV and its age; nav_detail.fresh is false",
    ),
    Kind(
        make=FundingShock, value=other_than_0("bps", units.bps, "a rate such as `300 bps`"), keys=ONE,
        attacks=("INV-N07", "INV-R07"), survives="funding moves the NAV, and neither realised PnL nor daily loss",
    ),
    Kind(
        make=ClosedOutside, value=KEY, attacks=("INV-P07", "INV-L10"),
        survives="the account is believed: no row, no level without a position",
    ),
    Kind(
        make=Liquidation, value=KEY, attacks=("INV-P07", "INV-L10", "INV-N07"),
        once="a position is liquidated once",
        survives="the account is believed: no row, no level without a position; the NAV tells what is left",
    ),
    Kind(
        make=UndeclaredTransfer, value=other_than_0("amount", units.money, "money such as `-500 USD`"),
        attacks=("INV-N07",), once="money moves once", survives="the NAV tells the truth",
    ),
)  # fmt: skip

ORDERS: Final[tuple[Kind, ...]] = (
    Kind(
        make=Latency, value=duration("latency_us"), keys=ONE, attacks=("INV-H02", "INV-H03"),
        survives="every order and its fill",
    ),
    Kind(
        make=Slippage, value=bps("bps"), keys=ONE, attacks=("INV-H02", "INV-H03"),
        survives="every order and its fill",
    ),
    Kind(
        make=StaleBook, value=TRUE, keys=ONE, attacks=("INV-H02", "INV-H03", "INV-N07"),
        survives="every order and its fill; the slippage is told",
    ),
    Kind(
        make=WideSpread, value=bps("bps"), keys=ONE, attacks=("INV-H02", "INV-H03"),
        survives="no slice and no maker attempt goes out into it (B-RTR-9, B-RTR-11); exits do",
    ),
    Kind(
        make=OrderRefused, value=word("status", {"rejected": "REJECTED", "expired": "EXPIRED"}), keys=ONE,
        attacks=("INV-D05", "INV-X04"), survives="no position that was not filled",
    ),
    Kind(
        make=DepthGone, value=TRUE, keys=ONE, attacks=("INV-D05", "INV-L10", "INV-X04"),
        survives="no position that was not filled; an exit is tried again in each loop",
    ),
    Kind(
        make=PartFill, value=part("share"), keys=ONE, attacks=("INV-H05", "INV-L10", "INV-L15"),
        survives="the levels stay with the rest (B-EXIT-3)",
    ),
    Kind(
        make=RateLimit, value=whole("orders"), attacks=("INV-D05", "INV-X04"),
        survives="exits come before entries; what was refused is no order",
    ),
)  # fmt: skip

MESSAGES: Final[tuple[Kind, ...]] = (
    Kind(
        make=AckFault, value=word("how", ("lost", "late", "duplicated")), keys=ONE,
        attacks=("INV-D04", "INV-D05", "INV-X04", "INV-D07"),
        survives="an order is sent once and counted once; what filled shows",
    ),
    Kind(
        make=FillFault, value=word("how", ("lost", "late", "duplicated", "out_of_order")), keys=ONE,
        attacks=("INV-P06", "INV-P07", "INV-H07", "INV-L14"),
        survives="the account is believed; a fill counts once, by its trade id",
    ),
)  # fmt: skip

KINDS: Final[tuple[Kind, ...]] = (*MARKET, *ACCOUNT, *ORDERS, *MESSAGES)
