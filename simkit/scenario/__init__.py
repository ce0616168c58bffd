"""YAML to a frozen `Scenario`: text in, every mistake at once out, nothing else.

Comes in: files. Goes out: `model.Scenario`. May import `core` and `contract` (field names and units).
"""
