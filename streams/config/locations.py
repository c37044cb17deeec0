"""Locations from TOML: one [[location]] table each. Errors name the file, the key and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from schemas.instants import NEVER
from streams.config.toml import ConfigError, TableReader, parse_share
from streams.judging.locations import SILENT_AFTER, Location, Locations


class LocationsError(ConfigError):
    """A file of locations that cannot be used. The message names the file, the key and the remedy."""


def parse_locations(text: str, source: str) -> Locations:
    """Return the locations in `text`; `source` names the file in errors. Raises LocationsError."""
    readers = _LocationReader.entries(text, source, "location", "locations", label_key="id", keys=Location._fields)
    locations = [reader.location() for reader in readers]
    for id, count in Counter(location.id for location in locations).items():
        if count > 1:
            raise LocationsError(f"{source}: location {id!r} is there {count} times; write one table for it")
    return Locations(locations)


class _LocationReader(TableReader):
    """Reads one [[location]] table. Its keys are the fields of Location."""

    error_type = LocationsError

    def location(self) -> Location:
        id = self.text("id", example="quay")
        return Location(
            id=id,
            display_name=self.text("display_name", id, example="Quay Street"),
            zone=self._zone(),
            objectives=self._objectives(),
            feed=self._feed(),
            silent_after=self.duration("silent_after", SILENT_AFTER),
            abandoned_after=self.duration("abandoned_after", NEVER),
        )

    def _zone(self) -> str:
        if "zone" not in self.table:
            return "UTC"
        zone = self.text("zone", example="Europe/Dublin")
        try:
            return ZoneInfo(zone).key
        except (KeyError, OSError, ValueError):  # unknown, a folder of zones, not a file name
            remedy = "write an IANA time zone that this machine knows, such as Europe/Dublin"
            raise self.error("zone", remedy) from None

    def _objectives(self) -> Mapping[str, float]:
        table = self.subtable("objectives", example="by kind, such as { ready = 0.95 }")
        try:
            return {kind: parse_share(value) for kind, value in table.items()}
        except ValueError as error:
            raise self.error("objectives", str(error)) from None

    def _feed(self) -> str:
        for limit in ("silent_after", "abandoned_after"):
            if limit in self.table and "feed" not in self.table:
                raise self.error(limit, 'name the feed that it is about, such as feed = "pos-quay"')
        return self.optional_text("feed", example="pos-quay")
