"""The catalogue of the rules INV-*, in the order and the words in which it is shown.

Comes in: `contract.finding.RULES`, filled by the rules. Goes out: areas, rules by pattern, the text of
`docs/rules.md`. May import `contract`.

`python -m simkit.contract.catalogue > docs/rules.md` writes the page anew; a test holds it equal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from simkit.contract import rules
from simkit.contract.finding import RULES, Rule
from simkit.core.errors import SimkitError

#: The letters after `INV-`, in the order of the surfaces, and what they are about.
AREAS: Final[dict[str, str]] = {
    "G": "Every file",
    "N": "NAV",
    "NS": "The mirror of the NAV",
    "P": "Positions",
    "L": "Ledger and its levels",
    "K": "KPIs",
    "D": "Diagnostics",
    "R": "Risk",
    "H": "Router",
    "S": "Symbol scores",
    "M": "RV momentum",
    "F": "Factors",
    "X": "The whole tree",
}
KINDS: Final = {
    "W": "one file",
    "X": "several files of one loop",
    "T": "successive loops",
    "J": "write journal or execution logs",
}
SEVERITIES: Final = {"E": "error", "W": "warning"}
TIERS: Final = {
    "contract": "a sentence of the contract, or arithmetic between its fields: an error on any tree",
    "reading": "the contract allows several forms: on a foreign tree any consistent one passes",
    "reference": "a formula, threshold or word of the reference executor: a warning on a foreign tree",
}
SOURCES: Final = {
    "tbl": "the surface table",
    "rul": "the rules section",
    "fac": "the factor section",
    "nav": "the NAV section",
    "rsk": "the risk section",
    "tim": "Timestamp & Freshness",
    "ext": "the exit_pipeline section",
    "sys": "implied by the v7.6 system",
    "kit": "a rule of the harness",
}
_ID = re.compile(r"INV-([A-Z]+)(\d+)")


def area_of(rule_id: str) -> str:
    """The letters of a rule's id: `INV-NS03` is in `NS`."""
    return _parts(rule_id)[0]


def _parts(rule_id: str) -> tuple[str, int]:
    found = _ID.fullmatch(rule_id)
    assert found is not None, f"{rule_id} is not formed like INV-L04"
    return found[1], int(found[2])


@cache
def in_order() -> tuple[Rule, ...]:
    """Every rule, by area and number."""
    assert rules.__all__
    order = list(AREAS)

    def place(rule: Rule) -> tuple[int, int]:
        area, number = _parts(rule.id)
        return order.index(area), number

    return tuple(sorted(RULES.values(), key=place))


def by_area(chosen: Iterable[Rule]) -> dict[str, list[Rule]]:
    """The rules by the letters of their area, in the order of `in_order`."""
    wanted = frozenset(rule.id for rule in chosen)
    areas: dict[str, list[Rule]] = {}
    for rule in in_order():
        if rule.id in wanted:
            areas.setdefault(area_of(rule.id), []).append(rule)
    return areas


def matching(words: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that ids or patterns (`INV-D*`) name, in catalogue order, each once; case does not matter.

    Raises SimkitError with every word that names none.
    """
    wanted: dict[str, None] = {}
    wrong = []
    for word in words:
        pattern = word.upper()
        hits = [rule.id for rule in in_order() if fnmatchcase(rule.id, pattern)]
        wanted |= dict.fromkeys(hits)
        if not hits:
            wrong.append(f"{word}: no such rule. {_hint(pattern)}")
    if wrong:
        raise SimkitError("\n".join(wrong))
    return tuple(rule for rule in in_order() if rule.id in wanted)


def _hint(word: str) -> str:
    is_pattern = any(mark in word for mark in "*?[")
    near = [] if is_pattern else get_close_matches(word, [rule.id for rule in in_order()], n=3, cutoff=0.6)
    return (
        f"Did you mean {' or '.join(near)}?" if near else "Rules are called INV-L04; simkit rules shows them."
    )


def sources_in_words(source: str) -> str:
    """`tbl, sys (A-19)` as `the surface table; implied by the v7.6 system (A-19)`."""
    return "; ".join(
        re.sub(r"^[a-z]{3}", lambda m: SOURCES.get(m[0], m[0]), part) for part in source.split(", ")
    )


def surfaces_text(rule: Rule) -> str:
    """The ids of the surfaces, `S1, S3-S8`; a rule on the tree as a whole names none."""
    runs: list[list[str]] = []
    for surface in rule.surfaces:
        if runs and runs[-1][-1][0] == "S" == surface[0] and int(surface[1:]) == int(runs[-1][-1][1:]) + 1:
            runs[-1].append(surface)
        else:
            runs.append([surface])
    shown = (f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)
    return ", ".join(shown) or "the tree"


# The page --------------------------------------------------------------------------------------------------


def page() -> str:
    """The text of `docs/rules.md`."""
    lines = [
        "# The rules",
        "",
        "Every rule that a tree of state surfaces is judged by. `simkit rules` shows the same on a terminal,",
        "and `simkit rules INV-L04` also the scenarios that make a rule fire.",
        "",
        "Made by `python -m simkit.contract.catalogue > docs/rules.md`; do not edit.",
        "",
        *(f"- Tier `{tier}`: {meaning}." for tier, meaning in TIERS.items()),
        "",
        *(f"- Source `{source}`: {meaning}." for source, meaning in SOURCES.items()),
        "",
        "A source may add `A-nn`, the reading of an ambiguous sentence. `D-nn` in an example is the legacy",
        "defect that breaks the rule. A rule that lacks what it looks at is reported as not evaluated, never",
        "as passed. A rule *judged by* something else is never evaluated by a run or on a tree alone.",
    ]
    for area, members in by_area(RULES.values()).items():
        lines += [
            "",
            f"## {AREAS[area]}",
            "",
            "| id | rule | example of a violation | looks at | tier | source |",
        ]
        lines += ["|---|---|---|---|---|---|", *map(_row, members)]
    return "\n".join([*lines, ""])


def _row(rule: Rule) -> str:
    tier = rule.tier if rule.severity == "E" else f"{rule.tier}, warning"
    looks = f"{surfaces_text(rule)}: {KINDS[rule.kind]}"
    if rule.judged_by:
        looks += f"; *judged by* {rule.judged_by}"
    cells = (rule.id, rule.statement, rule.example, looks, tier, rule.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode())
