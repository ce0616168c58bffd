"""The language of `-k`: substrings joined by `and`, `or`, `not` and parentheses, as in pytest.

Comes in: text. Goes out: a test for a scenario's names and tags. May import `core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable

from simkit.core.errors import SimkitError

Words = tuple[str, ...]
Test = Callable[[Words], bool]


def parse(text: str) -> Test:
    """`not legacy and (drawdown or nav)`. A word holds where it is part of any of a scenario's words,
    whatever the case. Raises SimkitError."""
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()[::-1]

    def wrong(expected: str) -> SimkitError:
        found = repr(tokens[-1]) if tokens else "nothing more"
        return SimkitError(
            f"-k {text!r}: expected {expected}, found {found}. Example: -k 'nav and not legacy'"
        )

    def either() -> Test:
        left = both()
        while tokens and tokens[-1] == "or":
            tokens.pop()
            left = _or(left, both())
        return left

    def both() -> Test:
        left = single()
        while tokens and tokens[-1] == "and":
            tokens.pop()
            left = _and(left, single())
        return left

    def single() -> Test:
        if not tokens or tokens[-1] in ("and", "or", ")"):
            raise wrong("a word, 'not' or '('")
        token = tokens.pop()
        if token == "not":
            inner = single()
            return lambda words: not inner(words)
        if token == "(":
            inner = either()
            if not tokens or tokens.pop() != ")":
                raise wrong("')'")
            return inner
        part = token.lower()
        return lambda words: any(part in word.lower() for word in words)

    test = either()
    if tokens:
        raise wrong("'and' or 'or'")
    return test


def _or(left: Test, right: Test) -> Test:
    return lambda words: left(words) or right(words)


def _and(left: Test, right: Test) -> Test:
    return lambda words: left(words) and right(words)
