"""Text from elsewhere (titles, names, published values) made safe to show.

Comes in: any text. Goes out: the same text, where nothing is a command to a terminal, an XML reader or a CI. May
import nothing of simkit.
"""

from __future__ import annotations

import re

#: Control characters but tab and line feed, halves of surrogate pairs, and what XML has no place for.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
#: `##[group]`, `##vso[task.complete]`, `##teamcity[...]`: obeyed anywhere in a line.
_ANYWHERE = re.compile(r"##(?=\w*\[)")
#: `::add-mask::`: obeyed at the start of a line, after blanks.
_AT_START = re.compile(r"^(\s*):(?=:)", re.M)


def visible(text: str) -> str:
    """Characters that cannot be seen are spelled: `\\\\x1b`, `\\\\r`."""
    return _HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


def inert(text: str) -> str:
    """Lines of a log in which no CI finds a command."""
    return _AT_START.sub(r"\1: ", _ANYWHERE.sub("# #", visible(text)))
