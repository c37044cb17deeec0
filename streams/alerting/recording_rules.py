"""Recording rules for dashboards and alerts: sums over workers first, divisions last, never a mean of ratios.

All counts come from the windows in partition state, which are exact and include revisions. Nothing here extrapolates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.words import Basis
from streams.alerting.objectives import Objective
from streams.alerting.tiers import MAX_SHARE, PERIOD, TIERS, RateWindow, Tier, left_out_objectives
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

_GROUP_SIZE: Final = 20
"""The maximum number of rules in a group, because Prometheus evaluates a group one rule after the other."""


def windows() -> RuleGroup:
    """Return the counts by window over all workers, and their ratios, in one group so that they are consistent.

    The count of the period is the sum of consecutive one-day windows.
    """
    sums = "sum by (location, kind, basis, window)"
    counts = [RecordingRule(DUE, f"{sums} ({WINDOW_DUE.name})"), RecordingRule(KEPT, f"{sums} ({WINDOW_KEPT.name})")]
    period = [RecordingRule(name, _days(name), {"window": PERIOD.name}) for name in (DUE, KEPT)]
    broken = RecordingRule(BROKEN, f"  {DUE}\n-\n  {KEPT}\n")
    ratio = RecordingRule(RATIO, f"  {KEPT}\n/\n  ({DUE} > 0)  # without due promises, there is no ratio\n")
    return RuleGroup("promises-windows", [*counts, *period, broken, ratio])


def _days(name: str) -> str:
    days = [_day(f'{name}{{window="24h"}}', day) for day in range(PERIOD.hours // 24)]
    return "sum by (location, kind, basis) (\n" + "  or\n".join(days) + ")\n"


def _day(series: str, day: int) -> str:
    ago = f" offset {day}d" if day else ""
    return f'    label_replace({series}{ago}, "days_ago", "{day}", "", "")\n'


def objectives(by_kind: Sequence[Objective]) -> RuleGroup:
    """Return the objective of each location and kind that has made a promise, one rule per kind."""
    rules = [RecordingRule(OBJECTIVE, _objective(objective), {"kind": objective.kind}) for objective in by_kind]
    return RuleGroup("promises-objectives", rules)


def _objective(objective: Objective) -> str:
    made, kind = f"group by (location) ({MADE.name}", f"kind={quoted(objective.kind)}"
    lines = [
        f"  {decimal(share)} * {made}{{location={quoted(location)},{kind}}})\n"
        for location, share in objective.by_location.items()
    ]
    if objective.default is not None:
        lines.append(f"  {decimal(objective.default)} * {made}{{{kind}}})\n")
    return "or\n".join(lines)


def usual_values(basis: Basis) -> RuleGroup:
    """Return the usual values of the last period.

    The last hour does not count towards the usual number at risk, so that a surge is not compared with itself. The
    rules read a whole week, so they use one point an hour and are evaluated every two minutes.
    """
    day = f'{DUE}{{basis="{basis}",window="24h"}}'
    mean = f"max by (location, kind) (avg_over_time({day}[{PERIOD.name}:1h]))"
    at_risk = f"quantile_over_time(0.95, {AT_RISK}[{PERIOD.name}:5m] offset 1h)"
    return RuleGroup(
        "promises-usual", [RecordingRule(DUE_PER_DAY, mean), RecordingRule(AT_RISK_USUALLY, at_risk)], interval="2m"
    )


def thresholds(by_kind: Sequence[Objective], basis: Basis) -> RuleGroup:
    """Return, for the window of each tier, the expected number due, the allowed number broken, and the threshold."""
    expected = [_expected(tier.window, basis) for tier in TIERS]
    allowed = RecordingRule(ALLOWED, f"  {EXPECTED}\n* on (location, kind) group_left ()\n  (1 - {OBJECTIVE})\n")
    return RuleGroup("promises-thresholds", [*expected, allowed, *(_threshold(tier, by_kind) for tier in TIERS)])


def _expected(window: RateWindow, basis: Basis) -> RecordingRule:
    """Return the larger of the number that fell due and the number expected from the mean day of the period."""
    due = f'{DUE}{{basis="{basis}",window="{window.name}"}}'
    expr = _largest({"due": f"      {due}", "usual": f"      {DUE_PER_DAY}{window.per_day_factor}"})
    return RecordingRule(EXPECTED, expr, {"window": window.name})


def _threshold(tier: Tier, by_kind: Sequence[Objective]) -> RecordingRule:
    window = f'{{window="{tier.window.name}"}}'
    pace = (
        f"        clamp_max({decimal(tier.burn)} * (1 - {OBJECTIVE}), {decimal(MAX_SHARE)})\n"
        f"      * on (location, kind)\n        {EXPECTED}{window}"
    )
    chance = f"      {ALLOWED}{window} + {decimal(tier.chance)} * sqrt({ALLOWED}{window})"
    expr = f"clamp_min({_largest({'pace': pace, 'chance': chance}).rstrip()}, {tier.floor})\n"
    unless = [f"unless\n  {OBJECTIVE} == {decimal(value)}\n" for value in left_out_objectives(tier, by_kind)]
    return RecordingRule(THRESHOLD, expr + "".join(unless), {"window": tier.window.name})


def _largest(series: Mapping[str, str]) -> str:
    """Return the largest of several series for each location and kind."""
    labelled = [f'    label_replace(\n{expr},\n      "of", "{name}", "", ""\n    )\n' for name, expr in series.items()]
    return "max by (location, kind) (\n" + "  or\n".join(labelled) + ")\n"


def at_risk(basis: Basis) -> RuleGroup:
    """Return the number of promises at risk; 0 if there are none, because a reason without promises has no series."""
    expr = (
        f'  sum by (location, kind) ({STATE.name}{{basis="{basis}",verdict="open",reason="at_risk"}})\n'
        "or\n"
        f"  0 * group by (location, kind) ({MADE.name})\n"
    )
    return RuleGroup("promises-at-risk", [RecordingRule(AT_RISK, expr)])


def location_groups(locations: Locations) -> Iterator[RuleGroup]:
    """Yield the properties of locations as series that alerts and dashboards join."""
    rules = [rule for location in locations.all for rule in _location_rules(location)]
    for number, first in enumerate(range(0, len(rules), _GROUP_SIZE), 1):
        yield RuleGroup(f"promises-locations-{number}", rules[first : first + _GROUP_SIZE])


def _location_rules(location: Location) -> Iterator[RecordingRule]:
    feed = {"feed": location.feed} if location.feed else {}
    labels = {"location": location.id, "display_name": location.display_name, "zone": location.zone, **feed}
    yield RecordingRule(INFO, "vector(1)", labels)
    if location.feed:
        after = decimal(location.silent_after / 1000)
        yield RecordingRule(SILENT_AFTER, f"vector({after})", {"location": location.id, "feed": location.feed})


def feeds() -> RuleGroup:
    """Return how long each location's feed has been silent, by the newest watermark of any worker."""
    expr = f"  0 * {SILENT_AFTER}\n+ on (feed) group_left ()\n  (time() - max by (feed) ({FEED.name}))\n"
    return RuleGroup("promises-feeds", [RecordingRule(SILENCE, expr)])


def quoted(text: str) -> str:
    """Return a text as a PromQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
