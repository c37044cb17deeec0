"""Recording rules: what dashboards and alerts read. Sums over workers first, divisions last, never a mean of ratios.

The windows of the book are exact and follow every revision, so counts come from them alone; nothing here extrapolates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.words import Basis
from streams.alerting.objectives import Objective
from streams.alerting.tiers import PERIOD, REACH, TIERS, RateWindow, Tier, left_out
from streams.alerting.yaml_documents import RecordingRule, RuleGroup, decimal
from streams.judging.locations import Location, Locations
from streams.metrics.catalogue import FEED, MADE, STATE, WINDOW_DUE, WINDOW_KEPT

DUE: Final = "location_kind_window:promises_due:sum"
KEPT: Final = "location_kind_window:promises_kept:sum"
BROKEN: Final = "location_kind_window:promises_broken:sum"
RATIO: Final = "location_kind_window:promises_kept_per_promises_due:ratio"
THRESHOLD: Final = "location_kind_window:promises_broken:threshold"
OBJECTIVE: Final = "location_kind:promises_objective:ratio"
DUE_PER_DAY: Final = "location_kind:promises_due:mean_day"
EXPECTED: Final = "location_kind_window:promises_due:expected"
ALLOWED: Final = "location_kind_window:promises_broken:allowed"
AT_RISK: Final = "location_kind:promises_at_risk:sum"
AT_RISK_USUALLY: Final = "location_kind:promises_at_risk:usual"
SILENT_AFTER: Final = "location_feed:promises_silent_after:seconds"
SILENCE: Final = "location_feed:promises_feed_silence:seconds"
INFO: Final = "location:promises_location:info"

_TOGETHER: Final = 20
"""Rules in a group at most: a group is evaluated one rule after the other."""


def windows() -> RuleGroup:
    """Counts by window over all workers, and what is made of them. One group, so that they are of one moment.

    The period is as many windows of a day as it has days, end to end.
    """
    sums = "sum by (location, kind, basis, window)"
    counts = [RecordingRule(DUE, f"{sums} ({WINDOW_DUE.name})"), RecordingRule(KEPT, f"{sums} ({WINDOW_KEPT.name})")]
    period = [RecordingRule(name, _days(name), {"window": PERIOD.name}) for name in (DUE, KEPT)]
    broken = RecordingRule(BROKEN, f"  {DUE}\n-\n  {KEPT}\n")
    ratio = RecordingRule(RATIO, f"  {KEPT}\n/\n  ({DUE} > 0)  # a closed shop has no ratio, rather than a bad one\n")
    return RuleGroup("promises-windows", [*counts, *period, broken, ratio])


def _days(name: str) -> str:
    days = [_day(f'{name}{{window="24h"}}', day) for day in range(PERIOD.hours // 24)]
    return "sum by (location, kind, basis) (\n" + "  or\n".join(days) + ")\n"


def _day(series: str, day: int) -> str:
    ago = f" offset {day}d" if day else ""
    return f'    label_replace({series}{ago}, "days_ago", "{day}", "", "")\n'


def objectives(found: Sequence[Objective]) -> RuleGroup:
    """The objective of each location and kind that has made a promise; a rule a kind."""
    rules = [RecordingRule(OBJECTIVE, _objective(one), {"kind": one.kind}) for one in found]
    return RuleGroup("promises-objectives", rules)


def _objective(objective: Objective) -> str:
    made, kind = f"group by (location) ({MADE.name}", f"kind={quoted(objective.kind)}"
    lines = [
        f"  {decimal(share)} * {made}{{location={quoted(location)},{kind}}})\n"
        for location, share in objective.of.items()
    ]
    if objective.usual is not None:
        lines.append(f"  {decimal(objective.usual)} * {made}{{{kind}}})\n")
    return "or\n".join(lines)


def usually(basis: Basis) -> RuleGroup:
    """What the last period was like, but for the last hour's promises at risk: a surge is not measured by itself.

    By the hour and every two minutes will do: a week is long to read.
    """
    day = f'{DUE}{{basis="{basis}",window="24h"}}'
    mean = f"max by (location, kind) (avg_over_time({day}[{PERIOD.name}:1h]))"
    at_risk = f"quantile_over_time(0.95, {AT_RISK}[{PERIOD.name}:5m] offset 1h)"
    return RuleGroup(
        "promises-usually", [RecordingRule(DUE_PER_DAY, mean), RecordingRule(AT_RISK_USUALLY, at_risk)], interval="2m"
    )


def thresholds(found: Sequence[Objective], basis: Basis) -> RuleGroup:
    """For the window of each tier: what is expected to fall due, how many of these may break, and from how many broken
    ones on the tier speaks."""
    expected = [_expected(tier.window, basis) for tier in TIERS]
    allowed = RecordingRule(ALLOWED, f"  {EXPECTED}\n* on (location, kind) group_left ()\n  (1 - {OBJECTIVE})\n")
    return RuleGroup("promises-thresholds", [*expected, allowed, *(_threshold(tier, found) for tier in TIERS)])


def _expected(window: RateWindow, basis: Basis) -> RecordingRule:
    """The larger of what fell due and what the mean day of the period lets expect."""
    due = f'{DUE}{{basis="{basis}",window="{window.name}"}}'
    expr = _largest({"due": f"      {due}", "usual": f"      {DUE_PER_DAY}{window.of_day}"})
    return RecordingRule(EXPECTED, expr, {"window": window.name})


def _threshold(tier: Tier, found: Sequence[Objective]) -> RecordingRule:
    window = f'{{window="{tier.window.name}"}}'
    pace = (
        f"        clamp_max({decimal(tier.burn)} * (1 - {OBJECTIVE}), {decimal(REACH)})\n"
        f"      * on (location, kind)\n        {EXPECTED}{window}"
    )
    chance = f"      {ALLOWED}{window} + {decimal(tier.chance)} * sqrt({ALLOWED}{window})"
    expr = f"clamp_min({_largest({'pace': pace, 'chance': chance}).rstrip()}, {tier.floor})\n"
    unless = [f"unless\n  {OBJECTIVE} == {decimal(value)}\n" for value in left_out(tier, found)]
    return RecordingRule(THRESHOLD, expr + "".join(unless), {"window": tier.window.name})


def _largest(series: Mapping[str, str]) -> str:
    """For each location and kind the largest of several series, told apart by one more label."""
    named = [f'    label_replace(\n{one},\n      "of", "{name}", "", ""\n    )\n' for name, one in series.items()]
    return "max by (location, kind) (\n" + "  or\n".join(named) + ")\n"


def at_risk(basis: Basis) -> RuleGroup:
    """Promises at risk, at 0 where there are none: a reason has no series before its first promise."""
    expr = (
        f'  sum by (location, kind) ({STATE.name}{{basis="{basis}",verdict="open",reason="at_risk"}})\n'
        "or\n"
        f"  0 * group by (location, kind) ({MADE.name})\n"
    )
    return RuleGroup("promises-at-risk", [RecordingRule(AT_RISK, expr)])


def places(locations: Locations) -> Iterator[RuleGroup]:
    """What is known of the locations, as series: for alerts and boards to join."""
    rules = [rule for location in locations.all for rule in _place(location)]
    for number, first in enumerate(range(0, len(rules), _TOGETHER), 1):
        yield RuleGroup(f"promises-locations-{number}", rules[first : first + _TOGETHER])


def _place(location: Location) -> Iterator[RecordingRule]:
    feed = {"feed": location.feed} if location.feed else {}
    labels = {"location": location.id, "display_name": location.display_name, "zone": location.zone, **feed}
    yield RecordingRule(INFO, "vector(1)", labels)
    if location.feed:
        after = decimal(location.silent_after / 1000)
        yield RecordingRule(SILENT_AFTER, f"vector({after})", {"location": location.id, "feed": location.feed})


def feeds() -> RuleGroup:
    """For how long each location's feed has been silent: the newest that any worker has heard counts."""
    expr = f"  0 * {SILENT_AFTER}\n+ on (feed) group_left ()\n  (time() - max by (feed) ({FEED.name}))\n"
    return RuleGroup("promises-feeds", [RecordingRule(SILENCE, expr)])


def quoted(text: str) -> str:
    """A text as PromQL writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
