"""Rules on liveness and the times inside S6 (INV-D02, D19..D21).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import foreign
from simkit.contract.look import Look
from simkit.contract.tolerance import HALF_SECONDS, near
from simkit.contract.values import found, need, num, when
from simkit.contract.view import view

_STEM = "diagnostics"
_LIVE = "runtime_diagnostics.liveness"
_SOURCES = tuple(
    (f"idle_{word}", f"{word}_idle_seconds", stamp)
    for word, stamp in (
        ("signals", "last_signal_ts"),
        ("orders", "last_order_ts"),
        ("exits", "last_exit_trigger_ts"),
        ("router", "last_router_event_ts"),
    )
)


@rule(
    "INV-D02",
    "liveness has details and missing",
    source="tbl",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="liveness without missing",
)
def liveness_has_its_maps(look: Look, memory: Memory) -> Outcome:
    live = view(look).live
    return [
        found(_STEM, f"{_LIVE}.{name}", live.get(name, "absent"), "must be there")
        for name in ("details", "missing")
        if type(live.get(name)) is not dict and not (name == "missing" and type(live.get(name)) is list)
    ]


@rule(
    "INV-D19",
    "last_router_event_ts ≥ last_order_ts",
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="reference",
    example="last_order_ts later than last_router_event_ts",
)
def router_event_is_not_before_the_order(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    order, event = seen.stamps["last_order_ts"], seen.stamps["last_router_event_ts"]
    if order is None or (event is not None and event >= order):
        return ()
    place = "runtime_diagnostics.exit_pipeline.last_router_event_ts"
    return [
        found(_STEM, place, seen.pipeline.get("last_router_event_ts"), f"the last order was at {when(order)}")
    ]


@rule(
    "INV-D20",
    "flags, details, missing obey B-LIVE-3/4 for the configured thresholds",
    source="tbl, sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="reference",
    example="missing true, flag false",
)
def liveness_follows_the_thresholds(look: Look, memory: Memory) -> Outcome:
    """A check whose threshold is 0 must not raise its flag; its seconds are not judged (B-LIVE-4)."""
    seen, settings = view(look), look.settings.liveness
    live = seen.live
    details, missing = live.get("details"), live.get("missing")
    published = seen.counters.keys() | seen.pipeline.keys() if foreign(look) is not None else None
    now = need(seen.times[_STEM], "the time of diagnostics")
    if type(details) is not dict or type(missing) is not dict:
        raise LackingError("liveness has no details or no missing")
    out: list[Found] = []
    if not settings.enabled:
        for name in ("details", "missing"):
            if live[name]:
                out.append(
                    found(_STEM, f"{_LIVE}.{name}", live[name], "liveness is disabled, so it is empty")
                )
    limits = (settings.signals_s, settings.orders_s, settings.exits_s, settings.router_s)
    for (idle, key, stamp), limit in zip(_SOURCES, limits, strict=True):
        at = seen.stamps[stamp]
        if published is not None and (stamp not in published or idle not in live or key not in details):
            continue  # a foreign tree need not publish it
        flag, absent = False, False
        if settings.enabled and limit > 0:
            absent = at is None
            seconds = limit + 1 if at is None else max(0, now - at) / 1_000_000
            flag = absent or seconds > limit
            stated = num(details.get(key))
            if stated is None or (stated != seconds and not near(stated, seconds, HALF_SECONDS)):
                out.append(
                    found(_STEM, f"{_LIVE}.details.{key}", details.get(key, "absent"), f"must be {seconds}")
                )
        if live.get(idle) is not flag:
            out.append(found(_STEM, f"{_LIVE}.{idle}", live.get(idle, "absent"), f"threshold {limit} s"))
        if missing.get(key, False) is not absent:
            out.append(
                found(_STEM, f"{_LIVE}.missing.{key}", missing.get(key), f"{stamp} is {at and when(at)}")
            )
    return out


@rule(
    "INV-D21",
    "every timestamp inside S6 ≤ updated_ts",
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="reading",
    example="last_signal_ts a minute after updated_ts",
)
def inner_times_are_not_ahead(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    now = need(seen.times[_STEM], "the time of diagnostics")
    return [
        found(_STEM, f"runtime_diagnostics.{name}", when(at), f"later than updated_ts {when(now)}")
        for name, at in seen.stamps.items()
        if at is not None and at > now
    ]
