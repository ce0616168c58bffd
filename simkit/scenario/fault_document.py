"""A fault as an author may write it, key by key, with the words that editors show.

Comes in: nothing. Goes out: `FaultDoc`. May import msgspec and `scenario.document_types`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from simkit.scenario.document_types import (
    Block,
    Bps,
    Duration,
    File,
    Fraction,
    Key,
    Level,
    LoopRange,
    Money,
    Offset,
    Price,
    Qty,
)


class FaultDoc(Block, frozen=True, kw_only=True):
    """One lie, outage or damage, in one loop or a range: exactly one of the words below `at`."""

    at: LoopRange
    every: Annotated[
        int, Meta(description="Of the loops of `at` only each n-th, from the first on.", ge=2)
    ] = 2
    wrong_balance: Annotated[Money, Meta(description="The equity that the executor reads.")] = 0
    account_reset: Annotated[Money, Meta(description="The equity that the account falls to, unbooked.")] = 0
    ghost_ledger_entry: Annotated[Key, Meta(description="A ledger entry without a position.")] = ""
    missing_ledger_position: Annotated[Key, Meta(description="A position without its ledger entry.")] = ""
    sync_down: Annotated[bool, Meta(description="`true`: sync_state does not run.")] = True
    sync_late: Annotated[Duration, Meta(description="How much later than planned sync_state runs.")] = "0 s"
    sync_doubled: Annotated[bool, Meta(description="`true`: sync_state makes two passes.")] = True
    sync_clock: Annotated[
        Literal["own"],
        Meta(description="`own`: sync_state stamps its own clock instead of its source's time."),
    ] = "own"
    balance_down: Annotated[bool, Meta(description="`true`: balance requests are not answered.")] = True
    mark_missing: Annotated[str, Meta(description="A symbol of which the venue has no mark.")] = ""
    closed_outside: Annotated[Key, Meta(description="A position that somebody else closes.")] = ""
    ledger_qty: Annotated[Key, Meta(description="A position of which the ledger has another quantity.")] = ""
    levels_dropped: Annotated[Key, Meta(description="A key that the registry loses after the sync.")] = ""
    counters_reset: Annotated[
        bool, Meta(description="`true`: the counters start anew, without a restart.")
    ] = True
    publish_wrong: Annotated[
        str, Meta(description="The field, as under `expect`, that is published with a wrong `value`.")
    ] = ""
    registry_levels: Annotated[Key, Meta(description="A key whose levels are overwritten.")] = ""
    latency: Annotated[Duration, Meta(description="How long orders take.")] = "0 s"
    slippage: Annotated[Bps, Meta(description="How much worse taker fills are.")] = "0 bps"
    order_refused: Annotated[
        Literal["rejected", "expired"], Meta(description="How the venue answers; nothing is filled.")
    ] = "rejected"
    price_gap: Annotated[
        Fraction, Meta(description="How far prices are from what the market says: `-8 %`.")
    ] = "0 %"
    feed_stall: Annotated[bool, Meta(description="`true`: the executor is told the last mark and bar.")] = (
        True
    )
    bad_mark: Annotated[
        Literal["nan", "negative", "zero"], Meta(description="The mark that the venue tells.")
    ] = "nan"
    bad_balance: Annotated[Literal["nan"], Meta(description="The balance that the venue answers.")] = "nan"
    funding_shock: Annotated[Bps, Meta(description="The funding rate that is paid in each loop.")] = "0 bps"
    liquidation: Annotated[Key, Meta(description="A position that the venue closes.")] = ""
    undeclared_transfer: Annotated[
        Money, Meta(description="Money that comes (+) or goes (-) and is not booked.")
    ] = 0
    stale_book: Annotated[bool, Meta(description="`true`: takers meet the book of the loop before.")] = True
    spread: Annotated[Bps, Meta(description="The spread instead of the venue's own.")] = "0 bps"
    depth_gone: Annotated[bool, Meta(description="`true`: nothing fills at once.")] = True
    part_fill: Annotated[Fraction, Meta(description="The share of an order that a loop fills at most.")] = (
        "0 %"
    )
    rate_limit: Annotated[int, Meta(description="How many orders the venue looks at in a loop.", ge=0)] = 0
    ack: Annotated[
        Literal["lost", "late", "duplicated"], Meta(description="How answers to orders arrive.")
    ] = "lost"
    fill: Annotated[
        Literal["lost", "late", "duplicated", "out_of_order"], Meta(description="How fills arrive.")
    ] = "lost"
    crash: Annotated[
        str, Meta(description="The executor dies at the write of this file, or at this step of the loop.")
    ] = ""
    hang: Annotated[bool, Meta(description="`true`: the executor does nothing and stays alive.")] = True
    second_executor: Annotated[
        bool,
        Meta(description="`true`: a second executor runs after the first one and writes the same files."),
    ] = True
    host_clock: Annotated[Offset, Meta(description="How far the host's clock is off.")] = "0 s"
    clock_drift: Annotated[
        Offset, Meta(description="By how much more the host's clock is off in each loop.")
    ] = "0 s"
    clock_frozen: Annotated[bool, Meta(description="`true`: the host's clock shows the loop before.")] = True
    time_zone: Annotated[
        Offset, Meta(description="The offset from UTC of the local time that the host prints.")
    ] = "0 s"
    venue_clock: Annotated[Offset, Meta(description="How far the times of the venue's events are off.")] = (
        "0 s"
    )
    power_cut: Annotated[File, Meta(description="The file of which only what was synced survives.")] = ""
    builder_error: Annotated[File, Meta(description="The file whose builder fails.")] = ""
    config_unreadable: Annotated[bool, Meta(description="`true`: the risk config cannot be parsed.")] = True
    damaged_file: Annotated[
        File, Meta(description="The file that is damaged when its owner has written it.")
    ] = ""
    write_fails: Annotated[
        str, Meta(description="The file whose write fails, or `all`, `surfaces` or `logs`.")
    ] = ""
    torn_write: Annotated[File, Meta(description="The file whose write in place stops half way.")] = ""
    temp_left: Annotated[File, Meta(description="The file of which only the temporary one is written.")] = ""
    direct_write: Annotated[File, Meta(description="The file that is written in place.")] = ""
    secondary_writer: Annotated[File, Meta(description="The file that another process writes, too.")] = ""
    folder_missing: Annotated[
        Literal["state", "logs", "cache"], Meta(description="The folder that is gone when the loop begins.")
    ] = "state"
    symbol: Annotated[str, Meta(description="With the faults of market and orders: only this symbol.")] = ""
    when: Annotated[
        Literal["before", "during", "after"],
        Meta(description="With `crash`: before, during or after the write; before or after the step."),
    ] = "before"
    down: Annotated[
        int, Meta(description="With `crash`: how many loops later a new executor starts.", ge=1)
    ] = 1
    how: Annotated[
        Literal["empty", "deleted", "array", "truncated", "unreadable"],
        Meta(description="With `damaged_file`: the damage."),
    ] = "empty"
    error: Annotated[
        Literal["ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE"],
        Meta(description="With `write_fails`: what the machine answers (default ENOSPC, the disk is full)."),
    ] = "ENOSPC"
    after: Annotated[
        int, Meta(description="With `torn_write`: how many bytes are written (default: half of them).", ge=0)
    ] = 0
    value: Annotated[
        Any,
        Meta(
            description="With `publish_wrong`: any JSON value, or `nan`, `infinity`, `-infinity`, `missing`."
        ),
    ] = None
    qty: Annotated[Qty | None, Meta(description="With `ghost_ledger_entry` and `ledger_qty`.")] = None
    entry: Annotated[Price, Meta(description="With `ghost_ledger_entry`.")] = 0
    tp: Annotated[Level, Meta(description="With `ghost_ledger_entry` and `registry_levels`.")] = "none"
    sl: Annotated[Level, Meta(description="With `ghost_ledger_entry` and `registry_levels`.")] = "none"
    in_: Annotated[
        list[Literal["ledger", "registry"]],
        Meta(description="With `ghost_ledger_entry`: where the entry appears (default [ledger])."),
    ] = field(name="in", default_factory=lambda: ["ledger"])
