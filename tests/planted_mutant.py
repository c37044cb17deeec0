"""A mistake that tests/mutants.py plants."""

from __future__ import annotations

from typing import Final, NamedTuple

PARTITION: Final = "streams/state/partition.py"


class Mutant(NamedTuple):
    """A mistake: `mutated` written in the place of `original`."""

    name: str
    module: str
    original: str
    mutated: str
