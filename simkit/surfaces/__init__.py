"""The surfaces: builders, the publisher that writes them, the mirror sync_state and the dashboard's reader.

Comes in: `ExecutorState`. Goes out: files. May import `core`, `contract`, `scenario`, `executor.port`,
`executor.state` and `exchange.orders`.
"""
