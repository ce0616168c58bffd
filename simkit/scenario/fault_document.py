"""A fault as an author may write it, key by key, with the words that editors show.

Comes in: nothing. Goes out: `FaultDoc`. May import msgspec and `scenario.document_types`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from simkit.scenario.document_types import (
    Block,
    Bps,
    Duration,
    File,
    Key,
    Level,
    LoopRange,
    Money,
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
    balance_down: Annotated[bool, Meta(description="`true`: balance requests are not answered.")] = True
    mark_missing: Annotated[str, Meta(description="A symbol of which the venue has no mark.")] = ""
    closed_outside: Annotated[Key, Meta(description="A position that somebody else closes.")] = ""
    registry_levels: Annotated[Key, Meta(description="A key whose levels are overwritten.")] = ""
    latency: Annotated[Duration, Meta(description="How long orders take.")] = "0 s"
    slippage: Annotated[Bps, Meta(description="How much worse taker fills are.")] = "0 bps"
    order_refused: Annotated[
        Literal["rejected", "expired"], Meta(description="How the venue answers; nothing is filled.")
    ] = "rejected"
    crash: Annotated[File, Meta(description="The executor dies at the write of this file.")] = ""
    power_cut: Annotated[File, Meta(description="The file of which only what was synced survives.")] = ""
    builder_error: Annotated[File, Meta(description="The file whose builder fails.")] = ""
    config_unreadable: Annotated[bool, Meta(description="`true`: the risk config cannot be parsed.")] = True
    damaged_file: Annotated[
        File, Meta(description="The file that is damaged when its owner has written it.")
    ] = ""
    symbol: Annotated[
        str, Meta(description="With `latency`, `slippage`, `order_refused`: only this symbol.")
    ] = ""
    when: Annotated[
        Literal["before", "during", "after"],
        Meta(description="With `crash`: before, during or after the write."),
    ] = "before"
    how: Annotated[
        Literal["empty", "deleted", "array", "truncated"],
        Meta(description="With `damaged_file`: the damage."),
    ] = "empty"
    qty: Annotated[Qty | None, Meta(description="With `ghost_ledger_entry`.")] = None
    entry: Annotated[Price, Meta(description="With `ghost_ledger_entry`.")] = 0
    tp: Annotated[Level, Meta(description="With `ghost_ledger_entry` and `registry_levels`.")] = "none"
    sl: Annotated[Level, Meta(description="With `ghost_ledger_entry` and `registry_levels`.")] = "none"
    in_: Annotated[
        list[Literal["ledger", "registry"]],
        Meta(description="With `ghost_ledger_entry`: where the entry appears (default [ledger])."),
    ] = field(name="in", default_factory=lambda: ["ledger"])
