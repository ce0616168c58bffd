"""Doors and numbers that every other room may use: clock, random streams, canonical JSON, files, errors.

May import the standard library, msgspec and xxhash; nothing of simkit outside this folder.
"""
