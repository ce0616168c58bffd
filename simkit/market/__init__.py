"""The tape: what the market does in each loop, as a pure function of scenario and seed.

Comes in: `Scenario.paths`, random streams, recorded files. Goes out: one tuple of `Tick` per loop. May import
`core` and `scenario.model`.
"""
