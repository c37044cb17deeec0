"""The core: history in, verdict out. Pure functions of their arguments; no framework, no clock, no I/O.

Read `case` (what is known), `fold` (one fact more), `settle` (what follows from it) in that order.
"""
