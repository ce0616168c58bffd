"""The v7.6 state contract as data and pure functions: what a surface holds, who owns it, what must be true.

Comes in: one tree or a series of trees. Goes out: findings and views. May import `core`. Knows nothing of our
executor.
"""
