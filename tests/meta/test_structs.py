"""What passes between the rooms cannot be changed, and costs the garbage collector nothing."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest
from msgspec import Struct

from simkit.exchange import orders
from simkit.executor import factors, intel, port, request, risk_mode, scores, state, strategy
from simkit.market import ticks
from simkit.scenario import model
from simkit.scenario.faults import base, book, files, market, process
from simkit.surfaces import mirror

PASSED_ON = (state, port, orders, ticks, model, base, book, files, market, process)


def structs(module: ModuleType) -> list[type[Struct]]:
    """Those that the module defines itself."""
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass)]
    return [kind for kind in found if issubclass(kind, Struct) and kind.__module__ == module.__name__]


@pytest.mark.parametrize(
    "kind", [kind for module in PASSED_ON for kind in structs(module)], ids=lambda kind: kind.__qualname__
)
def test_what_is_passed_on_is_frozen_and_untracked(kind: type[Struct]) -> None:
    config = kind.__struct_config__
    assert config.frozen
    assert not config.gc


@pytest.mark.parametrize(
    "kind",
    [
        scores.Realised,
        intel.Conditions,
        intel.SymbolView,
        factors.RawVector,
        risk_mode.Inputs,
        strategy.Crossing,
        mirror.Source,
    ],
    ids=lambda kind: kind.__qualname__,
)
def test_what_a_room_shows_itself_is_frozen_too(kind: type[Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.gc


@pytest.mark.parametrize("kind", [request.Request, request.Seen], ids=lambda kind: kind.__qualname__)
def test_what_the_gates_see_is_frozen(kind: type[Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_every_room_has_some() -> None:
    assert all(structs(module) for module in PASSED_ON)
