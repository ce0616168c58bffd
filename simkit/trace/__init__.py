"""The recording of a run: every loop's events, journal and published bytes, flat in memory.

Comes in: one `LoopRecord` per loop. Goes out: running hashes, and bytes on disk from the first loop that
differs from the golden. May import `core`, `contract.table` and the types of `scenario`, `exchange` and
`executor.port`.
"""
