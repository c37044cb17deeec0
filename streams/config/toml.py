"""Tables of TOML files that people write: read key by key, and what is wrong is named with file, key and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.instants import Millis

_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST: Final[Millis] = 3650 * _UNITS["d"]


class ConfigError(ValueError):
    """A file that cannot be used; the message names file, key and remedy."""


def parse_duration(value: Any) -> Millis:
    """A length of time as people write it, such as 90s. Raises ValueError saying how to write it."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a length of time as "500ms", "90s", "15m", "2h" or "1d"')
    length = int(found[1]) * _UNITS[found[2]]
    if length > _LONGEST:
        raise ValueError("write at most ten years, 3650d")
    return length


def share(value: Any) -> float:
    """A share between none and all, both left out. Raises ValueError saying how to write it."""
    if not isinstance(value, float) or not 0 < value < 1:
        raise ValueError("write a share between 0 and 1, such as 0.95")
    return value


class Table:
    """One table, and the checks that its values have to pass.

    where: what errors begin with. Each method raises `error` for a value that is not of its sort.
    """

    error: type[ValueError] = ConfigError

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self.table = table
        self.where = where

    def wrong(self, key: str, remedy: str) -> ValueError:
        """The error for the value of `key`."""
        return self.error(f"{self.where}: {key} = {self.table.get(key)!r}: {remedy}")

    def only(self, known: Iterable[str], table: Mapping[str, Any] | None = None, within: str = "") -> None:
        """Refuse keys that are not known: a typing error must not pass for a default."""
        for key in self.table if table is None else table:
            if key not in known:
                raise self.error(f"{self.where}{within}: unknown key {key!r}; known are {', '.join(sorted(known))}")

    def text(self, key: str, default: str | None = None, *, example: str = "ready") -> str:
        value = self.table.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, f'write a text, such as {key} = "{example}"')
        return value

    def texts(self, key: str, default: list[str]) -> tuple[str, ...]:
        value = self.table.get(key, default)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(key, f'write a list of texts, such as {key} = ["ready", "picked_up"]')
        return tuple(value)

    def whole(self, key: str, default: int) -> int:
        value = self.table.get(key, default)
        if type(value) is not int or value < 1:
            raise self.wrong(key, "write a whole number from 1")
        return value

    def duration(self, key: str, default: Millis) -> Millis:
        return self.millis(key, self.table[key]) if key in self.table else default

    def millis(self, key: str, value: Any) -> Millis:
        """`value`, which is that of `key` or stands within it, as a length of time."""
        try:
            return parse_duration(value)
        except ValueError as error:
            raise self.wrong(key, str(error)) from None

    def share(self, key: str) -> float | None:
        """The share that `key` names; None without one."""
        try:
            return share(self.table[key]) if key in self.table else None
        except ValueError as error:
            raise self.wrong(key, str(error)) from None

    def one_of(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self.table.get(key, choices[0])
        if value not in choices:
            raise self.wrong(key, f"write one of {', '.join(map(repr, choices))}")
        return value

    def inner(self, key: str, known: Iterable[str] | None = None, *, example: str = "") -> dict[str, Any]:
        """The table within this one, with keys of `known` alone where these are given."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"write a table {example or 'with keys of ' + ', '.join(sorted(known or ()))}")
        if known is not None:
            self.only(known, value, f": {key}")
        return value


def read_entries(text: str, name: str, source: str, what: str, error: type[ValueError]) -> list[Any]:
    """The [[name]] tables of a TOML file that has nothing else. what: what is missing where there are none.

    Raises `error`; each table is still to be checked for being one.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as reason:
        raise error(f"{source}: not TOML: {reason}") from None
    for key in document:
        if key != name:
            raise error(f"{source}: unknown key {key!r}; known are {name}")
    entries = document.get(name)
    if not isinstance(entries, list) or not entries:
        raise error(f"{source}: no {what}; write at least one [[{name}]] table")
    return entries


def entry_label(entry: Any, number: int, name: str, key: str, source: str, error: type[ValueError]) -> str:
    """What errors about the table `number` begin with: its `key` tells it apart. Raises `error` if it is no table."""
    where = f"{source}: {name} {number}"
    if not isinstance(entry, dict):
        raise error(f"{where}: write it as a [[{name}]] table")
    return f"{where} ({entry[key]})" if isinstance(entry.get(key), str) else where
