"""Alert tiers: how fast, and for how long, a location must break promises before an alert fires.

A tier looks at the promises that fell due in one window. It alerts when the number of broken ones reaches all of
- the share that breaks at `burn` times the even pace of the budget; the budget is the allowed share, 1 - objective,
- the number that chance explains: the allowed number plus `chance` times its square root, the spread of a count,
- a floor of broken promises, whatever the traffic: a total outage in a quiet hour must not go unnoticed.
Shares are of the promises that fell due in the window, or of the number expected from the period if that is larger.
So an alert in a rush is about the rush, and a few broken promises in a quiet hour weigh little against the budget of
the period. At an objective of 0.9, a burn of 14.4 would need 144 % of all promises to break. So the burn is lowered
until the share `MAX_SHARE` suffices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streams.alerting.objectives import Objective
from streams.alerting.yaml_documents import decimal, percent

MAX_SHARE: Final = 0.4
"""The share of broken promises that is enough for any tier, whatever the objective."""

MIN_BURN: Final = 1.5
"""The lowest useful burn: a location that just meets its objective has a burn of 1."""


class RateWindow(NamedTuple):
    """A window by due time. name: the label value. hours: its length."""

    name: str
    hours: int

    @property
    def per_day_factor(self) -> str:
        """The factor, in PromQL, that turns a count per day into one per window."""
        if self.hours == 24:
            return ""
        return f" * {self.hours // 24}" if self.hours > 24 else f" / {decimal(24 / self.hours)}"


class Tier(NamedTuple):
    """One tier.

    still: a shorter window that must show the same pace, so that the alert ends soon after the problem. part: `window`
    divided by `still`. lately: how long ago `still` may have shown that pace; empty for now. pending_for,
    keep_firing_for: see AlertingRule.
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
    pending_for: str
    keep_firing_for: str

    def burns(self, objective: float) -> float | None:
        """Return the burn that the tier needs at that objective; None if the tier is of no use there."""
        burn = min(self.burn, MAX_SHARE / (1 - objective))
        return burn if burn >= min(self.burn, MIN_BURN) else None


PERIOD: Final = RateWindow("7d", 7 * 24)
"""The period of the budget, in whole days. A week has one of each weekday."""

TIERS: Final = (
    Tier(
        "PromisesBurningFast", "critical", RateWindow("1h", 1), still="15m", part=4, lately="",
        burn=14.4, chance=4, floor=5, pending_for="2m", keep_firing_for="5m",
    ),
    Tier(
        "PromisesBurningSlowly", "warning", RateWindow("24h", 24), still="1h", part=24, lately="3h",
        burn=2, chance=4, floor=3, pending_for="15m", keep_firing_for="15m",
    ),
    Tier(
        "PromisesBrokenRepeatedly", "warning", PERIOD, still="24h", part=7, lately="",
        burn=1, chance=2.5, floor=3, pending_for="30m", keep_firing_for="1h",
    ),
)  # fmt: skip
"""The tiers, from fast to slow. The last one is for locations with a few promises a day."""


def left_out_objectives(tier: Tier, objectives: Iterable[Objective]) -> list[float]:
    """Return the objectives at which the tier is of no use."""
    return [objective for objective in _values(objectives) if tier.burns(objective) is None]


def tier_remarks(objectives: Iterable[Objective], tiers: Iterable[Tier] = TIERS) -> Iterator[str]:
    """Yield a line for each tier whose burn an objective lowers, or which it leaves out, and why."""
    values = _values(objectives)
    for tier in tiers:
        for objective in values:
            if remark := _remark(tier, objective):
                yield f"{tier.alert} at {percent(objective)}: {remark}"


def _remark(tier: Tier, objective: float) -> str:
    burn = tier.burns(objective)
    pace = f"{decimal(tier.burn)} times the budget's pace is {percent(tier.burn * (1 - objective))} of all promises"
    if burn is None:
        return f"left out: {pace}, and at {percent(MAX_SHARE)} a location that meets its objective would alert"
    return f"{pace}: lowered to {decimal(round(burn, 2))} times, {percent(MAX_SHARE)}" if burn < tier.burn else ""


def _values(objectives: Iterable[Objective]) -> list[float]:
    return sorted({value for objective in objectives for value in objective.values})
