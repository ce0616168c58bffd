"""`simkit list`: the scenarios of the project, or what can be broken.

Comes in: nothing. Goes out: a table. May import `core`, `scenario`, `report`.
"""

from __future__ import annotations

from pathlib import Path

import click

from simkit.core.errors import Exit, ScenarioError
from simkit.core.project import Project, find_project
from simkit.report.words import columns, short


@click.command("list")
@click.argument("scenario", nargs=-1)
@click.option("-k", "expression", metavar="EXPR", default="", help="Names and tags: 'nav and not legacy'.")
@click.option("--faults", is_flag=True, help="Show the legacy defects and the faults a scenario can script.")
def command(scenario: tuple[str, ...], expression: str, faults: bool) -> int:
    """Show the scenarios of this project: name, loops, incident, title. SCENARIO: a name or a file."""
    if faults:
        click.echo("\n".join(_faults()))
        return Exit.SAME
    return _scenarios(find_project(Path.cwd()), scenario, expression)


def _scenarios(project: Project, words: tuple[str, ...], expression: str) -> int:
    from simkit.cli.select import select
    from simkit.scenario.load import load

    rows, broken = [], []
    for target in select(project, words, expression).targets:
        try:
            found = next(s for s in load(target.file, project) if s.variant == target.variant)
        except ScenarioError as problem:
            broken.append(str(problem))
            rows.append((target.name, "?", "", "cannot be read"))
            continue
        rows.append((target.name, str(found.clock.loops), found.incident, short(found.title, 60)))
    click.echo("\n".join(columns([("scenario", "loops", "incident", "title"), *rows], right=(1,))))
    for text in broken:
        click.echo(f"\n{text}", err=True)
    return Exit.SCENARIO_INVALID if broken else Exit.SAME


def _faults() -> list[str]:
    from simkit.core.legacy import LEGACY, PROFILES
    from simkit.scenario.compile_faults import KINDS

    kinds = sorted(KINDS, key=lambda kind: kind.word)
    heads = columns([(kind.word, " ".join(kind.attacks)) for kind in kinds])
    told = zip(heads, kinds, strict=True)
    return [
        "Faults (`faults:` in a scenario, with `at: L3..L5`) and the rules that they put to the test",
        *(line for head, kind in told for line in _fault(head, kind.make.__doc__, kind.survives)),
        "",
        "Defects of the v7.6 system (`executor: {legacy: [D-nn]}`)",
        *(f"  {line}" for line in columns(sorted(LEGACY.items()))),
        *(f"  {word}  all of them (`executor: {{legacy: {word}}}`)" for word in PROFILES),
    ]


def _fault(head: str, text: str | None, survives: str) -> list[str]:
    return [f"  {head}", f"      {_first_sentence(text)}.", f"      Must survive: {survives}."]


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).partition(". ")[0].rstrip(".")
