"""The outcomes of a check as JUnit XML, as Jenkins, GitLab, Azure and most others read it.

Comes in: outcomes, orphaned goldens. Goes out: bytes. May import `core`, `contract.table`, `report`, `golden`, `judge`
for their types.

One suite per family, one case per run and per orphan. Only what every reader of the format knows: no file attribute,
no properties below a case; what a run did stands in its `system-out`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from xml.etree import ElementTree

from msgspec import Struct

from simkit import __version__
from simkit.contract.table import CONTRACT_VERSION
from simkit.report.findings import findings_word
from simkit.report.outcome import failure_text
from simkit.report.plain import visible
from simkit.report.result import Outcome
from simkit.report.table import golden_word


class _Case(Struct, frozen=True):
    """One case. `verdict`: empty for a passed one, `skipped`, or the word of a failure; `text` tells of it."""

    name: str
    verdict: str
    text: str
    seconds: float
    facts: tuple[str, ...] = ()


def junit_xml(outcomes: Sequence[Outcome], orphans: Sequence[str]) -> bytes:
    """The whole document."""
    cases = [*map(_case, outcomes), *map(_orphan, orphans)]
    suites: dict[str, list[_Case]] = {}
    for case in cases:
        suites.setdefault(case.name.rpartition("/")[0] or "scenarios", []).append(case)
    root = ElementTree.Element("testsuites", {"name": "simkit", **_counts(cases)})
    for name, members in suites.items():
        _suite(root, name, members)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(outcome: Outcome) -> _Case:
    if outcome.word == "not applicable":
        return _Case(outcome.name, "skipped", outcome.message, outcome.seconds)
    facts = (
        f"file: {outcome.file}",
        f"loops: {outcome.loops}",
        f"findings: {findings_word(outcome)}",
        f"golden: {golden_word(outcome)}",
        f"running hash: {outcome.running or '-'}",
    )
    text = failure_text(outcome) if outcome.code else ""
    return _Case(outcome.name, outcome.word if outcome.code else "", text, outcome.seconds, facts)


def _orphan(name: str) -> _Case:
    return _Case(name, "orphan", f"{name}: orphan\n  its golden has no scenario\n  remove: simkit prune", 0.0)


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    failures = [case for case in cases if case.verdict not in ("", "skipped")]
    return {
        "tests": str(len(cases)),
        "failures": str(len(failures)),
        "errors": "0",
        "time": _seconds([case.seconds for case in cases]),
    }


def _seconds(parts: Sequence[float]) -> str:
    return f"{fsum(parts):.3f}"


def _suite(root: ElementTree.Element, name: str, cases: Sequence[_Case]) -> None:
    skipped = [case for case in cases if case.verdict == "skipped"]
    counts = {"name": visible(name), **_counts(cases), "skipped": str(len(skipped))}
    suite = ElementTree.SubElement(root, "testsuite", counts)
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in (("simkit", __version__), ("contract", CONTRACT_VERSION)):
        ElementTree.SubElement(properties, "property", name=key, value=value)
    for case in cases:
        element = ElementTree.SubElement(
            suite, "testcase",
            classname=visible(name.replace("/", ".")), name=visible(case.name.rpartition("/")[2]),
            time=_seconds([case.seconds]),
        )  # fmt: skip
        _verdict(element, case)
        if case.facts:
            ElementTree.SubElement(element, "system-out").text = visible("\n".join(case.facts))


def _verdict(element: ElementTree.Element, case: _Case) -> None:
    if case.verdict == "skipped":
        ElementTree.SubElement(element, "skipped", message=visible(case.text))
    elif case.verdict:
        first = (case.text.splitlines()[1:] or [case.text])[0].strip()
        failure = ElementTree.SubElement(element, "failure", type=case.verdict, message=visible(first))
        failure.text = visible(case.text)
