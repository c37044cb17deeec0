"""The functions that adapters have in addition to those of JSONata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streams.adapters import times
from streams.adapters.simple_expressions import Functions
from streams.config.toml import ConfigError, parse_toml, read_file

Tables = Mapping[str, Mapping[str, Any]]
"""Reference tables: by name, then by key."""

Zones = Mapping[str, str]
"""The IANA time zone of each location."""


class TablesError(ConfigError):
    """A file of reference tables that cannot be used. The message names the file, the key and the remedy."""


def read_tables(path: str) -> Tables:
    """Return the reference tables in a TOML file: a [table] each, key = value. Raises TablesError."""
    tables = parse_toml(read_file(path, TablesError), path, TablesError)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise TablesError(f"{path}: {name}: write it as a table, [{name}], with key = value below")
    return tables


def functions(tables: Tables, zones: Zones) -> Functions:
    """Return the functions by name. Each returns None if a required argument is missing."""
    return {
        "local": times.local,
        "ticks": times.ticks,
        "clock": times.clock,
        "plus": times.plus,
        "after": times.after,
        "entries": _entries,
        # In JSONata $not(nothing) is true, but the package returns nothing: a rule for records without a status would
        # never match.
        "not": lambda value: not _is_true(value),
        "zone": lambda location: zones.get(_key(location)),
        "table": lambda name, key: tables.get(_key(name), _EMPTY).get(_key(key)),
    }


_EMPTY: Final[Mapping[str, Any]] = {}


def _is_true(value: Any) -> bool:
    """Return True if the value is true in JSONata: a list is true if one of its items is."""
    return any(map(_is_true, value)) if isinstance(value, list) else bool(value)


def _key(value: Any) -> str:
    return str(value)


def _entries(value: Any) -> list[dict[str, Any]] | None:
    """Return a map as a list of {key, value}; a value that is a list gives one entry for each of its items."""
    if not isinstance(value, dict):
        return None
    return [
        {"key": key, "value": item}
        for key, inner in value.items()
        for item in (inner if isinstance(inner, list) else [inner])
    ]
