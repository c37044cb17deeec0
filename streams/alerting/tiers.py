"""Tiers: how fast a location must break promises, and for how long, before somebody is told. Data, and its check.

A tier looks at the promises that fell due in one window and alerts when the broken ones reach all three of
- the share of them that `burn` times the pace of the budget breaks; the budget is what may break, 1 - objective,
- what chance explains: the number that may break and `chance` times its square root, the spread of a count,
- a floor, which counts broken promises and never traffic: a total outage in a quiet hour is not hidden by the quiet.
Shares are of what fell due in the window, or of what the period lets expect there where that is more. So in a rush an
alert means this rush, and in a quiet hour a few broken promises count as the little of the period's budget that they
are. A pace of 14.4 is reached at the objective 0.9 only if 144 % of all promises break: so a burn is lowered until the
share `REACH` suffices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streams.alerting.objectives import Objective
from streams.alerting.yaml_documents import decimal, percent

REACH: Final = 0.4
"""The share of broken promises that is bad enough for any tier, whatever the objective."""

LEAST: Final = 1.5
"""A burn lowered below this says nothing: a location that just meets its objective burns at 1."""


class RateWindow(NamedTuple):
    """A window by due time. name: the label value. hours: its length."""

    name: str
    hours: int

    @property
    def of_day(self) -> str:
        """What turns a count a day into one a window, in PromQL."""
        if self.hours == 24:
            return ""
        return f" * {self.hours // 24}" if self.hours > 24 else f" / {decimal(24 / self.hours)}"


class Tier(NamedTuple):
    """One tier. still: a shorter window in which the same pace must hold, so that the alert ends when the trouble does.

    part: the part of `window` that `still` is, as a divisor. lately: how long ago `still` may have been at that pace;
    empty for now. held, kept: see documents.Alert.
    """

    alert: str
    severity: str
    window: RateWindow
    still: str
    part: int
    lately: str
    burn: float
    chance: float
    floor: int
    held: str
    kept: str

    def burns(self, objective: float) -> float | None:
        """How many times the budget's even pace it takes at that objective; None where the tier would say nothing."""
        burn = min(self.burn, REACH / (1 - objective))
        return burn if burn >= min(self.burn, LEAST) else None


PERIOD: Final = RateWindow("7d", 7 * 24)
"""The period of the budget: people plan by the week, and a week has one of each day. Whole days."""

TIERS: Final = (
    Tier(
        "PromisesBurningFast", "critical", RateWindow("1h", 1), still="15m", part=4, lately="",
        burn=14.4, chance=4, floor=5, held="2m", kept="5m",
    ),
    Tier(
        "PromisesBurningSlowly", "warning", RateWindow("24h", 24), still="1h", part=24, lately="3h",
        burn=2, chance=4, floor=3, held="15m", kept="15m",
    ),
    Tier(
        "PromisesBrokenRepeatedly", "warning", PERIOD, still="24h", part=7, lately="",
        burn=1, chance=2.5, floor=3, held="30m", kept="1h",
    ),
)  # fmt: skip
"""From the fast to the slow. The last one is what a location with a few promises a day is told by."""


def left_out(tier: Tier, objectives: Iterable[Objective]) -> list[float]:
    """The objectives in use at which the tier would say nothing."""
    return [objective for objective in _values(objectives) if tier.burns(objective) is None]


def notes(objectives: Iterable[Objective], tiers: Iterable[Tier] = TIERS) -> Iterator[str]:
    """What the check found: for every objective in use the tiers that it lowers or leaves out, and why."""
    values = _values(objectives)
    for tier in tiers:
        for objective in values:
            note = _note(tier, objective)
            if note:
                yield f"{tier.alert} at {percent(objective)}: {note}"


def _note(tier: Tier, objective: float) -> str:
    burn = tier.burns(objective)
    asked = f"{decimal(tier.burn)} times the budget's pace is {percent(tier.burn * (1 - objective))} of all promises"
    if burn is None:
        return f"left out: {asked}, and at {percent(REACH)} a location that meets its objective would alert"
    return f"{asked}: lowered to {decimal(round(burn, 2))} times, {percent(REACH)}" if burn < tier.burn else ""


def _values(objectives: Iterable[Objective]) -> list[float]:
    return sorted({value for objective in objectives for value in objective.values})
