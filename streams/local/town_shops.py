"""The shops of the simulated town: their promises, their staff, and the habits of their staff.

All durations are in town minutes; `town.py` says how long a town minute lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin
from typing import Final

from schemas.words import Origin


@dataclass(frozen=True, slots=True)
class Habit:
    """The habit of a staff member when promising and working.

    padding: minutes promised for every minute that the work should take.
    spread: standard deviation of the logarithm of the lead time; with 0.1, it is mostly within a tenth of the expected.
    """

    padding: float
    spread: float


STEADY: Final = Habit(padding=1.3, spread=0.12)
ERRATIC: Final = Habit(padding=1.3, spread=0.45)
PADDED: Final = Habit(padding=3.0, spread=0.12)


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A staff member: an id, never a name."""

    id: str
    habit: Habit


@dataclass(frozen=True, slots=True)
class Rush:
    """A recurring wave of more customers than a shop can serve, with its peak half-way.

    begins: minutes to the first rush. lasts: its duration. every: minutes from one start to the next.
    slower: at the peak, lead times grow by this multiple of their length on average, differently for each order.
    never: the share of orders at the peak that are never finished.
    """

    begins: float
    lasts: float
    every: float
    slower: float
    never: float

    def pressure(self, minute: float) -> float:
        """Return the intensity in this minute, from 0 (no rush) to 1 (the peak)."""
        since = (minute - self.begins) % self.every
        return sin(pi * since / self.lasts) if since < self.lasts and minute >= self.begins else 0.0


NO_RUSH: Final = Rush(begins=0, lasts=0, every=1, slower=0, never=0)


@dataclass(frozen=True, slots=True)
class Shop:
    """One location, its kind of promise and the steps of its work.

    share: of the town's orders in a quiet hour. work: minutes that a usual order should take.
    before, keeps, after: the steps before, the step that keeps the promise, and the customer's step after it.
    window: minutes from earliest to latest, 0 for a due time without a window.
    parcels: share of cases with a second subject; None if promises are about the case itself.
    counter: minutes that the policy assumes for orders at the counter, for which no time is promised.
    """

    location: str
    kind: str
    share: float
    work: float
    role: str
    staff: tuple[StaffMember, ...]
    before: tuple[str, ...]
    keeps: str
    after: str = ""
    channels: tuple[str, ...] = ("web",)
    origin: Origin = "written"
    window: float = 0.0
    parcels: float | None = None
    counter: float = 0.0
    rush: Rush = NO_RUSH


def _team(first: int, *habits: Habit) -> tuple[StaffMember, ...]:
    return tuple(StaffMember(f"s-{number}", habit) for number, habit in enumerate(habits, first))


def _bar(location: str, share: float, staff: tuple[StaffMember, ...]) -> Shop:
    return Shop(
        location, "ready", share, work=4, role="barista", staff=staff, before=("started",), keeps="ready",
        after="picked_up", channels=("counter", "counter", "app"), counter=6,
    )  # fmt: skip


KITCHEN: Final = Shop(
    "kitchen", "ready", share=0.17, work=11, role="cook", staff=_team(401, STEADY, STEADY, STEADY, STEADY),
    before=("accepted", "started"), keeps="ready", after="picked_up", channels=("app", "phone"),
    rush=Rush(begins=60, lasts=60, every=480, slower=1.3, never=0.25),
)  # fmt: skip
PHARMACY: Final = Shop(
    "pharmacy", "ready", share=0.11, work=6, role="pharmacist", staff=_team(501, PADDED, PADDED, PADDED),
    before=("checked",), keeps="ready", after="picked_up", channels=("web", "phone"),
)  # fmt: skip
CLINIC: Final = Shop(
    "clinic", "followed_up", share=0.09, work=11, role="nurse", staff=_team(601, STEADY, ERRATIC, PADDED),
    before=(), keeps="called_back", channels=("phone",), origin="spoken",
)  # fmt: skip
PARCELS: Final = Shop(
    "parcel-desk", "delivered", share=0.13, work=13, role="courier", staff=_team(701, STEADY, STEADY, ERRATIC),
    before=("loaded",), keeps="delivered", window=9, parcels=0.2,
)  # fmt: skip
BIKES: Final = Shop(
    "bike-repair", "ready", share=0.07, work=15, role="mechanic", staff=_team(801, STEADY, ERRATIC),
    before=("inspected", "started"), keeps="ready", after="picked_up", channels=("desk",), origin="spoken",
)  # fmt: skip

SHOPS: Final[tuple[Shop, ...]] = (
    _bar("bar-quay", 0.16, _team(101, STEADY, STEADY, STEADY)),
    _bar("bar-market", 0.15, _team(201, STEADY, STEADY, ERRATIC)),
    _bar("bar-station", 0.12, _team(301, ERRATIC, STEADY)),
    KITCHEN,
    PHARMACY,
    CLINIC,
    PARCELS,
    BIKES,
)
"""The town. The shares add up to 1."""
