"""What a CI reads: JUnit XML, annotations, and a log in which nothing is a command."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.errors import Exit, Mistake
from simkit.judge.broken import Broken
from simkit.judge.judges import Judgement
from simkit.report.annotations import Note, azure, github, gitlab, notes
from simkit.report.junit import junit_xml
from simkit.report.plain import inert, visible
from simkit.report.result import Outcome
from simkit.scenario.model import Loops

AWKWARD = "]]> <b a='1'>&amp; \x00\x1b[31m\r\n::add-mask::x \ud800 \ufffe ä 漢 😀\u2028%0A"


def outcome(name: str, word: Any, code: Exit = Exit.SAME, **more: Any) -> Outcome:
    return Outcome(name, f"scenarios/{name}.yaml", word, code, 6, running="ab" * 8, seconds=0.25, **more)


OUTCOMES = [
    outcome("nav/one", "same"),
    outcome("nav/two@low", "failed", Exit.IO, message=AWKWARD),
    outcome("nav/deep/three", "not applicable", message="no data\x07"),
    outcome("alone", "missing", Exit.GOLDEN_MISSING),
]

#: The elements that the common schema (junit-10.xsd) knows, with their attributes and children.
SCHEMA: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped"}, {"properties", "testcase", "system-out"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "time", "classname"}, {"skipped", "failure", "system-out"}),
    "skipped": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}  # fmt: skip


def valid(element: ElementTree.Element) -> None:
    attributes, children = SCHEMA[element.tag]
    assert set(element.attrib) <= attributes, element.tag
    assert {child.tag for child in element} <= children, element.tag
    if element.tag.startswith("testsuite"):
        cases = list(element.iter("testcase"))
        assert element.attrib["tests"] == str(len(cases))
        assert element.attrib["failures"] == str(len(list(element.iter("failure"))))
        assert element.attrib["errors"] == "0"
        assert re.fullmatch(r"\d{1,3}\.\d{3}", element.attrib["time"])
    for child in element:
        valid(child)


def test_junit_is_the_common_form_with_one_case_per_run_and_orphan() -> None:
    root = ElementTree.fromstring(junit_xml(OUTCOMES, ["nav/gone"]))
    valid(root)
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    assert list(cases) == [
        ("nav", "one"), ("nav", "two@low"), ("nav", "gone"), ("nav.deep", "three"), ("scenarios", "alone"),
    ]  # fmt: skip
    assert root.get("time") == "1.000"
    assert cases["nav", "one"].find("failure") is None
    assert "running hash: abababababababab" in str(cases["nav", "one"].findtext("system-out"))
    assert cases["nav.deep", "three"].find("skipped").attrib == {"message": "no data\\x07"}  # type: ignore[union-attr]
    failure = cases["scenarios", "alone"].find("failure")
    assert failure is not None
    assert failure.get("type") == "missing"
    assert str(failure.text).startswith("alone: missing\n")
    assert cases["nav", "gone"].find("failure").get("type") == "orphan"  # type: ignore[union-attr]
    assert {p.get("name") for p in root.iter("property")} == {"simkit", "contract"}


def test_junit_keeps_what_can_be_seen_and_spells_the_rest() -> None:
    root = ElementTree.fromstring(junit_xml(OUTCOMES, []))
    (text,) = [f.text for f in root.iter("failure") if f.get("type") == "failed"]
    assert "]]> <b a='1'>&amp; \\x00\\x1b[31m" in str(text)
    assert "\\ud800 \\ufffe ä 漢 😀\n" in str(text)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.text(st.characters(), max_size=40))
def test_junit_is_well_formed_whatever_a_scenario_says(text: str) -> None:
    valid(ElementTree.fromstring(junit_xml([outcome(f"a/{text}", "failed", Exit.BUG, message=text)], [text])))


# Annotations -----------------------------------------------------------------------------------------------


def broken(line: int) -> Broken:
    return Broken("expectation", "nav: 2", (Loops(3, 3),), "scenarios/nav/one.yaml", line, 3, "nav.nav is 1")


def test_a_note_stands_where_the_scenario_says_it() -> None:
    judgement = Judgement(6, (), (), (broken(7), broken(9)), (), 100, ())
    found = notes(
        [
            outcome("nav/b", "missing", Exit.GOLDEN_MISSING),
            outcome("nav/one", "broken", Exit.BROKEN, judgement=judgement),
            outcome("nav/c", "invalid", Exit.SCENARIO_INVALID,
                    mistakes=(Mistake("scenarios/nav/c.yaml", 4, 2, "unknown key", "say nav"),)),
            outcome("nav/d", "same"),
        ],
        {"nav/gone": "golden/nav/gone/golden.json"},
        "sub/",
    )  # fmt: skip
    assert [(n.file, n.line, n.column) for n in found] == [
        ("sub/scenarios/nav/c.yaml", 4, 2),
        ("sub/scenarios/nav/one.yaml", 7, 3),
        ("sub/scenarios/nav/one.yaml", 9, 3),
        ("sub/scenarios/nav/b.yaml", 1, 0),
        ("sub/golden/nav/gone/golden.json", 1, 0),
    ]
    assert found[0].message == "unknown key\nsay nav"
    assert found[3].message.startswith(
        "again:  simkit check scenarios/nav/b.yaml\naccept: simkit accept nav/b"
    )


NOTE = Note("a,b:c.yaml", 3, 0, "t: 100 %, ::x", "one\ntwo %0A\r::set-env name=A::b")


def test_a_github_note_is_one_command() -> None:
    line = github(NOTE)
    assert line == (
        "::error file=a%2Cb%3Ac.yaml,line=3,title=t%3A 100 %25%2C %3A%3Ax::one%0Atwo %250A%0D::set-env name=A::b"
    )
    assert github(Note("a", 3, 4, "t", "m")) == "::error file=a,line=3,col=4,title=t::m"


def test_an_azure_note_is_one_command() -> None:
    assert azure(Note("a;b]c.yaml", 3, 4, "t", "x\n##vso[task.complete]%")) == (
        "##vso[task.logissue type=error;sourcepath=a%3Bb%5Dc.yaml;linenumber=3;columnnumber=4;]"
        "t%0Ax%0A##vso[task.complete%5D%AZP25"
    )


def test_a_gitlab_report_has_a_fingerprint_of_its_own_for_every_note() -> None:
    found = json.loads(gitlab([NOTE, NOTE]))
    assert len({entry["fingerprint"] for entry in found}) == 2
    assert found[0]["location"] == {"path": "a,b:c.yaml", "lines": {"begin": 3}}
    assert set(found[0]) == {"check_name", "description", "fingerprint", "location", "severity"}


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(
        st.sampled_from(["::", ":", "%", "\n", "\r", ",", ";", "]", "##vso[", "a", " ", "\x85"]), max_size=12
    )
)
def test_nothing_is_smuggled_into_a_note(parts: list[str]) -> None:
    text = "".join(parts)
    (note,) = notes([outcome(text, "failed", Exit.BUG, message=text)], {})
    line = github(note)
    assert line.splitlines() == [line]
    head, message = re.fullmatch(r"::error ([^:]*)::(.*)", line).groups()  # type: ignore[union-attr]
    assert unquote(message) == note.message
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    line = azure(note)
    assert line.splitlines() == [line]
    assert line.count("]") == 1
    assert [part.partition("=")[0] for part in line[line.index(" ") + 1 : line.index("]")].split(";")] == [
        "type", "sourcepath", "linenumber", "",
    ]  # fmt: skip


# The log ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a::b", "a::b"),
        ("scenarios/a.yaml::low", "scenarios/a.yaml::low"),
        ("::stop-commands::x", ": :stop-commands::x"),
        ("ok\n  \t::add-mask::y", "ok\n  \t: :add-mask::y"),
        ("ok\r::error::z", "ok\\r::error::z"),
        ("see ##[error]x", "see # #[error]x"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("## [1] ##", "## [1] ##"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\u2028::x", "\\u2028::x"),
    ],
)
def test_a_log_holds_no_command(text: str, shown: str) -> None:
    assert inert(text) == shown


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(st.sampled_from(["::", ":", "#", "##[", "vso[", "\n", "\r", " ", "\u2003", "x"]), max_size=14)
)
def test_no_line_of_a_log_is_a_command(parts: list[str]) -> None:
    text = inert("".join(parts))
    assert not any(line.strip().startswith("::") for line in re.split(r"[\r\n]", text))
    assert not re.search(r"##\w*\[", text)
    assert visible(text) == text
