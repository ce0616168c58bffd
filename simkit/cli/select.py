"""Which runs a user means: paths, names, parts of names and `-k`.

Comes in: words. Goes out: `Selection`. May import `core`, `scenario`, `targets`, `golden`.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from simkit.cli.expression import parse
from simkit.core.errors import ScenarioError, SimkitError
from simkit.core.project import Project
from simkit.scenario.load import discover, load
from simkit.scenario.model import Scenario
from simkit.targets import Target, scenario_of, targets_of


class Selection(Struct, frozen=True):
    """The chosen runs in stable order. `whole`: nothing was chosen, so orphans can be told."""

    targets: tuple[Target, ...]
    whole: bool


def select(project: Project, words: Sequence[str], expression: str = "") -> Selection:
    """The runs that `words` name (none: all) and for which `expression` holds. Raises SimkitError."""
    everything = all_targets(project)
    if not everything:
        raise SimkitError(
            f"{project.scenarios}: no scenarios here. Start a project with: simkit init, "
            "or name their folder in [tool.simkit] of pyproject.toml"
        )
    chosen = everything
    if words:
        wanted = frozenset(target for word in words for target in _meant(project, word, everything))
        chosen = tuple(target for target in everything if target in wanted)
    if expression:
        holds = parse(expression)
        chosen = tuple(target for target in chosen if holds(_words_of(target, project)))
        if not chosen:
            raise SimkitError(
                f"-k {expression!r}: holds for none of {len(everything)} scenarios; simkit list shows them"
            )
    return Selection(chosen, not words and not expression)


def all_targets(project: Project) -> tuple[Target, ...]:
    """Every run of the project, by file and variant. A file with mistakes counts as one run."""
    return tuple(target for file in discover(project) for target in _readable(file, project))


def orphans(project: Project) -> tuple[str, ...]:
    """Goldens without a scenario. Those of a file that cannot be read may be its variants: they are left alone."""
    from simkit.golden import store

    lost = store.orphans(project.golden, (target.name for target in all_targets(project)))
    if not lost:
        return ()
    unread = frozenset(
        target.name.partition("@")[0] for target in all_targets(project) if not _is_sound(target, project)
    )
    return tuple(name for name in lost if name.partition("@")[0] not in unread)


def _is_sound(target: Target, project: Project) -> bool:
    try:
        load(target.file, project)
    except ScenarioError:
        return False
    return True


def _readable(file: Path, project: Project) -> list[Target]:
    try:
        return targets_of(file, project)
    except ScenarioError:
        return [Target(file, "", file.relative_to(project.scenarios).with_suffix("").as_posix())]


def _words_of(target: Target, project: Project) -> tuple[str, ...]:
    try:
        scenario = next(s for s in load(target.file, project) if s.variant == target.variant)
    except ScenarioError:
        return (target.name,)
    return (target.name, scenario.incident, *scenario.tags)


def _meant(project: Project, word: str, everything: Sequence[Target]) -> tuple[Target, ...]:
    """All runs that one word names: a path first, then a whole name, a family, an id."""
    by_path = _by_path(project, word, everything)
    if by_path:
        return by_path
    name = word.rstrip("/").removesuffix(".yaml").removesuffix(".yml")
    for matches in (_is_name, _is_family, _is_ending):
        found = tuple(target for target in everything if matches(target.name, name))
        if matches is _is_ending and len(frozenset(target.file for target in found)) > 1:
            raise SimkitError(
                f"{word}: several scenarios end so: {', '.join(target.name for target in found)}"
            )
        if found:
            return found
    known = sorted(frozenset(part for target in everything for part in _spellings(target.name)))
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    raise SimkitError(
        f"{word}: no such scenario, family or file. "
        + (f"Did you mean {' or '.join(near)}?" if near else "simkit list shows what there is.")
    )


def _by_path(project: Project, word: str, everything: Sequence[Target]) -> tuple[Target, ...]:
    """`scenarios/a/b.yaml`, the same with `@variant` or pytest's `::variant`, or a folder of scenarios."""
    path, _, variant = word.partition("::")
    if not variant and not Path(path).exists():
        path, _, variant = word.partition("@")
    place = Path(path).resolve()
    if not place.exists():
        return ()
    if place.is_file() and not place.is_relative_to(project.scenarios.resolve()):
        raise SimkitError(f"{path}: not below the scenario folder {project.shown(project.scenarios)}/")
    files = {target: target.file.resolve() for target in everything}
    found = tuple(target for target in everything if files[target] == place or place in files[target].parents)
    if place.is_file() and not found:
        raise SimkitError(f"{path}: not a scenario: its first line must be 'simkit: 1'")
    if not variant or (len(found) == 1 and not found[0].variant and variant == place.stem):
        return found
    chosen = tuple(target for target in found if target.variant == variant)
    if not chosen and found:
        variants = ", ".join(target.variant for target in found if target.variant) or "none"
        raise SimkitError(f"{word}: no variant {variant!r}; it has {variants}")
    return chosen


def _is_name(name: str, word: str) -> bool:
    return word in (name, name.partition("@")[0])


def _is_family(name: str, word: str) -> bool:
    return name.startswith(f"{word}/")


def _is_ending(name: str, word: str) -> bool:
    return any(spelling.endswith(f"/{word}") for spelling in (name, name.partition("@")[0]))


def _spellings(name: str) -> tuple[str, ...]:
    bare = name.partition("@")[0]
    return (name, bare, bare.rpartition("/")[0] or bare, name.rpartition("/")[2], bare.rpartition("/")[2])


def one_scenario(project: Project, word: str) -> Scenario:
    """The one expanded scenario that a word names. Raises SimkitError when it names several."""
    targets = select(project, (word,)).targets
    if len(targets) > 1:
        raise SimkitError(
            f"{word}: several runs; choose one of {', '.join(target.name for target in targets)}"
        )
    return scenario_of(targets[0], project)
