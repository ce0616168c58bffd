"""`-k`: substrings with and, or, not and parentheses."""

from __future__ import annotations

import pytest

from simkit.cli.expression import parse
from simkit.core.errors import Exit, SimkitError

WORDS = ("drawdown/recovery@legacy", "INC-01", "slow")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("recovery", True),
        ("RECOVERY", True),
        ("inc-01", True),
        ("nav", False),
        ("not nav", True),
        ("not recovery", False),
        ("not not recovery", True),
        ("nav or slow", True),
        ("nav or fast", False),
        ("recovery and slow", True),
        ("recovery and fast", False),
        ("nav and slow or recovery", True),
        ("nav and (slow or recovery)", False),
        ("not (nav or fast)", True),
        ("(((recovery)))", True),
        ("android", False),
        ("drawdown/recovery@legacy", True),
    ],
)
def test_an_expression_holds_for_the_words_of_a_scenario(text: str, holds: bool) -> None:
    assert parse(text)(WORDS) is holds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "nothing more"),
        ("and", "'and'"),
        ("a and", "nothing more"),
        ("a or or b", "'or'"),
        ("not", "nothing more"),
        ("(a", "nothing more"),
        ("a)", "')'"),
        ("a b", "'b'"),
        ("()", "')'"),
    ],
)
def test_a_broken_expression_is_shown_with_what_was_found(text: str, found: str) -> None:
    with pytest.raises(SimkitError) as caught:
        parse(text)
    assert caught.value.exit_code is Exit.USAGE
    assert f"found {found}" in str(caught.value)
    assert repr(text) in str(caught.value)
