"""All Prometheus rules, made from objectives and locations."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.words import Basis
from streams.alerting import pipeline_alerts, promise_alerts, recording_rules
from streams.alerting.annotations import Links
from streams.alerting.objectives import Objective
from streams.alerting.yaml_documents import RuleGroup, document
from streams.judging.locations import Locations


def rules(objectives: Sequence[Objective], locations: Locations, basis: Basis, links: Links) -> list[RuleGroup]:
    """Return the rule groups; each reads only the series of groups before it.

    Without objectives, there are no alerts on promises. basis: the promise that alerts are about.
    """
    groups = [*recording_rules.location_groups(locations), recording_rules.windows(), recording_rules.at_risk(basis)]
    if objectives:
        groups += [
            recording_rules.objectives(objectives),
            recording_rules.usual_values(basis),
            recording_rules.thresholds(objectives, basis),
        ]
        groups.append(promise_alerts.alerts(basis, links))
    if any(location.feed for location in locations.all):
        groups += [recording_rules.feeds(), pipeline_alerts.feeds(basis, links)]
    return [*groups, pipeline_alerts.workers(links)]


def as_yaml(groups: Sequence[RuleGroup], comment: str) -> str:
    """Return a rule file that begins with a comment."""
    return document({"groups": [group.as_yaml() for group in groups]}, comment)
