"""The surface sanitizer: wrap any Python executor and see every file operation on its state folder.

Comes in: a command line. Goes out: a `Report` of what broke the contract while it ran. May import `core`,
`contract`. `sanitize` is the whole of it; `simkit sanitize` and the pytest fixture `sanitizer` call it.
"""

from simkit.sanitize.report import Report, SanitizerFinding
from simkit.sanitize.wrap import sanitize

__all__ = ["Report", "SanitizerFinding", "sanitize"]
