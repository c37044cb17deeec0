"""Locations: optional data about the places that are accountable for promises.

Policies, histories and verdicts use only the id of a location. Dashboards and alerts use its name, time zone and
objectives; the worker uses its feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.instants import NEVER, Millis


class LocationFeed(NamedTuple):
    """The feed that carries the events of a location.

    feed: its name, the `source` in `clock` records.
    silent_after: the age of its watermark at which it is stale.
    abandoned_after: the age of its watermark at which it is ignored.
    """

    feed: str
    silent_after: Millis
    abandoned_after: Millis = NEVER


FeedLookup = Mapping[str, LocationFeed]
"""The declared feeds, by location. Promises of other locations depend on the watermark of the partition alone."""

NO_FEEDS: Final[FeedLookup] = MappingProxyType({})


SILENT_AFTER: Final[Millis] = 10 * 60_000
"""The default of `silent_after`."""

_NO_OBJECTIVES: Final[Mapping[str, float]] = MappingProxyType({})


class Location(NamedTuple):
    """One location.

    id: as in events. display_name: for people. zone: IANA time zone.
    objectives: by kind, the share of promises that should be kept, if it differs from that of the policies.
    feed, silent_after, abandoned_after: see LocationFeed; `feed` is empty if the location has none.
    """

    id: str
    display_name: str
    zone: str = "UTC"
    objectives: Mapping[str, float] = _NO_OBJECTIVES
    feed: str = ""
    silent_after: Millis = SILENT_AFTER
    abandoned_after: Millis = NEVER


class Locations:
    """All known locations, in the order of their file. Immutable."""

    def __init__(self, locations: Iterable[Location] = ()) -> None:
        self.all = tuple(locations)
        self._by_id = {location.id: location for location in self.all}

    def get(self, id: str) -> Location:
        """Return the location with that id; for an unknown id, one with defaults and the id as its name."""
        return self._by_id.get(id) or Location(id, id)

    def feeds(self) -> FeedLookup:
        """Return the feed of each location that has one."""
        return {
            location.id: LocationFeed(location.feed, location.silent_after, location.abandoned_after)
            for location in self.all
            if location.feed
        }
