"""A verification as text, JSON and JUnit.

Comes in: `Report`. Goes out: lines, plain values, XML. May import `core`, `contract`. Text from a foreign tree
is shown with its control characters spelled out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs

from simkit.contract.catalogue import AREAS, area_of, in_order, sources_in_words
from simkit.contract.finding import RULES, Severity
from simkit.contract.table import by_stem
from simkit.contract.verify_report import Report, Violation
from simkit.report.words import plural, short

_WORDS: dict[Severity, str] = {"E": "error", "W": "warning"}
_WIDTH = 400
#: Places shown of one rule on one surface.
_PLACES = 8


def clean(text: str) -> str:
    """Text of a foreign tree with everything spelled out that a terminal might obey."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text
    )


# Text ------------------------------------------------------------------------------------------------------


def verify_lines(report: Report) -> list[str]:
    """Everything, by surface."""
    return [
        *head_lines(report),
        *_surfaces(report),
        *_readings(report),
        *_not_evaluated(report),
        *_files(report),
        sum_line(report),
    ]


def head_lines(report: Report) -> list[str]:
    """What was judged, and how."""
    clock = report.clock or "none: no surface carries a time"
    whose = "as stated" if report.clock_given else "the newest surface; state another with --now"
    return [
        f"tree      {clean(report.place) or 'documents'}",
        f"profile   {report.profile}",
        f"clock     {clock} ({whose})",
        *(f"note      {note}" for note in report.notes),
        "",
    ]


def _surfaces(report: Report) -> list[str]:
    by_surface: dict[str, dict[tuple[str, str], list[Violation]]] = {}
    for violation in sorted(report.violations, key=_place):
        rules = by_surface.setdefault(violation.surface, {})
        rules.setdefault((violation.rule, violation.tier), []).append(violation)
    lines: list[str] = []
    for surface, rules in by_surface.items():
        id = by_stem[surface].id if surface in by_stem else ""
        first = next(iter(rules.values()))[0]
        lines.append(f"{id}  {clean(first.file)}".strip())
        for violations in rules.values():
            lines += [f"  {line}" for line in rule_lines(violations, report.trees)]
        lines.append("")
    return lines


def _place(violation: Violation) -> tuple[int, str, int]:
    order = list(by_stem)
    surface = violation.surface
    rank = order.index(surface) if surface in by_stem else len(order)
    return rank, surface, "EW".index(violation.severity)


def rule_lines(violations: Sequence[Violation], trees: int) -> list[str]:
    """One rule on one surface: where it is broken, what it says and where that is written."""
    first, rule = violations[0], RULES[violations[0].rule]
    lines = [f"{_WORDS[first.severity]}  {rule.id}  tier {first.tier}, severity {first.severity}"]
    for violation in violations[:_PLACES]:
        place = " = ".join(part for part in (violation.path, violation.value) if part) or "the file"
        lines.append(f"    {short(clean(place), _WIDTH)}")
        lines.append(f"        {short(clean(violation.message), _WIDTH)}{_trees(violation, trees)}")
    if len(violations) > _PLACES:
        lines.append(f"    ... and {len(violations) - _PLACES} more places")
    lines += textwrap.wrap(rule.statement, 100, initial_indent="    rule    ", subsequent_indent=" " * 12)
    lines.append(f"    source  {sources_in_words(rule.source)}")
    return lines


def _trees(violation: Violation, trees: int) -> str:
    if trees == 1:
        return ""
    if violation.first == violation.last:
        return f" (tree {violation.first})"
    return f" (trees {violation.first} to {violation.last}, in {violation.count} of {trees})"


def _readings(report: Report) -> list[str]:
    """The forms seen, each with the places that have it."""
    places: dict[str, list[str]] = {}
    for reading in report.readings:
        places.setdefault(str(reading), []).append(reading.where)
    if not places:
        return []
    lines = ["Readings of the contract that this tree keeps"]
    for text, where in sorted(places.items()):
        lines.append(
            f"  {clean(text)}" + (f"  ({clean(', '.join(filter(None, where)))})" if any(where) else "")
        )
    return [*lines, ""]


def _not_evaluated(report: Report) -> list[str]:
    """The rules that could not look, by reason."""
    reasons: dict[str, list[str]] = {}
    for rule, reason in report.not_evaluated:
        reasons.setdefault(reason, []).append(rule)
    if not reasons:
        return []
    lines = ["Not evaluated"]
    for reason, rules in reasons.items():
        lines += textwrap.wrap(
            f"{clean(reason)}: {', '.join(rules)}",
            100,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        )
    return [*lines, ""]


def _files(report: Report) -> list[str]:
    lines = [f"Not read: {clean(path)} {clean(reason)}" for path, reason in report.unread]
    if report.absent:
        names = ", ".join(f"{by_stem[stem].id} {stem}.json" for stem in report.absent)
        lines.append(f"Absent: {names}")
    return [*lines, ""] if lines else []


def sum_line(report: Report) -> str:
    """`2 errors, 1 warning; 115 rules looked, 42 could not; 8 of 11 surfaces`."""
    errors, warnings = len(report.errors), len(report.warnings)
    more = f" and {report.further} more" if report.further else ""
    files = f"{len(report.present)} of {len(report.present) + len(report.absent)} surfaces"
    series = f" in {plural(report.trees, 'tree')}" if report.trees != 1 else ""
    looked = f"{plural(len(report.evaluated), 'rule')} looked, {len(report.not_evaluated)} could not"
    unread = f"; {plural(len(report.unread), 'file')} could not be read" if report.unread else ""
    return (
        f"{plural(errors, 'error')}, {plural(warnings, 'warning')}{more}{series}; {looked}; {files}{unread}"
    )


# Programs --------------------------------------------------------------------------------------------------


def verify_plain(report: Report) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "simkit_verify": 1,
        "ok": report.ok,
        "profile": report.profile,
        "place": report.place,
        "trees": report.trees,
        "clock": report.clock,
        "clock_given": report.clock_given,
        "counts": {
            "errors": len(report.errors),
            "warnings": len(report.warnings),
            "further": report.further,
            "evaluated": len(report.evaluated),
            "not_evaluated": len(report.not_evaluated),
        },
        "findings": [_finding(violation) for violation in report.violations],
        "readings": [structs.asdict(reading) for reading in report.readings],
        "not_evaluated": [{"rule": rule, "reason": reason} for rule, reason in report.not_evaluated],
        "evaluated": list(report.evaluated),
        "present": list(report.present),
        "absent": list(report.absent),
        "unread": [{"file": path, "reason": reason} for path, reason in report.unread],
        "notes": list(report.notes),
    }


def _finding(violation: Violation) -> dict[str, Any]:
    rule = RULES[violation.rule]
    return {**structs.asdict(violation), "statement": rule.statement, "source": rule.source}


def verify_junit(report: Report) -> bytes:
    """One test case per rule: failed with its errors, skipped when it could not look."""
    from xml.etree.ElementTree import Element, SubElement, tostring

    mute = dict(report.not_evaluated)
    rules = [rule for rule in in_order() if rule.id in mute or rule.id in report.evaluated]
    broken = _by_rule(report.errors)
    counts = {
        "tests": str(len(rules)),
        "failures": str(len(broken)),
        "skipped": str(len(mute)),
        "errors": "0",
    }
    suite = Element("testsuite", {"name": f"simkit verify {_xml(report.place)}".strip(), **counts})
    warned = _by_rule(report.warnings)
    for rule in rules:
        where = f"contract.{AREAS[area_of(rule.id)]}"
        case = SubElement(suite, "testcase", {"classname": where, "name": rule.id, "time": "0"})
        if rule.id in broken:
            text = _xml("\n".join(_told(violation) for violation in broken[rule.id]))
            SubElement(case, "failure", {"message": rule.statement}).text = text
        elif rule.id in mute:
            SubElement(case, "skipped", {"message": _xml(mute[rule.id])})
        if rule.id in warned:
            SubElement(case, "system-out").text = _xml("\n".join(_told(v) for v in warned[rule.id]))
    suites = Element("testsuites", counts)
    suites.append(suite)
    xml: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _by_rule(violations: Iterable[Violation]) -> dict[str, list[Violation]]:
    found: dict[str, list[Violation]] = {}
    for violation in violations:
        found.setdefault(violation.rule, []).append(violation)
    return found


def _told(violation: Violation) -> str:
    place = f"{violation.file}: {violation.path}" if violation.path else violation.file
    return f"{place} = {violation.value}: {violation.message}"


def _xml(text: str) -> str:
    return "\n".join(clean(line) for line in text.split("\n"))
