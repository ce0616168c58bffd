"""The port that every executor meets, and the reference executor: one file per rule family of behaviour.md.

Comes in: a `LoopInput` and a `VenuePort`. Goes out: `ExecutorState`. May import `core` and `exchange.orders`,
`market.ticks` and `scenario.model` for the types they define. Never imports `surfaces` or `contract`.
"""
