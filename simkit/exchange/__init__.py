"""The venue: orders in, acknowledgements, fills and balances out; money and quantity are conserved.

Comes in: ticks and orders. Goes out: events and account views. May import `core`, `scenario.model`,
`scenario.script` and `market`.
"""
