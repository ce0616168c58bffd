"""Goldens: the accepted tree and history of a run, compared by hashes, shown as differences, written by accept.

Comes in: a recording. Goes out: `Difference`, golden folders. May import `core`, `contract` and `trace`.
"""
