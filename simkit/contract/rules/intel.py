"""Rules on S9 symbol_scores and S10 rv_momentum, and on when intel files change (INV-S01..S06, INV-M01).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import foreign, saw, unharnessed
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_SCORE, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num, obj, rows_of, when
from simkit.contract.view import INTEL, view

_SCORES = "symbol_scores_v6"
_RV = "rv_momentum"
#: What stands for router quality where there is no data (B-HYB-1).
_NO_DATA = 0.5


def _rows(look: Look) -> list[tuple[int, Doc]]:
    rows = rows_of(look.docs[_SCORES].get("symbols"))
    return [(index, row) for index, row in enumerate(rows) if type(row) is dict]


@rule(
    "INV-S01",
    (
        "each row or entry has hybrid_score and hybrid{router_quality_score, passes_emission, "
        "min_for_emission}"
    ),
    source="tbl",
    surfaces=("S9",),
    reads=("symbol_scores_v6",),
    kind="W",
    tier="contract",
    example="a row without hybrid",
    part="symbol_scores_v6",
)
def score_rows_are_complete(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    if type(look.docs[_SCORES].get("symbols")) is not list:
        out.append(found(_SCORES, "symbols", look.docs[_SCORES].get("symbols", "absent"), "must be a list"))
    for index, row in _rows(look):
        hybrid = obj(row.get("hybrid"))
        if num(row.get("hybrid_score")) is None:
            out.append(
                found(
                    _SCORES,
                    f"symbols[{index}].hybrid_score",
                    row.get("hybrid_score", "absent"),
                    "must be a number",
                )
            )
        for name in ("router_quality_score", "passes_emission", "min_for_emission"):
            if name not in hybrid:
                out.append(found(_SCORES, f"symbols[{index}].hybrid.{name}", "absent", "must be there"))
    return out


@rule(
    "INV-S02",
    "passes_emission ⇔ hybrid_score ≥ min_for_emission",
    source="sys",
    surfaces=("S9",),
    reads=("symbol_scores_v6",),
    kind="W",
    tier="contract",
    example="0.35 exactly → false",
    part="symbol_scores_v6",
)
def emission_follows_the_score(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for index, row in _rows(look):
        hybrid = obj(row.get("hybrid"))
        score, least, passes = (
            num(row.get("hybrid_score")),
            num(hybrid.get("min_for_emission")),
            hybrid.get("passes_emission"),
        )
        if score is not None and least is not None and passes is not (score >= least):
            if (
                type(passes) is bool
                and near(score, least)
                and saw(look, "A-35", "exclusive", f"{_SCORES}.symbols")
            ):
                continue
            out.append(
                found(
                    _SCORES,
                    f"symbols[{index}].hybrid.passes_emission",
                    passes,
                    f"score {score}, minimum {least}",
                )
            )
    return out


@rule(
    "INV-S03",
    "score = hybrid.score = hybrid_score ∈ 0..1",
    source="sys",
    surfaces=("S9",),
    reads=("symbol_scores_v6",),
    kind="W",
    tier="reading",
    example="hybrid_score 0.45, hybrid.score 0.44",
    part="symbol_scores_v6",
)
def score_is_one_number(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for index, row in _rows(look):
        score = num(row.get("hybrid_score"))
        if score is None:
            continue
        place = f"symbols[{index}].hybrid_score"
        if not 0 <= score <= 1:
            out.append(found(_SCORES, place, score, "must lie in 0..1"))
        for name, value in (
            ("score", row.get("score")),
            ("hybrid.score", obj(row.get("hybrid")).get("score")),
        ):
            other = num(value)
            if other is None or near(other, score, HALF_SCORE * 2):
                continue
            if not saw(look, "A-36", f"{name} is another score", f"{_SCORES}.symbols"):
                out.append(found(_SCORES, f"symbols[{index}].{name}", other, f"hybrid_score is {score}"))
    return out


@rule(
    "INV-S04",
    "router_quality_score = S8's value at the intel run (or documented default)",
    source="sys",
    surfaces=("S8", "S9"),
    reads=("symbol_scores_v6", "router_health"),
    kind="X",
    tier="reference",
    severity="W",
    example="router_quality_score 0.5 while S8 says 0.8",
)
def router_scores_agree(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    if times[_SCORES] != times["router_health"]:
        return ()
    routed = obj(obj(look.docs["router_health"].get("router_health")).get("per_symbol"))
    out: list[Found] = []
    for index, row in _rows(look):
        stated = num(obj(row.get("hybrid")).get("router_quality_score"))
        score = num(obj(routed.get(str(row.get("symbol")))).get("quality_score"))
        wanted = _NO_DATA if score is None else score
        if stated is not None and not near(stated, wanted, HALF_SCORE * 2):
            place = f"symbols[{index}].hybrid.router_quality_score"
            out.append(found(_SCORES, place, stated, f"router_health has {score}"))
    return out


@rule(
    "INV-S05",
    "rows sorted by score descending; symbols unique",
    source="sys",
    surfaces=("S9",),
    reads=("symbol_scores_v6",),
    kind="W",
    tier="reference",
    severity="W",
    example="0.40 listed before 0.45",
    part="symbol_scores_v6",
)
def rows_are_ranked(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    last: float | None = None
    seen: dict[object, int] = {}
    for index, row in _rows(look):
        score, symbol = num(row.get("hybrid_score")), str(row.get("symbol"))
        if score is not None:
            if last is not None and score > last:
                out.append(
                    found(
                        _SCORES, f"symbols[{index}].hybrid_score", score, f"above the row before it, {last}"
                    )
                )
            last = score
        if symbol in seen:
            out.append(found(_SCORES, f"symbols[{index}].symbol", symbol, f"also in row {seen[symbol]}"))
        seen.setdefault(symbol, index)
    return out


@rule(
    "INV-S06",
    "S9, S10, S11 change only in intel loops and share that loop's time",
    source="tbl (A-34)",
    surfaces=("S9", "S10", "S11"),
    reads=(),
    kind="T",
    tier="reading",
    example="re-written each loop",
)
def intel_changes_only_when_due(look: Look, memory: Memory) -> Outcome:
    """Due are L1, L1 + every, ... and the first loop of a run."""
    before = look.before
    if before is None:
        return NO_BEFORE
    changed = [stem for stem in INTEL if look.raw.get(stem) is not before.raw.get(stem)]
    changed = [stem for stem in changed if look.raw.get(stem) != before.raw.get(stem) and stem in look.raw]
    if not changed:
        return ()
    if unharnessed(look):
        return _one_intel_time(look, changed)
    every = look.settings.intel.every
    due = (every > 0 and (look.loop - 1) % every == 0) or (look.truth is not None and look.truth.new_run)
    times = view(look).times
    out: list[Found] = []
    for stem in changed:
        at = times.get(stem)
        if not due:
            out.append(found(stem, "", look.loop, f"written anew although intel runs every {every} loops"))
        elif at != look.ts:
            out.append(
                found(stem, "updated_ts", at and when(at), f"must be the time of this loop, {when(look.ts)}")
            )
    return out


def _one_intel_time(look: Look, changed: list[str]) -> Outcome:
    """From outside: nobody knows when intel is due, but what changes together carries one time."""
    if foreign(look) is not None:
        for stem in changed:
            saw(look, "A-34", "written with its own time", stem)
        return ()
    times = view(look).times
    first = times.get(changed[0])
    return [
        found(
            stem, "updated_ts", at and when(at), f"{changed[0]} of the same run has {first and when(first)}"
        )
        for stem in changed
        if (at := times.get(stem)) != first
    ]


@rule(
    "INV-M01",
    "abs(score) ≤ 1; per_symbol keys = universe",
    source="sys",
    surfaces=("S10",),
    reads=("rv_momentum",),
    kind="W",
    tier="reference",
    example="score 1.2",
    part="rv_momentum",
)
def rv_scores_are_bounded(look: Look, memory: Memory) -> Outcome:
    per_symbol = obj(look.docs[_RV].get("per_symbol"))
    out: list[Found] = []
    for symbol, row in per_symbol.items():
        score = num(obj(row).get("score"))
        if score is not None and not -1 <= score <= 1:
            out.append(found(_RV, f"per_symbol[{symbol}].score", score, "must lie in -1..1"))
    if look.truth is None:
        return out or NO_TRUTH
    missing = [symbol for symbol in look.truth.universe if symbol not in per_symbol]
    further = [symbol for symbol in per_symbol if symbol not in look.truth.universe]
    if missing or further:
        out.append(
            found(_RV, "per_symbol", sorted(per_symbol), f"missing {missing}, not in the universe {further}")
        )
    return out
