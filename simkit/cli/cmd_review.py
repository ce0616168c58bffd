"""`simkit review`: go through what waits since the last check, group by group.

Comes in: decisions, from a person or as options. Goes out: acceptances through `simkit accept`, dropped results. May
import `core`, `golden`, `report`, and `cmd_accept`, which alone writes goldens.

Nothing is written before the end: until then every decision can be taken back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from msgspec import Struct

from simkit.core import environment
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.golden.grouping import Group

_SHOWN = "shown-groups.json"
_KEYS = "a accept, r reject, s skip, d difference, e each by itself, u undo, q stop; A R S: all that remain"


class Decision(Struct, frozen=True):
    """What shall become of one group."""

    group: Group
    verdict: Literal["accept", "reject", "skip"]
    reason: str = ""
    kind: str | None = None


@click.command("review")
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="GROUP",
    help="Accept a group: its number, or a name in it.",
)
@click.option(
    "--reject",
    "rejected",
    multiple=True,
    metavar="GROUP",
    help="Forget the results of a group; goldens stay.",
)
@click.option(
    "--show", "shown", multiple=True, metavar="GROUP", help="Show the example of a group, and all names."
)
@click.option(
    "--reason", "-r", default="", metavar="TEXT", help="Why this is right; kept beside the goldens."
)
@click.option(
    "--kind",
    type=click.Choice(["new", "intended", "fixed", "format", "removed"]),
    help="Default: new for a first golden, format where only bytes differ, else intended.",
)
def command(
    accepted: tuple[str, ...],
    rejected: tuple[str, ...],
    shown: tuple[str, ...],
    reason: str,
    kind: str | None,
) -> int:
    """Go through what waits since the last check: the same change in many scenarios is one group, shown once and
    decided once. Asks on a terminal; else it lists the groups, and --accept, --reject and --show do the rest.

    A group is accepted as simkit accept does it: every scenario runs again, and all of them or none."""
    if environment.under_ci():
        raise SimkitError("nothing is reviewed under CI; review on your own machine and commit the goldens")
    if accepted and not reason.strip():
        raise SimkitError('accept needs a reason: --reason "why this is right now"')
    if (reason or kind) and not accepted:
        raise SimkitError("--reason and --kind belong to --accept GROUP")
    project = find_project(Path.cwd())
    groups = waiting(project)
    if accepted or rejected or shown:
        return _by_words(project, groups, accepted, rejected, shown, reason, kind)
    if not groups:
        click.echo("nothing waits; simkit check looks again")
        return Exit.SAME
    if not is_interactive():
        _list(project, groups)
        return Exit.SAME
    return _settle(project, _ask(project, groups))


def is_interactive() -> bool:
    """True when a person can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def waiting(project: Project) -> tuple[Group, ...]:
    """Every result that waits for a scenario of the project, and every golden without one, in groups."""
    from simkit.cli.select import all_targets
    from simkit.core import files
    from simkit.core.errors import ScenarioError
    from simkit.golden import pending, store
    from simkit.golden.compare import compare_folders
    from simkit.golden.grouping import group
    from simkit.scenario.load import fingerprint
    from simkit.targets import scenario_of

    kept, targets = frozenset(pending.pending(project)), all_targets(project)
    differences, unread = [], []
    for target in targets:
        try:
            print_of = fingerprint(scenario_of(target, project)) if target.name in kept else ""
        except ScenarioError:
            unread.append(target.name)
            continue
        if print_of:
            golden = files.standing(project.golden_of(target.name))
            differences.append(
                (target.name, compare_folders(golden, project.pending_of(target.name), print_of))
            )
    lost = store.orphans(project.golden, (target.name for target in targets))
    return group(differences, (name for name in lost if name.partition("@")[0] not in unread))


def _list(project: Project, groups: Sequence[Group]) -> None:
    """The groups, and what to type; they are remembered, so that a number means what was seen."""
    from simkit.core.canon import encode
    from simkit.core.files import replace_file
    from simkit.report.groups import list_lines

    click.echo("\n".join(list_lines(groups)))
    click.echo('\nshow:   simkit review --show 1\naccept: simkit review --accept 1 --reason "..."')
    project.work.mkdir(parents=True, exist_ok=True)
    replace_file(
        project.work / _SHOWN, encode([[each.text, list(each.names)] for each in groups]), fsync=False
    )


def _by_words(
    project: Project, groups: Sequence[Group], accepted: Sequence[str], rejected: Sequence[str],
    shown: Sequence[str], reason: str, kind: str | None,
) -> int:  # fmt: skip
    for word in shown:
        _show(project, _meant(project, groups, word))
    take = [_meant(project, groups, word) for word in accepted]
    leave = [_meant(project, groups, word) for word in rejected]
    both = [each.number for each in take if each in leave]
    if both:
        raise SimkitError(f"group {both[0]} cannot be both accepted and rejected")
    decisions = [Decision(each, "accept", reason, kind) for each in dict.fromkeys(take)]
    decisions += (Decision(each, "reject") for each in dict.fromkeys(leave))
    return _settle(project, decisions) if decisions else Exit.SAME


def _meant(project: Project, groups: Sequence[Group], word: str) -> Group:
    """The group that a number or the name of one of its scenarios means."""
    from simkit.core.canon import decode
    from simkit.core.files import read_bytes

    found = next((each for each in groups if word == str(each.number) or word in each.names), None)
    if found is None:
        raise SimkitError(f"{word}: no such group; simkit review lists them")
    seen = read_bytes(project.work / _SHOWN) if word.isdigit() else None
    if seen is not None:
        listed = decode(seen)
        now = [found.text, list(found.names)]
        if found.number > len(listed) or listed[found.number - 1] != now:
            raise SimkitError(
                f"group {word} is no longer what it was when it was listed; look again: simkit review"
            )
    return found


def _show(project: Project, group: Group) -> None:
    """The example as a failing check shows it, and all names."""
    from simkit.cli.cmd_diff import command as diff
    from simkit.report.groups import group_line, name_lines

    click.echo(group_line(group))
    if group.kind not in ("missing", "orphan", "edited"):
        diff.main([group.names[0]], standalone_mode=False)
    elif group.kind == "missing":
        click.echo(f"no golden yet; simkit run {group.names[0]} tells what happens in it")
    click.echo("in " + "\n   ".join(name_lines(group.names, len(group.names))))


def _ask(project: Project, groups: Sequence[Group]) -> list[Decision]:
    """The decisions of a person, group by group. Nothing is written here."""
    from simkit.report.groups import group_line, name_lines

    left = list(groups)
    made: list[tuple[Decision, list[Group]]] = []
    last = ""
    while left:
        now = left[0]
        click.echo("\n" + "\n".join([group_line(now), *(f"    {line}" for line in name_lines(now.names))]))
        key = click.prompt(f"[{_KEYS}]\n", prompt_suffix="> ").strip()
        match key:
            case "a" | "A" | "r" | "R" | "s" | "S":
                verdict: Literal["accept", "reject", "skip"]
                verdict = "accept" if key in "aA" else "reject" if key in "rR" else "skip"
                kind = None
                if verdict == "accept":
                    kind = _kind(now) if key == "a" else None
                    last = _reason(last)
                taken = left if key.isupper() else left[:1]
                for each in taken:
                    made.append((Decision(each, verdict, last if verdict == "accept" else "", kind), left))
                left = left[len(taken) :]
            case "e" if len(now.names) > 1:
                left = [*_each(now), *left[1:]]
            case "d":
                _show(project, now)
            case "u" if made:
                left = made[-1][1]
                made = [(decision, before) for decision, before in made if before is not left]
            case "q":
                break
            case _:
                click.echo("nothing to take back" if key == "u" else f"{key!r}: one of a r s d e u q A R S")
    return [decision for decision, _ in made]


def _kind(group: Group) -> str | None:
    if group.kind == "orphan":
        return None
    usual = {"missing": "new", "format": "format"}.get(group.kind, "intended")
    kind: str = click.prompt("kind", default=usual, type=click.Choice(["new", "intended", "fixed", "format"]))
    return kind


def _reason(last: str) -> str:
    """Why; the reason given before is offered again."""
    reason = ""
    while not reason.strip():
        reason = click.prompt("reason", default=last or None)
    return reason


def _each(group: Group) -> list[Group]:
    """A group as single scenarios, all with its number."""
    from msgspec.structs import replace

    return [replace(group, names=(name,)) for name in group.names]


def _settle(project: Project, decisions: Sequence[Decision]) -> int:
    """Do what was decided: reject first, then accept reason by reason."""
    from simkit.cli.cmd_accept import accept_all, remove_goldens
    from simkit.cli.select import all_targets
    from simkit.golden import pending

    targets = {target.name: target for target in all_targets(project)}
    for decision in decisions:
        group = decision.group
        if decision.verdict == "reject":
            for name in group.names:
                if group.kind != "orphan":
                    pending.drop(project, name)
                click.echo(f"{name}: rejected, the golden stays as it was")
        elif decision.verdict == "accept" and group.kind == "orphan":
            remove_goldens(project, group.names, decision.reason)
        elif decision.verdict == "accept":
            accept_all(tuple(targets[name] for name in group.names), project, decision.kind, decision.reason)
    skipped = sum(len(decision.group.names) for decision in decisions if decision.verdict == "skip")
    if skipped:
        click.echo(f"skipped: {skipped}; they wait")
    return Exit.SAME
