"""The adapters that come with `promises`, and the loading of adapters from files.

Each vendor has two files in this folder: NAME.toml, and NAME.tests.toml with its tests. No other code lists them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from streams.adapters.adapter import Adapter
from streams.adapters.adapter_file import AdapterError, parse_adapter
from streams.adapters.adapter_tests import AdapterTests, parse_tests
from streams.adapters.functions import Tables, TablesError, Zones, functions, read_tables
from streams.config.toml import read_file

__all__ = ["Adapter", "AdapterError", "AdapterTests", "TablesError", "load", "load_tests", "load_with", "names"]

_NO_ZONES: Final[Zones] = MappingProxyType({})
_TESTS: Final = ".tests.toml"


def names() -> list[str]:
    """Return the names of the adapters that come with `promises`."""
    entries = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in entries if name.endswith(".toml") and _TESTS not in name)


def load(name_or_path: str, tables: str = "", zones: Zones = _NO_ZONES) -> Adapter:
    """Return the adapter with that name, or in that file.

    tables: the path of a file of reference tables for `$table`, or empty. zones: the IANA time zone of each location,
    for `$zone`. Raises AdapterError and TablesError.
    """
    return load_with(name_or_path, read_tables(tables) if tables else {}, zones)


def load_with(name_or_path: str, tables: Tables, zones: Zones) -> Adapter:
    """Return an adapter as `load` does, with reference tables that are already read. Raises AdapterError."""
    return parse_adapter(_text(name_or_path), name_or_path, functions(tables, zones))


def load_tests(name_or_path: str) -> AdapterTests | None:
    """Return the tests beside an adapter; None if there are none. Raises AdapterError."""
    tests = f"{name_or_path.removesuffix('.toml')}{_TESTS}"
    if not _is_path(name_or_path):
        return parse_tests(files(__name__).joinpath(tests).read_text("utf-8"), tests)
    return parse_tests(read_file(tests, AdapterError), tests) if Path(tests).exists() else None


def _is_path(name_or_path: str) -> bool:
    return name_or_path.endswith(".toml") or "/" in name_or_path


def _text(name_or_path: str) -> str:
    if _is_path(name_or_path):
        return read_file(name_or_path, AdapterError)
    if name_or_path not in names():
        known = ", ".join(names())
        raise AdapterError(f"there is no adapter {name_or_path!r}; there are {known}, or name a .toml file")
    return files(__name__).joinpath(f"{name_or_path}.toml").read_text("utf-8")
