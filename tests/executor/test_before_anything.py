"""Nav, router, desk, state: what holds before anything has happened, and figures of the contract in so many words."""

from __future__ import annotations

import pytest
from exec_drive import START, usd

from simkit.core.settings import RouterSettings
from simkit.executor import router
from simkit.executor.nav import Day
from simkit.executor.router import BROKEN, RouterStats, quality_score
from simkit.executor.state import RouterPart


def test_a_day_that_began_without_a_nav_opens_with_the_first_one() -> None:
    day = Day()
    day.see(usd(1_000), usd(1_000))
    assert day.kept(usd(1_000), START).opening_nav == usd(1_000)


def test_without_an_attempt_none_has_failed() -> None:
    part = RouterStats(RouterSettings()).snapshot(START)
    assert (part.maker_off, part.fallback_ratio) == (0, 0.0)
    assert (
        RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "GENERIC", 0.0, 0, 0, 0, 0).fallback_ratio == 0.0
    )


def test_quality_below_a_fifth_is_broken_and_no_score_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BROKEN == 0.2
    monkeypatch.setitem(router._CLASS_BONUS, "C_LOW", -0.9)
    assert quality_score("C_LOW", "RED", "SLOW", 0.0) == 0.2


def test_what_lies_below_is_counted_as_broken_and_makes_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    for least, counts in ((0.35, (1, 0)), (0.36, (0, 1))):
        monkeypatch.setattr(router, "BROKEN", least)
        stats = RouterStats(RouterSettings())
        stats.fill("DOGEUSDT", START, START + 1_000_000, 10_000, 10_100, 10**8, 10**8, False)
        part = stats.snapshot(START + 1_000_000)
        assert (part.rows[0].score, (part.degraded, part.broken)) == (0.35, counts)
        assert stats.may_make("DOGEUSDT", START + 1_000_000) is (counts == (1, 0))
