"""Rules on what readers do to a tree and on a second run (INV-G14, G15, G17).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simkit.contract.finding import Found, Memory, NotEvaluated, Outcome, Tier, rule
from simkit.contract.health import health_report
from simkit.contract.look import Look
from simkit.contract.readers import decode, read_object
from simkit.contract.table import IDENTITY_FIELDS, by_stem
from simkit.contract.values import found

Loader = Callable[[str, bytes | None], object]

_ALL = ("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11")
_NOT_REREAD = NotEvaluated("no harness compared the folder before and after a reader")
_ONE_RUN = NotEvaluated("one run cannot say; a second run or the comparison with a golden does")


@rule(
    "INV-G14",
    (
        "loaders return defaults and raise nothing for any subset of missing, empty, truncated or "
        "wrong-typed files"
    ),
    source="rul, tim",
    surfaces=_ALL,
    reads=(),
    kind="X",
    tier="contract",
    example="kpis loader raises on a JSON array",
)
def loaders_never_raise(look: Look, memory: Memory) -> Outcome:
    """The loader of the harness reads every changed file and what is missing. Without one it is the contract's
    own: it has read what is readable to make this look, so it is tried on each file when it is new and on
    what is damaged or missing."""
    loader, before = look.truth.loader if look.truth is not None else None, look.before
    if loader is None and before is not None and look.names == before.names and not look.unreadable:
        return ()
    old = before.raw if before is not None else {}
    out: list[Found] = []
    for stem, data in look.raw.items():
        if old.get(stem) is not data or stem in look.unreadable:
            out += _tried(loader or decode, stem, data, look)
    missing = [stem for stem in by_stem if stem not in look.raw]
    for stem in missing:
        out += _tried(loader or decode, stem, None, look)
    if missing or look.unreadable or before is None:
        try:
            health_report(look.docs, look.unreadable, look.ts)
        except Exception as problem:
            out.append(found("", "", type(problem).__name__, f"the health report raises: {problem}"))
    return out


def _tried(load: Loader, stem: str, data: bytes | None, look: Look) -> list[Found]:
    """What is wrong with how the loader reads one file. The contract speaks of missing files; what stands in a
    damaged one is judged at the tier of our reading."""
    reason = "is missing" if data is None else look.unreadable.get(stem, "")
    tier: Tier | None = "reference" if data is not None and reason else None
    try:
        value = load(stem, data)
    except Exception as problem:
        text = f"the loader raises: {problem}"
        return [found(stem, "", type(problem).__name__, text, tier)]
    if value and reason:
        return [found(stem, "", value, f"must be the default: the file {reason}", tier)]
    return []


@rule(
    "INV-G15",
    "reading (dashboard) changes no byte and creates no file",
    source="rul (read-only)",
    surfaces=_ALL,
    reads=(),
    kind="J",
    tier="contract",
    example="loader heals a corrupt file in place",
    judged_by="tests of the reader, which compare the folder before and after it",
)
def reading_leaves_no_trace(look: Look, memory: Memory) -> Outcome:
    """By the folder before and after a reader, where a harness has compared them."""
    reread = look.truth.reread if look.truth is not None else None
    if reread is None:
        return _NOT_REREAD
    before, after = reread
    out = [
        found(_stem(path), "", path, "gone after it was read" if path not in after else "changed by reading")
        for path, data in before.items()
        if after.get(path) != data
    ]
    return out + [found(_stem(path), "", path, "created by reading") for path in after if path not in before]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


@rule(
    "INV-G17",
    (
        "same scenario and seed → byte-identical trees; identity fields (engine_version, git_commit, run_id, "
        "hostname, pid) are compared for presence and type only; a difference only in raw bytes, equal in "
        "canonical form, is of the kind `format`"
    ),
    source="kit",
    surfaces=(),
    reads=(),
    kind="T",
    tier="reference",
    example="wall-clock leak in age_s",
    judged_by="the comparison with a golden in `simkit check`, and tests that run a scenario twice",
)
def two_runs_are_one(look: Look, memory: Memory) -> Outcome:
    """Against the same loop of a second run, where a harness has made one."""
    second = look.truth.second_run if look.truth is not None else None
    if second is None:
        return _ONE_RUN
    out: list[Found] = []
    for stem, data in look.raw.items():
        other = second.get(stem)
        if other is None:
            out.append(found(stem, "", "absent", "no such file in the second run"))
        elif other != data:
            out += _differing(stem, data, other)
    return out + [
        found(stem, "", "absent", "only in the second run") for stem in second if stem not in look.raw
    ]


def _differing(stem: str, data: bytes, other: bytes) -> list[Found]:
    one, two = read_object(data)[0], read_object(other)[0]
    if one is None or two is None:
        return [found(stem, "", "bytes", "the second run has other bytes")]
    if one == two:
        return [found(stem, "", "format", "the same document in other bytes in the second run")]
    return [
        found(stem, name, one.get(name, "absent"), f"the second run has {two.get(name, 'absent')}")
        for name in sorted(one.keys() | two.keys())
        if _anonymous(one.get(name, _ABSENT), name) != _anonymous(two.get(name, _ABSENT), name)
    ]


_ABSENT = "\0absent"


def _anonymous(value: Any, name: str = "") -> Any:
    """The value with identity fields replaced by their type."""
    if name in IDENTITY_FIELDS and value is not _ABSENT:
        return type(value).__name__
    if type(value) is dict:
        return {key: _anonymous(item, key) for key, item in value.items()}
    if type(value) is list:
        return [_anonymous(item) for item in value]
    return value
