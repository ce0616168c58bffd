"""What holds for every scenario: random ones, through the whole pipeline, judged in every loop."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings as hypothesis_settings, strategies as st
from msgspec.structs import replace
from random_scenarios import (
    EVENTS,
    NO_LIMITS,
    OPEN_GATES,
    VENUES,
    Intent,
    Played,
    Story,
    play,
    scenario_of,
    stories,
    walks,
)

from simkit.scenario.model import Event, Restart, Side, VenueProfile

ONCE = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
#: An example is a whole run, so that shrinking one takes minutes: that is left to the long test.
QUICK = hypothesis_settings(max_examples=15, phases=[Phase.generate], **ONCE)  # type: ignore[arg-type]
LONG = hypothesis_settings(max_examples=1500, **ONCE)  # type: ignore[arg-type]

#: Documents that say nothing of all symbols together, as momentum and factor statistics do.
ALONE = ("nav", "nav_state", "positions_state", "positions_ledger", "position_tp_sl", "kpis_v7", "diagnostics",
         "risk_snapshot", "router_health")  # fmt: skip
#: Fields in USD per unit or in units.
SCALED = frozenset({"entry_price", "mark_price", "qty", "tp", "sl", "take_profit_price", "stop_loss_price"})
#: Fields that count orders, fills, intents and their vetoes.
COUNTS = frozenset(
    {"attempted_24h", "executed_24h", "vetoes_24h", "top_vetoes", "fill_rate", "total_signals", "total_orders",
     "total_vetoes", "by_reason", "event_count"}
)  # fmt: skip


def without(document: Any, names: frozenset[str]) -> Any:
    """The document with some fields left out, wherever they stand."""
    if isinstance(document, dict):
        return {key: without(value, names) for key, value in document.items() if key not in names}
    if isinstance(document, list):
        return [without(item, names) for item in document]
    return document


def assert_same(one: Played, other: Played, stems: tuple[str, ...], but: frozenset[str]) -> None:
    """The two runs published the same in every loop, some fields aside."""
    for loop, (left, right) in enumerate(zip(one.loops, other.loops, strict=True), 1):
        for stem in stems:
            assert (loop, stem, without(left.get(stem), but)) == (loop, stem, without(right.get(stem), but))


def keeps_the_contract(
    story: Story, venue: VenueProfile, events: list[Event], adding: bool, past: bool, seed: bool
) -> None:
    """Without seeding a lost registry breaks INV-L10 (INC-17), and an addition may set the first levels of a
    position on the wrong side of its average entry (INV-L08): neither is asked for then. Where exits fill in
    part, a lost registry changes the levels of the rest (INV-L15)."""
    limits = {**OPEN_GATES, "allow_add": seed} if adding else {"max_concurrent": 3, "max_trade_nav_pct": 0.2}
    may_lose = seed and venue.max_fill_frac == 1.0
    restarts = story.restarts if may_lose else tuple(Restart(r.loop) for r in story.restarts)
    judged = play(scenario_of(
        replace(story, restarts=restarts), venue=venue, events=events, past=past, limits=limits,
        tp_sl={"seed": seed}, intel={"every": 3},
    ))  # fmt: skip
    assert judged.errors == []


@QUICK
@given(stories(adding=True), st.sampled_from(VENUES), EVENTS, st.booleans(), st.booleans(), st.booleans())
def test_every_rule_holds_after_every_loop(
    story: Story, venue: VenueProfile, events: list[Event], adding: bool, past: bool, seed: bool
) -> None:
    keeps_the_contract(story, venue, events, adding, past, seed)


def test_an_addition_may_change_the_levels_of_what_an_exit_has_left() -> None:
    """The stop of L8 fills in half; an entry of the same loop brings levels of its own (B-LED-8)."""
    story = Story(
        {"BTCUSDT": (10_000,) * 7 + (9_800,) * 3},
        (Intent(8, "BTCUSDT", "LONG", True, 640, (150, 150)),),
        (("BTCUSDT", "LONG", 640),),
    )
    judged = play(scenario_of(story, venue=VENUES[2], limits={**OPEN_GATES, "allow_add": True}))
    assert judged.errors == []
    (entry,) = judged.at(8, "positions_ledger")["entries"]
    assert (entry["qty"], entry["tp"], entry["sl"]) == (10.0, 112.7, 83.3)


def test_a_key_that_is_closed_and_opened_in_one_loop_may_lose_its_levels() -> None:
    """The target of L7 sells all, a silent entry of L7 buys anew, and seeding is off (INV-L10)."""
    story = Story(
        {"BTCUSDT": (2_000,) * 6 + (2_026,)},
        (Intent(1, "BTCUSDT", "LONG", True, 80, (5, 5)), Intent(7, "BTCUSDT", "LONG", True, 79)),
    )
    judged = play(scenario_of(story, limits=OPEN_GATES, tp_sl={"seed": False}))
    assert judged.errors == []
    assert judged.at(6, "positions_ledger")["tp_sl_levels"].keys() == {"BTCUSDT:LONG"}
    assert judged.at(7, "positions_ledger")["tp_sl_levels"] == {}


@pytest.mark.slow
@LONG
@given(stories(adding=True), st.sampled_from(VENUES), EVENTS, st.booleans(), st.booleans(), st.booleans())
def test_every_rule_holds_after_every_loop_in_many_scenarios(
    story: Story, venue: VenueProfile, events: list[Event], adding: bool, past: bool, seed: bool
) -> None:
    keeps_the_contract(story, venue, events, adding, past, seed)


@QUICK
@given(stories(adding=True), st.sampled_from(VENUES), st.data())
def test_an_idle_symbol_changes_nothing_else(story: Story, venue: VenueProfile, data: st.DataObject) -> None:
    """Scores are the symbol's own; momentum and factors compare all symbols and are left out."""
    idle = data.draw(walks(story.loops))
    more = replace(story, prices={"AAAUSDT": idle, **story.prices})
    one, other = (play(scenario_of(s, venue=venue, limits=OPEN_GATES, past=True)) for s in (story, more))
    assert_same(one, other, ALONE, frozenset())
    rows = other.all("symbol_scores_v6", "symbols")
    assert [[row for row in of_loop if row["symbol"] != "AAAUSDT"] for of_loop in rows] == one.all(
        "symbol_scores_v6", "symbols"
    )


def scaled(story: Story, by: int) -> Story:
    """Prices times `by`, quantities divided by it."""
    return Story(
        {symbol: tuple(cents * by for cents in walk) for symbol, walk in story.prices.items()},
        tuple(replace(intent, units=intent.units // by) for intent in story.intents),
        tuple((symbol, side, units // by) for symbol, side, units in story.held),
        story.restarts,
    )


@QUICK
@given(stories(), st.sampled_from((2, 8)))
def test_the_unit_of_a_symbol_does_not_matter(story: Story, k: int) -> None:
    """k is a power of two and quantities are multiples of k/64: no product, quotient or logarithm rounds
    differently. One opening per key, for an average of several entry prices is rounded to 1e-8 USD.
    """
    whole = replace(
        story,
        intents=tuple(replace(intent, units=intent.units * 8) for intent in story.intents),
        held=tuple((symbol, side, units * 8) for symbol, side, units in story.held),
    )
    one, other = (play(scenario_of(s, limits=OPEN_GATES, past=True)) for s in (whole, scaled(whole, k)))
    stems = (*ALONE, "symbol_scores_v6", "rv_momentum", "factor_diagnostics")
    assert_same(one, other, stems, SCALED)
    for left, right in zip(one.all("positions_state", "positions"), other.all("positions_state", "positions"),
                           strict=True):  # fmt: skip
        assert [(row["entry_price"] * k, row["mark_price"] * k, row["qty"] / k) for row in left] == [
            (row["entry_price"], row["mark_price"], row["qty"]) for row in right
        ]


def mirrored(story: Story) -> Story:
    """Every price p becomes 2c - p, c the symbol's first price; LONG becomes SHORT."""
    other: dict[Side, Side] = {"LONG": "SHORT", "SHORT": "LONG"}
    return replace(
        story,
        prices={symbol: tuple(2 * walk[0] - p for p in walk) for symbol, walk in story.prices.items()},
        intents=tuple(replace(intent, side=other[intent.side]) for intent in story.intents),
        held=tuple((symbol, other[side], units) for symbol, side, units in story.held),
    )


MONEY = ("nav", "nav_usd", "nav_total")


@QUICK
@given(stories(levels=False, restarts=False))
def test_swapped_sides_and_mirrored_prices_earn_the_same(story: Story) -> None:
    """Without levels of its own: seeded ones are multiples of the price, which mirroring changes."""
    groups: dict[str, Any] = {**NO_LIMITS, "tp_sl": {"seed": False}}
    one, other = (play(scenario_of(s, **groups)) for s in (story, mirrored(story)))
    for name in MONEY:
        assert one.all("nav", name) == other.all("nav", name)
    assert one.all("risk_snapshot", "drawdown") == other.all("risk_snapshot", "drawdown")
    for left, right in zip(one.all("positions_state", "positions"), other.all("positions_state", "positions"),
                           strict=True):  # fmt: skip
        pnl = {(r["symbol"], -r["qty"]): (r["unrealized_pnl"], r["realized_pnl"]) for r in left}
        assert pnl == {(r["symbol"], r["qty"]): (r["unrealized_pnl"], r["realized_pnl"]) for r in right}


def split(story: Story) -> Story:
    """Every opening in two of half its size."""
    halves: list[Intent] = []
    for intent in story.intents:
        if intent.opens:
            halves += [replace(intent, units=intent.units // 2)] * 2
        else:
            halves.append(intent)
    return replace(story, intents=tuple(halves))


@QUICK
@given(stories(adding=True))
def test_one_fill_or_two_of_half_the_size_differ_in_counts_only(story: Story) -> None:
    """Sizes are multiples of 8/64, so that half of one is worth whole micro-USD at any price in cents."""
    even = replace(story, intents=tuple(replace(intent, units=intent.units * 8) for intent in story.intents))
    limits = {**OPEN_GATES, "allow_add": True}
    one, other = (play(scenario_of(s, limits=limits)) for s in (even, split(even)))
    assert_same(one, other, (*ALONE, "symbol_scores_v6", "rv_momentum", "factor_diagnostics"), COUNTS)


@QUICK
@given(stories(adding=True, restarts=False), st.data())
def test_a_restart_at_a_standing_price_changes_no_position_and_no_level(
    story: Story, data: st.DataObject
) -> None:
    """Nothing but the times of the files differs, the age of every entry included."""
    loop = data.draw(st.integers(2, story.loops))
    still = replace(
        story,
        prices={
            symbol: tuple(walk[min(n, loop - 2)] for n in range(story.loops))
            for symbol, walk in story.prices.items()
        },
        intents=tuple(intent for intent in story.intents if intent.loop < loop),
        restarts=(Restart(loop),),
    )
    played = play(scenario_of(still, limits={**OPEN_GATES, "allow_add": True}))
    for stem, part in (("positions_state", "positions"), ("positions_ledger", "entries"),
                       ("positions_ledger", "tp_sl_levels"), ("position_tp_sl", "entries")):  # fmt: skip
        kept = played.at(loop - 1, stem)[part]
        assert [played.at(later, stem)[part] for later in range(loop, story.loops + 1)] == [kept] * (
            story.loops + 1 - loop
        )
