"""What goes wrong and in which order: it follows from the seed and the numbers asked for, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import NamedTuple


class Fault(StrEnum):
    """What is done to the deployment."""

    KILL = "kill"
    REBALANCE = "rebalance"
    ZOMBIE = "zombie"
    BROKER = "broker restart"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many faults of each kind there are."""

    kills: int
    rebalances: int
    zombies: int
    broker_restarts: int
    cuts: int = 0

    def each(self) -> dict[Fault, int]:
        numbers = self.kills, self.rebalances, self.zombies, self.broker_restarts, self.cuts
        return dict(zip(Fault, numbers, strict=True))


class Step(NamedTuple):
    """One fault. pick: which of those there are, from 0 to 1. at_once: strike before the last fault is got over.
    pause: seconds to wait before it, after that."""

    fault: Fault
    pick: float
    at_once: bool
    pause: float


def schedule(seed: int, counts: Counts, haste: float) -> list[Step]:
    """All faults, shuffled. haste: the share of them that strike before the one before is got over."""
    chance = Random(seed)
    faults = [fault for fault, number in counts.each().items() for _ in range(number)]
    chance.shuffle(faults)
    return [Step(fault, chance.random(), chance.random() < haste, chance.uniform(0.2, 1.2)) for fault in faults]
