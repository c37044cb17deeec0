"""The core: history in, verdict out. Pure functions of their arguments, without a framework, a clock or I/O.

Read `case` (the data), `fold` (one step per fact) and `settle` (the judgement) in that order.
"""
