"""What the scenarios of a project move, and what nothing touches.

Comes in: the looks of runs. Goes out: a `Coverage`. May import `core`, `contract`, `scenario`, `trace`, `judge`
and `run`.
"""
