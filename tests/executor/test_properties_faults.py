"""Random faults of market and venue over random scenarios: only the rules that such a fault must trip speak up.

INV-P07 and INV-N07 speak of what no log explains, INV-N06 of a NAV that is not live, INV-L08 of levels that an intent
names at a price that the fill was far from. A mark that is no number freezes one file: every rule that compares it with
those that go on may speak, but only while it lasts and in the loop after it.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from msgspec.structs import replace
from random_scenarios import NO_LIMITS, VENUES, Story, play, scenario_of, stories

from simkit.core.numeric import USD
from simkit.scenario import model as m

ONCE: Final[dict[str, Any]] = {
    "deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow],
}  # fmt: skip
QUICK = settings(max_examples=15, phases=[Phase.generate], **ONCE)
LONG = settings(max_examples=1000, **ONCE)

UNLOGGED: Final = frozenset({"INV-P07", "INV-N07"})
LEVELS: Final = frozenset({"INV-L08"})
NONE: Final[frozenset[str]] = frozenset()
WHILE_IT_LASTS: Final = frozenset({"any rule"})


@st.composite
def faults(draw: st.DrawFn, story: Story) -> tuple[m.Fault, frozenset[str]]:
    """A fault, and the error-level rules that it may trip."""
    first = draw(st.integers(1, story.loops))
    at = m.Loops(first, draw(st.integers(first, story.loops)))
    once = m.Loops(first, first)
    one = draw(st.sampled_from(["", *story.prices]))
    symbol, side = draw(st.sampled_from(list(story.prices))), draw(st.sampled_from(["LONG", "SHORT"]))
    return draw(st.sampled_from([
        (m.PriceGap(at, draw(st.sampled_from([-0.08, 0.05])), one), LEVELS), (m.FeedStall(at, one), LEVELS),
        (m.BadMark(at, "nan", one), WHILE_IT_LASTS), (m.StaleBook(at, one), LEVELS),
        (m.BadBalance(at), frozenset({"INV-N06", "INV-N07"})), (m.FundingShock(at, 300.0, one), NONE),
        (m.Liquidation(once, symbol, side), UNLOGGED), (m.UndeclaredTransfer(once, -500 * USD), UNLOGGED),
        (m.WideSpread(at, 80.0, one), LEVELS), (m.DepthGone(at, one), NONE), (m.PartFill(at, 0.4, one), NONE),
        (m.RateLimit(at, 1), NONE), (m.OrderRefused(at, one), NONE),
        (m.AckFault(at, draw(st.sampled_from(["lost", "late", "duplicated"])), one), NONE),
        (m.FillFault(at, "duplicated", one), NONE),
        (m.FillFault(at, draw(st.sampled_from(["lost", "late", "out_of_order"])), one), UNLOGGED),
    ]))  # fmt: skip


def only_what_must(data: st.DataObject, story: Story, venue: m.VenueProfile, past: bool) -> None:
    fault, may = data.draw(faults(story))
    of = replace(scenario_of(story, venue=venue, past=past, **NO_LIMITS), faults=(fault,))
    played = play(of)
    if may is not WHILE_IT_LASTS:
        assert [error for error in played.errors if error.split()[0] not in may] == []
        return
    first, last = fault.at.first, fault.at.last + 1
    spans = [(tally.rule, span) for tally in played.tallies for span in tally.loops]
    assert [found for found in spans if not first <= found[1].first <= found[1].last <= last] == []


@QUICK
@given(st.data(), stories(adding=True, restarts=False), st.sampled_from(VENUES), st.booleans())
def test_a_fault_of_the_venue_trips_only_the_rules_that_it_must(
    data: st.DataObject, story: Story, venue: m.VenueProfile, past: bool
) -> None:
    only_what_must(data, story, venue, past)


@pytest.mark.slow
@LONG
@given(st.data(), stories(adding=True, restarts=False), st.sampled_from(VENUES), st.booleans())
def test_a_fault_of_the_venue_trips_only_the_rules_that_it_must_in_many_scenarios(
    data: st.DataObject, story: Story, venue: m.VenueProfile, past: bool
) -> None:
    only_what_must(data, story, venue, past)
