"""The words of findings are part of the public interface: ids, places, values and messages, rule by rule.

For each rule the tree that just fails is judged by every rule, so that the snapshot also shows which others fire with
it. A change here is a change that users see: it belongs into the changelog.
"""

from __future__ import annotations

from syrupy.assertion import SnapshotAssertion
from test_rules import CASES, edited

from simkit.contract.finding import RULES


def told(rule: str) -> str:
    """What the tree that just fails `rule` makes all rules say in its second loop."""
    _, (_, verdict) = edited(CASES[rule][1]).judged(list(RULES.values()))
    return "\n".join(
        f"  {f.rule} {f.tier} {f.severity} {f.stem} {f.path} = {f.value}\n      {f.message}"
        for f in verdict.findings
    )


def test_the_words_of_every_finding(snapshot: SnapshotAssertion) -> None:
    text = {rule: told(rule) for rule in sorted(CASES)}
    assert all(f"  {rule} " in words for rule, words in text.items())
    assert "\n".join(f"{rule}:\n{words}" for rule, words in text.items()) == snapshot
