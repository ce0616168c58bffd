"""Sweeps: what is left when a run is killed, or a file operation fails, at every step of every write."""
