"""The house of DESIGN: imports go left only, and time, randomness, environment and files pass through one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "simkit"

#: What each room may import of simkit, beside itself. A name with a dot is one module of a room.
ALLOWED: dict[str, frozenset[str]] = {
    "core": frozenset(),
    "contract": frozenset({"core"}),
    "scenario": frozenset({"core", "contract"}),
    "market": frozenset({"core", "scenario.model"}),
    "exchange": frozenset({"core", "scenario.model", "scenario.script", "market"}),
    "executor": frozenset({"core", "exchange.orders", "market.ticks", "scenario.model"}),
    "surfaces": frozenset({
        "core", "contract", "exchange.orders", "executor.port", "executor.state", "scenario.model", "scenario.script",
    }),
    "trace": frozenset({
        "core", "contract", "exchange.orders", "executor.port", "market.ticks", "scenario.model",
    }),
    "judge": frozenset({"core", "contract", "exchange.orders", "scenario.model", "trace", "executor.port"}),
    "golden": frozenset({"core", "contract", "trace"}),
    "sanitize": frozenset({"core", "contract"}),
    "report": frozenset({"core", "contract", "scenario", "trace", "judge", "golden"}),
    "sweep": frozenset({
        "core", "contract", "executor.reference", "scenario", "surfaces", "trace", "judge",
        "report.words", "run",
    }),
    "coverage": frozenset({
        "core", "contract", "dialect", "scenario", "trace", "judge", "report.words", "run", "targets", "bug",
    }),
}  # fmt: skip

#: Who may import the pipeline.
MAY_RUN = frozenset({"check", "cli", "coverage", "sweep", "pytest_plugin", "__main__"})


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    """`room.module` below the package, without the package's own name."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name (below simkit) of every simkit import, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("simkit."):
                    yield node.lineno, alias.name.removeprefix("simkit.")
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "simkit":
                for alias in node.names:
                    yield node.lineno, alias.name
            elif node.module.startswith("simkit."):
                base = node.module.removeprefix("simkit.")
                if "." in base:
                    yield node.lineno, base
                else:
                    for alias in node.names:
                        yield node.lineno, f"{base}.{alias.name}"


def wrong_arrows(room: str, source: str) -> list[str]:
    """Imports of a module in `room` that do not go left, as `line N: room -> target`."""
    allowed = ALLOWED[room] | {room}
    wrong = []
    for line, target in imported(ast.parse(source)):
        head = target.split(".")[0]
        if (
            head in allowed
            or head == "__version__"
            or target in allowed
            or any(target.startswith(f"{name}.") for name in allowed)
        ):
            continue
        wrong.append(f"line {line}: {room} -> {target}")
    return wrong


@pytest.mark.parametrize("file", modules(), ids=module_name)
def test_imports_go_left_only(file: Path) -> None:
    room = module_name(file).split(".")[0]
    source = file.read_text(encoding="utf-8")
    if room in ALLOWED:
        assert wrong_arrows(room, source) == [], f"{file.relative_to(ROOT)} imports what stands to its right"
    if room not in MAY_RUN:
        assert (
            "run" not in {target.split(".")[0] for _, target in imported(ast.parse(source))} or room == "run"
        )


def test_an_arrow_to_the_right_is_found() -> None:
    assert wrong_arrows("executor", "from simkit.surfaces import publish") == [
        "line 1: executor -> surfaces.publish"
    ]
    assert wrong_arrows("contract", "def f():\n    import simkit.executor.var\n") == [
        "line 2: contract -> executor.var"
    ]
    assert wrong_arrows("executor", "from simkit.exchange.orders import Order") == []
    assert wrong_arrows("executor", "from simkit.exchange.venue import Venue") == [
        "line 1: executor -> exchange.venue"
    ]


def test_every_room_is_known() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms - {"cli"} == set(ALLOWED)


# Doors -----------------------------------------------------------------------------------------------------

BANNED_MODULES = {
    "time": "core.clock",
    "random": "core.prng",
    "uuid": "ids that are pure functions of their inputs",
    "secrets": "core.prng",
    "locale": "nothing: no output depends on it",
}
BANNED_CALLS = {
    "open": "core.files",
    "os.open": "core.files",
    "os.environ": "core.environment",
    "os.getenv": "core.environment",
    "os.urandom": "core.prng",
    "os.replace": "core.files",
    "os.rename": "core.files",
    "datetime.now": "core.clock",
    "datetime.utcnow": "core.clock",
    "datetime.today": "core.clock",
    "date.today": "core.clock",
    "hash": "core.hashing: the built-in differs between processes",
    "id": "nothing: addresses differ between processes",
}
#: Rooms that run inside a scenario or decide what it publishes: floats are never added by the built-in `sum`.
NUMERIC_ROOMS = ("contract", "market", "exchange", "executor", "surfaces", "judge")


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def is_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call) and dotted(node.func) in ("set", "frozenset")
    )


def through_no_door(source: str) -> list[str]:
    """Every use of time, randomness, environment, files or set order outside its door, as `line N: what, use X`."""
    lines = source.splitlines()
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.split(".")[0]
                if head in BANNED_MODULES:
                    found.append((node.lineno, f"{head}, use {BANNED_MODULES[head]}"))
        elif isinstance(node, ast.ImportFrom) and node.module in BANNED_MODULES:
            found.append((node.lineno, f"{node.module}, use {BANNED_MODULES[node.module]}"))
        elif isinstance(node, ast.Call | ast.Attribute):
            name = dotted(node.func if isinstance(node, ast.Call) else node)
            if isinstance(node, ast.Attribute) and name != "os.environ":
                continue
            if name in BANNED_CALLS:
                found.append((node.lineno, f"{name}, use {BANNED_CALLS[name]}"))
        elif isinstance(node, ast.For | ast.comprehension) and is_set(node.iter):
            found.append((node.iter.lineno, "iteration over a set, use sorted(...)"))
    return [
        f"line {line}: {what}" for line, what in sorted(set(found)) if "# det-ok: " not in lines[line - 1]
    ]


@pytest.mark.parametrize(
    "file", [file for file in modules() if not module_name(file).startswith("core")], ids=module_name
)
def test_time_randomness_and_files_pass_through_their_doors(file: Path) -> None:
    assert through_no_door(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import time\n", ["line 1: time, use core.clock"]),
        ("from random import random\n", ["line 1: random, use core.prng"]),
        ("x = open('a')\n", ["line 1: open, use core.files"]),
        ("import os\ny = os.environ['A']\n", ["line 2: os.environ, use core.environment"]),
        ("for a in {1, 2}: pass\n", ["line 1: iteration over a set, use sorted(...)"]),
        ("b = [a for a in set('ab')]\n", ["line 1: iteration over a set, use sorted(...)"]),
        ("from datetime import datetime\nd = datetime.now()\n", ["line 2: datetime.now, use core.clock"]),
        ("import time  # det-ok: the example\n", []),
        ("for a in sorted({1, 2}): pass\n", []),
    ],
)
def test_a_way_round_a_door_is_found(source: str, expected: list[str]) -> None:
    assert through_no_door(source) == expected


def float_sums(source: str) -> list[int]:
    """Lines that call the built-in `sum` without the remark that it adds integers."""
    lines = source.splitlines()
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and dotted(node.func) == "sum"
        and "# ints" not in lines[node.lineno - 1]
        and "# det-ok: " not in lines[node.lineno - 1]
    ]


@pytest.mark.parametrize(
    "file", [file for file in modules() if module_name(file).split(".")[0] in NUMERIC_ROOMS], ids=module_name
)
def test_the_builtin_sum_adds_integers_only(file: Path) -> None:
    """`sum([0.1] * 10)` changed with Python 3.12; a sum of integers says so with `# ints`."""
    assert float_sums(file.read_text(encoding="utf-8")) == []


def test_a_float_sum_is_found() -> None:
    assert float_sums("a = sum(x)\nb = sum(y)  # ints\n") == [1]
