"""`simkit rules`: the catalogue of the contract's rules, and the scenarios that make each fire.

Comes in: ids or patterns. Goes out: a table, all of one rule, or JSON on stdout. May import `core`,
`contract`, `scenario`, `report`, `coverage`.

Which scenarios tell of a rule is read from their files: the `findings` they list and the text of their
`incident`. With `--exercise` all are run, as by `simkit coverage`: which ones evaluate the rule, and which come
within one step of it.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simkit.core.errors import Exit, ScenarioError, SimkitError, worst
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.contract.finding import Rule
    from simkit.coverage.map import RuleTouch
    from simkit.scenario.model import Scenario

#: Spans of loops, first and last, in which a rule fires; empty where only the incident names the rule.
Spans = tuple[tuple[int, int], ...]
Exercises = list[tuple["Scenario", Spans]]

_INDENT = 14


@click.command("rules")
@click.argument("rule", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@click.option(
    "--exercise", is_flag=True,
    help="Run every scenario and tell which evaluate the rule, fire it or come within one step of it.",
)  # fmt: skip
def command(rule: tuple[str, ...], as_json: bool, exercise: bool) -> int:
    """Show the contract's rules: all in a table, or everything about some. RULE: an id (INV-L04) or a pattern
    ('INV-D*')."""
    from simkit.contract.catalogue import in_order, matching

    chosen = matching(rule) if rule else in_order()
    if not rule and not as_json:
        if exercise:
            raise SimkitError(
                "--exercise needs a rule: simkit rules INV-L04 --exercise; simkit coverage tells of all"
            )
        click.echo("\n".join(_table(chosen)))
        return Exit.SAME
    project = find_project(Path.cwd())
    scenarios, broken = _scenarios(project)
    touches, code = _touches(project) if exercise else ({}, Exit.SAME)
    exercised = [(each, _exercises(each.id, scenarios)) for each in chosen]
    if as_json:
        from simkit.core import canon

        shown = canon.encode([_plain(each, found, touches) for each, found in exercised])
        click.echo(canon.pretty(shown), nl=False)
    else:
        click.echo("\n\n".join("\n".join(_details(each, found, touches)) for each, found in exercised))
    for text in broken:
        click.echo(f"\n{text}", err=True)
    return worst([Exit.SCENARIO_INVALID if broken else Exit.SAME, code])


def _touches(project: Project) -> tuple[dict[str, RuleTouch], int]:
    """What every run of the project touches of each rule, and the exit code of the runs."""
    from simkit.cli.cmd_coverage import observe_all, tell_unseen
    from simkit.cli.select import select
    from simkit.coverage.map import coverage

    observed = observe_all(select(project, ()).targets, project)
    found = coverage([each.seen for each in observed if each.seen is not None])
    return {touch.id: touch for touch in found.rules}, tell_unseen(observed)


def _width() -> int | None:
    """Columns of the terminal, 40 at least; None on a pipe, where no line is cut or wrapped."""
    from simkit.report.terminal import is_terminal

    return max(shutil.get_terminal_size().columns, 40) if is_terminal() else None


def _table(chosen: Iterable[Rule]) -> list[str]:
    from simkit.contract.catalogue import AREAS, KINDS, SEVERITIES, by_area
    from simkit.report.words import columns, short

    areas = by_area(chosen)
    rules = [each for members in areas.values() for each in members]
    width = _width()
    heads = columns([(r.id, r.tier, r.severity, r.kind, r.statement) for r in rules])
    lines = dict(zip((r.id for r in rules), heads, strict=True))
    shown = []
    for area, members in areas.items():
        shown += [AREAS[area], *(f"  {lines[r.id]}" for r in members), ""]
    legend = [f"{letter} {word}" for words in (SEVERITIES, KINDS) for letter, word in words.items()]
    shown.append(f"{len(rules)} rules. Severity: {', '.join(legend[:2])}. Looks at: {', '.join(legend[2:])}.")
    return [short(line, width) if width else line for line in shown]


def _details(rule: Rule, exercises: Exercises, touches: Mapping[str, RuleTouch]) -> list[str]:
    """Everything about one rule, a line or paragraph per fact."""
    from simkit.contract import catalogue

    told = [_told(scenario, spans) for scenario, spans in exercises]
    facts = [
        ("rule", rule.statement),
        ("violation", rule.example),
        ("severity", catalogue.SEVERITIES[rule.severity]),
        ("tier", f"{rule.tier}: {catalogue.TIERS[rule.tier]}"),
        ("looks at", catalogue.KINDS[rule.kind]),
        *([("judged by", f"{rule.judged_by}; no run and no tree alone")] if rule.judged_by else []),
        ("surfaces", catalogue.surfaces_text(rule)),
        ("needs", ", ".join(rule.reads) or "no file in particular"),
        ("source", catalogue.sources_in_words(rule.source)),
        ("scenarios", told[0] if told else "none of this project"),
        *(("", line) for line in told[1:]),
        *(_exercised(touches[rule.id]) if rule.id in touches else ()),
    ]
    lines = [f"{rule.id}  {catalogue.AREAS[catalogue.area_of(rule.id)]}"]
    for name, text in facts:
        lines += _paragraph(f"  {name}".ljust(_INDENT), text)
    return lines


def _exercised(touch: RuleTouch) -> list[tuple[str, str]]:
    """Which runs evaluate the rule, fire it, and come within one step of it."""
    from simkit.report.words import span_text

    fired = [
        f"{run.scenario} in {', '.join(span_text(first, last) for first, last in run.loops)}"
        for run in touch.fired
    ]
    near = [f"{step.scenario} L{step.loop}: {step.path} = {step.value}, not {step.to}" for step in touch.near]
    if not touch.of_one_tree:
        near = ["not tried: a rule on successive loops or on the journal"]
    rows = (("evaluated", list(touch.evaluated)), ("fires", fired), ("one step", near))
    return [
        (name if number == 0 else "", text)
        for name, texts in rows
        for number, text in enumerate(texts or ["in no run of this project"])
    ]


def _paragraph(head: str, text: str) -> list[str]:
    width = _width()
    if width is None:
        return [head + text]
    return textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=" " * _INDENT, break_on_hyphens=False
    )


def _told(scenario: Scenario, spans: Spans) -> str:
    from simkit.report.words import span_text

    loops = ", ".join(span_text(first, last) for first, last in spans)
    fires = f"fires in {loops}" if spans else "tells of it"
    return f"{scenario.name}: {fires}" + (f", {scenario.incident}" if scenario.incident else "")


def _plain(rule: Rule, exercises: Exercises, touches: Mapping[str, RuleTouch]) -> dict[str, Any]:
    """What `--json` says of a rule; `loops` are pairs of first and last loop. `exercise` is what
    `simkit coverage --json` says of the rule."""
    names = (
        "id",
        "statement",
        "tier",
        "kind",
        "severity",
        "source",
        "surfaces",
        "reads",
        "example",
        "judged_by",
    )
    return {
        **{name: getattr(rule, name) for name in names},
        "scenarios": [
            {"name": scenario.name, "incident": scenario.incident, "loops": spans}
            for scenario, spans in exercises
        ],
        **({"exercise": touches[rule.id]} if rule.id in touches else {}),
    }


def _scenarios(project: Project) -> tuple[list[Scenario], list[str]]:
    """Every scenario of the project, and what is wrong with the files that cannot be read."""
    from simkit.scenario.load import discover, load

    found: list[Scenario] = []
    broken = []
    for file in discover(project):
        try:
            found += load(file, project)
        except ScenarioError as problem:
            broken.append(str(problem))
    return found, broken


def _exercises(rule_id: str, scenarios: Iterable[Scenario]) -> Exercises:
    """The scenarios that list `rule_id`, with its loops, and those whose incident names it."""
    found: Exercises = []
    for scenario in scenarios:
        listed = next((f for f in scenario.findings if f.rule == rule_id), None)
        if listed is not None:
            found.append((scenario, tuple((loops.first, loops.last) for loops in listed.loops)))
        elif rule_id in scenario.incident:
            found.append((scenario, ()))
    return found
