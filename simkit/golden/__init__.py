"""Goldens: the accepted tree and history of every scenario, compared, kept pending, accepted.

Comes in: a `Recording` and a golden folder. Goes out: a `Difference`, or a new golden folder. May import
`core`, `contract.table`, `trace`.
"""
