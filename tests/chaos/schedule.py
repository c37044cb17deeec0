"""The schedule of faults. It depends only on the seed and the numbers of faults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import NamedTuple


class Fault(StrEnum):
    """A kind of fault."""

    KILL = "kill"
    REBALANCE = "rebalance"
    ZOMBIE = "zombie"
    BROKER = "broker restart"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of faults of each kind."""

    kills: int
    rebalances: int
    zombies: int
    broker_restarts: int
    cuts: int = 0

    def each(self) -> dict[Fault, int]:
        numbers = self.kills, self.rebalances, self.zombies, self.broker_restarts, self.cuts
        return dict(zip(Fault, numbers, strict=True))


class Step(NamedTuple):
    """One fault. pick: selects the target, from 0 to 1. at_once: strike before the recovery from the last fault. pause:
    the seconds to wait after that.
    """

    fault: Fault
    pick: float
    at_once: bool
    pause: float


def schedule(seed: int, counts: Counts, haste: float) -> list[Step]:
    """Return all faults, shuffled. haste: the share of them that strike before the recovery from the one before."""
    chance = Random(seed)
    faults = [fault for fault, number in counts.each().items() for _ in range(number)]
    chance.shuffle(faults)
    return [Step(fault, chance.random(), chance.random() < haste, chance.uniform(0.2, 1.2)) for fault in faults]
