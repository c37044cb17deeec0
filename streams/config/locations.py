"""Locations from TOML: one [[location]] table each. What is wrong is named: file, key and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.instants import NEVER
from streams.config.toml import ConfigError, Table, entry_label, read_entries, share
from streams.judging.locations import SILENT_AFTER, Location, Locations

_KEYS: Final = {"id", "display_name", "zone", "objectives", "feed", "silent_after", "abandoned_after"}


class LocationsError(ConfigError):
    """A file of locations that cannot be used; the message names file, key and remedy."""


def parse_locations(text: str, source: str) -> Locations:
    """The locations in `text`; `source` names the file in errors. Raises LocationsError."""
    entries = read_entries(text, "location", source, "locations", LocationsError)
    locations = [_read(entry, number, source) for number, entry in enumerate(entries, 1)]
    for id, count in Counter(location.id for location in locations).items():
        if count > 1:
            raise LocationsError(f"{source}: location {id!r} is there {count} times; write one table for it")
    return Locations(locations)


def _read(entry: Any, number: int, source: str) -> Location:
    table = _Reader(entry, entry_label(entry, number, "location", "id", source, LocationsError))
    table.only(_KEYS)
    return table.location()


class _Reader(Table):
    """One [[location]] table, key by key."""

    error = LocationsError

    def location(self) -> Location:
        id = self.text("id", example="quay")
        return Location(
            id=id,
            display_name=self.text("display_name", id, example="Quay Street"),
            zone=self.zone(),
            objectives=self.objectives(),
            feed=self.feed(),
            silent_after=self.duration("silent_after", SILENT_AFTER),
            abandoned_after=self.duration("abandoned_after", NEVER),
        )

    def zone(self) -> str:
        if "zone" not in self.table:
            return "UTC"
        zone = self.text("zone", example="Europe/Dublin")
        try:
            return ZoneInfo(zone).key
        except (KeyError, OSError, ValueError):  # not there, a folder of zones, no name of a file
            remedy = "write an IANA time zone that this machine knows, such as Europe/Dublin"
            raise self.wrong("zone", remedy) from None

    def objectives(self) -> Mapping[str, float]:
        table = self.inner("objectives", example="by kind, such as { ready = 0.95 }")
        try:
            return {kind: share(value) for kind, value in table.items()}
        except ValueError as error:
            raise self.wrong("objectives", str(error)) from None

    def feed(self) -> str:
        for limit in ("silent_after", "abandoned_after"):
            if limit in self.table and "feed" not in self.table:
                raise self.wrong(limit, 'name the feed that it is about, such as feed = "pos-quay"')
        return self.text("feed", example="pos-quay") if "feed" in self.table else ""
