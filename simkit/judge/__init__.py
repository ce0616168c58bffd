"""Judges: contract rules, expectations and listed findings over a run. A judge never mutates and never
raises.

Comes in: `LoopRecord`s. Goes out: findings. May import `core`, `contract`, `scenario.model` and `trace`.
"""
