"""All rules for Prometheus, from objectives and locations."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.words import Basis
from streams.alerting import burning, pipeline, records
from streams.alerting.documents import Group, document
from streams.alerting.objectives import Objective
from streams.alerting.texts import Links
from streams.judging.locations import Locations


def rules(objectives: Sequence[Objective], locations: Locations, basis: Basis, links: Links) -> list[Group]:
    """The groups, in the order in which each reads the ones before it. Without objectives: without alerts on promises.

    basis: the promise that alerts hold a location to.
    """
    groups = [*records.places(locations), records.windows(), records.at_risk(basis)]
    if objectives:
        groups += [records.objectives(objectives), records.usually(basis), records.thresholds(objectives, basis)]
        groups.append(burning.burning(basis, links))
    if any(location.feed for location in locations.all):
        groups += [records.feeds(), pipeline.feeds(basis, links)]
    return [*groups, pipeline.workers(links)]


def as_yaml(groups: Sequence[Group], head: str) -> str:
    """A rule file under a comment."""
    return document({"groups": [group.as_yaml() for group in groups]}, head)
