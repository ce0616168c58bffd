"""Words: findings, differences and results as text. Formats only, decides nothing.

Comes in: results. Goes out: text. May import all of the rooms to its left.
"""
