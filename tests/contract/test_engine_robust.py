"""No tree, however damaged, makes a rule raise."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import msgspec
from good_tree import World
from hypothesis import given, settings, strategies as st

import simkit.contract.rules  # noqa: F401
from simkit.contract.finding import RULES

STRANGE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    -(10**30),
    1e308,
    -1e308,
    0.0,
    "",
    "x",
    "2025-01-06T00:00:00Z",
    "9" * 40,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"a": None},
    "BTCUSDT:LONG",
    5e-324,
    "0001-01-01T00:00:00+23:59",
]


def _places(value: Any, out: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        out.append((value, key))
        _places(value[key], out)
    return out


def _damage(doc: Any, draw: random.Random, times: int) -> None:
    for _ in range(times):
        places = _places(doc, [])
        if not places:
            return
        holder, key = draw.choice(places)
        kind = draw.randrange(5)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            other, name = draw.choice(places)
            try:
                holder[key], other[name] = msgspec.json.decode(msgspec.json.encode(other[name])), holder[key]
            except (KeyError, IndexError):
                continue
        elif kind == 2 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = holder[key] * draw.choice([-1, 0, 100, 0.01, 1e200])
        elif kind == 3 and isinstance(holder, dict):
            holder[draw.choice(["", "qty", "A:B:C", "updated_ts"])] = copy.deepcopy(draw.choice(STRANGE))
        else:
            holder[key] = copy.deepcopy(draw.choice(STRANGE))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 30))
def test_no_edit_of_a_tree_makes_a_rule_raise(seed: int, times: int) -> None:
    draw, world = random.Random(seed), World()
    for loop in world.loops:
        for stem in draw.sample(sorted(loop.docs), 4):
            _damage(loop.docs[stem], draw, times)
            data = json.dumps(loop.docs[stem]).encode()
            loop.raw[stem] = data[: draw.randrange(len(data))] if draw.randrange(6) == 0 else data
    for _, verdict in world.judged(list(RULES.values())):
        assert verdict.evaluated + len(verdict.not_evaluated) == len(RULES)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(docs=st.lists(st.sampled_from(STRANGE), min_size=15, max_size=15))
def test_no_document_at_all_makes_a_rule_raise(docs: list[Any]) -> None:
    world = World()
    for loop in world.loops:
        for stem, doc in zip(loop.docs, docs, strict=False):
            loop.raw[stem] = json.dumps(doc).encode()
    assert all(isinstance(v.evaluated, int) for _, v in world.judged(list(RULES.values())))
