"""Reading of TOML files that people write, key by key. Errors name the file, the key and the remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from schemas.instants import Millis

_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST: Final[Millis] = 3650 * _UNITS["d"]


class ConfigError(ValueError):
    """A configuration file that cannot be used. The message names the file, the key and the remedy."""


def read_file(path: str | Path, error_type: type[ConfigError]) -> str:
    """Return the text of a file. Raises `error_type` if it cannot be read."""
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise error_type(f"{path}: cannot be read: {reason}; give a readable TOML file") from None


def parse_toml(text: str, source: str, error_type: type[ConfigError]) -> dict[str, Any]:
    """Return the document in `text`. Raises `error_type`, with `source` as the name of the file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise error_type(f"{source}: not TOML: {error}") from None


def check_keys(table: Iterable[str], known: Iterable[str], label: str, error_type: type[ConfigError]) -> None:
    """Raise `error_type` for a key that is not known, so that a misspelt key does not pass for a default."""
    for key in table:
        if key not in known:
            raise error_type(f"{label}: unknown key {key!r}; known are {', '.join(sorted(known))}")


def entry_label(entry: Any, number: int, name: str, key: str, source: str, error_type: type[ConfigError]) -> str:
    """Return how errors name the table `number` of [[name]]: with the value of its `key`, if it has one.

    Raises `error_type` if the entry is not a table.
    """
    label = f"{source}: {name} {number}"
    if not isinstance(entry, dict):
        raise error_type(f"{label}: write it as a [[{name}]] table")
    return f"{label} ({entry[key]})" if isinstance(entry.get(key), str) else label


def parse_duration(value: Any) -> Millis:
    """Return the milliseconds of a duration such as 90s. Raises ValueError, whose message says how to write one."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write a length of time as "500ms", "90s", "15m", "2h" or "1d"')
    duration = int(match[1]) * _UNITS[match[2]]
    if duration > _LONGEST:
        raise ValueError("write at most ten years, 3650d")
    return duration


def parse_share(value: Any) -> float:
    """Return a share above 0 and below 1. Raises ValueError, whose message says how to write it."""
    if not isinstance(value, float) or not 0 < value < 1:
        raise ValueError("write a share between 0 and 1, such as 0.95")
    return value


class TableReader:
    """Reads the values of one table and checks them.

    label: the beginning of error messages. Every method raises `error_type` for a value of the wrong type.
    """

    error_type: type[ConfigError] = ConfigError

    def __init__(self, table: Mapping[str, Any], label: str) -> None:
        self.table = table
        self.label = label

    @classmethod
    def entries(
        cls, text: str, source: str, name: str, plural: str, *, label_key: str, keys: Iterable[str]
    ) -> list[Self]:
        """Return a reader for each [[name]] table of a TOML file that holds nothing else.

        label_key: the key whose value identifies a table in error messages. keys: the keys that a table may have.
        """
        document = parse_toml(text, source, cls.error_type)
        check_keys(document, [name], source, cls.error_type)
        entries = document.get(name)
        if not isinstance(entries, list) or not entries:
            raise cls.error_type(f"{source}: no {plural}; write at least one [[{name}]] table")
        readers = []
        for number, entry in enumerate(entries, 1):
            reader = cls(entry, entry_label(entry, number, name, label_key, source, cls.error_type))
            reader.check_keys(keys)
            readers.append(reader)
        return readers

    def error(self, key: str, remedy: str) -> ConfigError:
        """Return the error for the value of `key`."""
        return self.error_type(f"{self.label}: {key} = {self.table.get(key)!r}: {remedy}")

    def check_keys(self, known: Iterable[str]) -> None:
        """Raise the error for a key that is not in `known`."""
        check_keys(self.table, known, self.label, self.error_type)

    def text(self, key: str, default: str | None = None, *, example: str = "ready") -> str:
        """Return a text that is not empty."""
        value = self.table.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.error(key, f'write a text, such as {key} = "{example}"')
        return value

    def optional_text(self, key: str, *, example: str) -> str:
        """Return a text that is not empty, or an empty one if the key is absent."""
        return self.text(key, example=example) if key in self.table else ""

    def texts(self, key: str, default: list[str]) -> tuple[str, ...]:
        """Return a list of texts that are not empty; the list is not empty either."""
        value = self.table.get(key, default)
        if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
            raise self.error(key, f'write a list of texts, such as {key} = ["ready", "picked_up"]')
        return tuple(value)

    def whole_number(self, key: str, default: int) -> int:
        """Return a whole number that is at least 1."""
        value = self.table.get(key, default)
        if type(value) is not int or value < 1:
            raise self.error(key, "write a whole number from 1")
        return value

    def duration(self, key: str, default: Millis) -> Millis:
        """Return a duration in milliseconds."""
        return self.duration_of(key, self.table[key]) if key in self.table else default

    def duration_of(self, key: str, value: Any) -> Millis:
        """Return the milliseconds of `value`, which is the value of `key` or a part of it."""
        try:
            return parse_duration(value)
        except ValueError as error:
            raise self.error(key, str(error)) from None

    def share(self, key: str) -> float | None:
        """Return a share, or None if the key is absent."""
        try:
            return parse_share(self.table[key]) if key in self.table else None
        except ValueError as error:
            raise self.error(key, str(error)) from None

    def choice(self, key: str, choices: tuple[str, ...]) -> Any:
        """Return one of `choices`; the first of them if the key is absent."""
        value = self.table.get(key, choices[0])
        if value not in choices:
            raise self.error(key, f"write one of {', '.join(map(repr, choices))}")
        return value

    def subtable(self, key: str, known: Iterable[str] | None = None, *, example: str = "") -> dict[str, Any]:
        """Return the table under `key`, empty if the key is absent. known: the keys that it may have; None for any."""
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"write a table {example or 'with keys of ' + ', '.join(sorted(known or ()))}")
        if known is not None:
            check_keys(value, known, f"{self.label}: {key}", self.error_type)
        return value
