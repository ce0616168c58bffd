"""simkit: a deterministic market and executor simulator with golden state trees.

Comes in: nothing. Goes out: the version. Imports nothing, so that `import simkit` costs nothing.
"""

__version__ = "0.1.0"
