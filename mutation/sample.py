"""A seeded, stratified sample of mutants of the executor, the venue and the surface builders.

Comes in: the source of the three rooms. Goes out: `Mutant`s, made by cosmic-ray's operators. May import cosmic-ray.

A site is one place in the source (module, line, column, family of operators); of all that could be done there one
mutation is drawn, so that an arithmetic expression, which has ten mutants for each sign, does not outweigh a branch.
Every module gets its share of the sample by its number of sites, at least `LEAST`. What no interpreter ever runs is
no site: the annotations of functions and local variables (strings, under `from __future__ import annotations`).
"""

from __future__ import annotations

import ast
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

ROOMS = ("simkit/executor", "simkit/exchange", "simkit/surfaces")
LEAST = 3


class Mutant(NamedTuple):
    """One mutation: cosmic-ray's operator and which of its occurrences in the module."""

    module: str
    operator: str
    occurrence: int
    line: int
    column: int

    @property
    def family(self) -> str:
        """The operator without what it puts in place: `ReplaceBinaryOperator_Add_Sub` is one of `..._Add`."""
        return self.operator.removeprefix("core/").rsplit("_", 1)[0]

    @property
    def name(self) -> str:
        return f"{self.module}:{self.line}:{self.column} {self.operator.removeprefix('core/')}"

    def source(self, original: str) -> str | None:
        """The mutated module; None where cosmic-ray cannot write it (a dotted name in an `except`)."""
        try:
            return mutate_code(original, get_operator(self.operator)(), self.occurrence)
        except AttributeError:
            return None


def mutants(root: Path, only: str = "") -> Iterator[Mutant]:
    """Every mutant of the three rooms, or of the modules whose path begins with `only`."""
    paths = [path for room in ROOMS for path in sorted((root / room).glob("*.py"))]
    paths = [path for path in paths if path.relative_to(root).as_posix().startswith(only)]
    with (
        tempfile.TemporaryDirectory() as folder,
        use_db(f"{folder}/session.sqlite", WorkDB.Mode.create) as db,
    ):
        init(paths, db, {})
        for item in db.work_items:
            spec = item.mutations[0]
            module = Path(spec.module_path).relative_to(root).as_posix()
            yield Mutant(module, spec.operator_name, spec.occurrence, *spec.start_pos)


def sample(root: Path, count: int, seed: int, only: str = "") -> list[Mutant]:
    """`count` mutants, about; the same for the same source, seed and `only`."""
    draw = random.Random(seed)
    sites: defaultdict[str, dict[tuple[int, int, str], list[Mutant]]] = defaultdict(dict)
    for mutant in mutants(root, only):
        place = (mutant.line, mutant.column, mutant.family)
        sites[mutant.module].setdefault(place, []).append(mutant)
    total = sum(len(found) for found in sites.values())
    taken: list[Mutant] = []
    for module in sorted(sites):
        found, original = sites[module], (root / module).read_text(encoding="utf-8")
        places = sorted(found)
        draw.shuffle(places)
        share = max(LEAST, round(count * len(places) / total))
        for place in places:
            if not share:
                break
            mutant = draw.choice(found[place])
            mutated = mutant.source(original)
            if mutated is not None and runs_differently(original, mutated):
                taken.append(mutant)
                share -= 1
    draw.shuffle(taken)  # so that a run that is broken off has seen a fair part
    return taken


class _Unannotated(ast.NodeTransformer):
    """Drops what is never run: annotations of functions and of local variables, and docstrings."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.AnnAssign):
                inner.annotation = ast.Constant(0)
        return node


def runs_differently(original: str, mutated: str) -> bool:
    """False when the two modules are one to the interpreter; True also when the mutant is no Python."""
    try:
        fresh = ast.parse(mutated)
    except SyntaxError:
        return True
    same = ast.dump(_Unannotated().visit(ast.parse(original))) == ast.dump(_Unannotated().visit(fresh))
    return not same
