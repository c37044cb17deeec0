"""Locations: what is known of the places that answer for promises, as data. Nobody has to list them.

Policies, histories and verdicts know a location by its id alone. What a location is called, by which clock it lives,
how much of its promises it should keep and which feed it hears from matters to boards and alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.instants import NEVER, Millis


class LocationFeed(NamedTuple):
    """The feed through which the events of a location come.

    feed: its name, the `source` of `clock` records. silent_after: how long after the instant up to which it was heard
    of it is stale. abandoned_after: how long after that it is waited for no more.
    """

    feed: str
    silent_after: Millis
    abandoned_after: Millis = NEVER


FeedLookup = Mapping[str, LocationFeed]
"""The feeds that were declared, by location. A location without one waits for nothing but the clock."""

NO_FEEDS: Final[FeedLookup] = MappingProxyType({})


SILENT_AFTER: Final[Millis] = 10 * 60_000
"""How long a feed may be silent where its location does not say."""

_NO_OBJECTIVES: Final[Mapping[str, float]] = MappingProxyType({})


class Location(NamedTuple):
    """One location. id: as events name it. display_name: as people do. zone: IANA time zone.

    objectives: by kind the share of promises that should be kept, where that differs from the policies'. feed: the
    source whose events it lives on, as `clock` records name it; empty where none is watched. silent_after: how long
    that feed may be silent before it is stale. abandoned_after: how long until it is waited for no more.
    """

    id: str
    display_name: str
    zone: str = "UTC"
    objectives: Mapping[str, float] = _NO_OBJECTIVES
    feed: str = ""
    silent_after: Millis = SILENT_AFTER
    abandoned_after: Millis = NEVER


class Locations:
    """All locations that are known, in the order of their file. Fixed once made."""

    def __init__(self, locations: Iterable[Location] = ()) -> None:
        self.all = tuple(locations)
        self._by_id = {location.id: location for location in self.all}

    def get(self, id: str) -> Location:
        """The location of that id; one with defaults, called by its id, where none is known."""
        return self._by_id.get(id) or Location(id, id)

    def feeds(self) -> FeedLookup:
        """The feed of each location that has one."""
        return {
            location.id: LocationFeed(location.feed, location.silent_after, location.abandoned_after)
            for location in self.all
            if location.feed
        }
