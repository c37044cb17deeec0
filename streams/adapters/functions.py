"""The functions that adapters have beside JSONata's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streams.adapters import times
from streams.adapters.simple_expressions import Functions
from streams.config.toml import ConfigError, parse_toml, read_file

Tables = Mapping[str, Mapping[str, Any]]
"""Reference tables: by name, then by key."""

Zones = Mapping[str, str]
"""Location to IANA time zone."""


class TablesError(ConfigError):
    """A file of reference tables that cannot be used; the message names file, key and remedy."""


def read_tables(path: str) -> Tables:
    """The reference tables in a TOML file: a [table] each, key = value. Raises TablesError."""
    tables = parse_toml(read_file(path, TablesError), path, TablesError)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise TablesError(f"{path}: {name}: write it as a table, [{name}], with key = value below")
    return tables


def functions(tables: Tables, zones: Zones) -> Functions:
    """The functions by name; what they are given may be missing, and then they give nothing."""
    return {
        "local": times.local,
        "ticks": times.ticks,
        "clock": times.clock,
        "plus": times.plus,
        "after": times.after,
        "entries": _entries,
        # Of nothing JSONata makes true, but the package nothing: a rule for what has no status would never fit.
        "not": lambda value: not _is_true(value),
        "zone": lambda location: zones.get(_key(location)),
        "table": lambda name, key: tables.get(_key(name), _EMPTY).get(_key(key)),
    }


_EMPTY: Final[Mapping[str, Any]] = {}


def _is_true(value: Any) -> bool:
    """Whether JSONata takes a value for true: a list, if anything in it is."""
    return any(map(_is_true, value)) if isinstance(value, list) else bool(value)


def _key(value: Any) -> str:
    return str(value)


def _entries(value: Any) -> list[dict[str, Any]] | None:
    """A map as a list of key and value; a value that is a list gives one entry for each of its items."""
    if not isinstance(value, dict):
        return None
    return [
        {"key": key, "value": item}
        for key, inner in value.items()
        for item in (inner if isinstance(inner, list) else [inner])
    ]
