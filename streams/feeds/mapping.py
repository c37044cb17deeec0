"""Mapping files: how the columns of a log become canonical events. Pure; a mapping is data (TOML).

A mapping mirrors the event: `[event]` holds the fields of every event, a table named as an event type those of that
type. A text names a column, `{ constant = ... }` says a value outright, `{ column = ..., values = { ... } }` translates
the values it lists. An empty column leaves its field out; a promise without a due time is left out whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from schemas.events import TAGS, Record
from schemas.reading import convert

Row = Mapping[str, Any]
Format = Literal["csv", "ndjson"]
_Field = Callable[[Row], Any]
_FIELDS = frozenset(field for kind in TAGS for field in kind.__struct_fields__) | {"type"}
_KNOWN = ", ".join(sorted(_FIELDS))


class MappingError(ValueError):
    """A mapping file that cannot be used; the message names file, key and remedy."""


class EventMapping:
    """A mapping, ready to use. columns: all that it names. format: what the file says, if it does."""

    def __init__(self, text: str, source: str) -> None:
        """Read the mapping in `text`; `source` names it in errors. Raises MappingError."""
        self.source = source
        tables = self._tables(text)
        self.format: Format | None = tables.pop("format", None)
        if self.format not in ("csv", "ndjson", None):
            raise MappingError(f"{source}: format = {self.format!r}: write 'csv' or 'ndjson', or leave it out")
        self.columns: set[str] = set()
        for name, table in tables.items():
            self._check_fields(name, table)
        self._common = self._field(tables.pop("event", None), "event")
        self._by_type = {name: self._field(table, name) for name, table in tables.items()}

    def record(self, row: Row) -> Record:
        """The event in `row`. Raises Refused."""
        fields = self._common(row) or {}
        tag = fields.get("type")
        if isinstance(tag, str) and tag in self._by_type:
            fields |= self._by_type[tag](row) or {}
        return convert(fields)

    def _tables(self, text: str) -> dict[str, Any]:
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise MappingError(f"{self.source}: not TOML: {error}") from None
        if not isinstance(tables.get("event"), dict):
            raise MappingError(f"{self.source}: [event] is missing; it maps the fields of every event")
        for name in tables.keys() - {"event", "format"} - set(TAGS.values()):
            known = ", ".join(sorted(TAGS.values()))
            raise MappingError(f"{self.source}: [{name}] is no event type; the types are {known}")
        return tables

    def _check_fields(self, name: str, table: Any) -> None:
        if not isinstance(table, dict):
            raise MappingError(f"{self.source}: {name}: write it as a table, [{name}]")
        for field in table.keys() - _FIELDS:
            raise MappingError(f"{self.source}: {name}.{field}: no event has this field; the fields are {_KNOWN}")

    def _field(self, value: Any, where: str) -> _Field:
        if isinstance(value, str) and value:
            return self._column(value, {})
        if isinstance(value, list):
            return self._list([self._field(entry, where) for entry in value])
        if not isinstance(value, dict) or not value:
            raise MappingError(f"{self.source}: {where}: write a column's name, a table or a list")
        if value.keys() <= {"constant"}:
            return self._constant(value["constant"])
        if "column" in value:
            return self._translated(value, where)
        return self._object({key: self._field(entry, f"{where}.{key}") for key, entry in value.items()})

    def _translated(self, table: Mapping[str, Any], where: str) -> _Field:
        name, values = table["column"], table.get("values", {})
        is_sound = isinstance(name, str) and name and isinstance(values, dict) and table.keys() <= {"column", "values"}
        if not is_sound:
            raise MappingError(f'{self.source}: {where}: write {{ column = "a name", values = {{ from = "to" }} }}')
        return self._column(name, values)

    def _column(self, name: str, values: Mapping[str, Any]) -> _Field:
        self.columns.add(name)

        def field(row: Row) -> Any:
            value = row.get(name)
            return None if value in (None, "") else values.get(value, value) if isinstance(value, str) else value

        return field

    @staticmethod
    def _constant(value: Any) -> _Field:
        return lambda row: value

    @staticmethod
    def _object(fields: Mapping[str, _Field]) -> _Field:
        def field(row: Row) -> dict[str, Any] | None:
            found = {key: value for key, inner in fields.items() if (value := inner(row)) is not None}
            return found or None

        return field

    @staticmethod
    def _list(entries: Iterable[_Field]) -> _Field:
        kept = tuple(entries)

        def found(row: Row) -> Iterator[Any]:
            for entry in kept:
                value = entry(row)
                if value is not None and not (isinstance(value, dict) and "kind" in value and "due" not in value):
                    yield value

        return lambda row: list(found(row))
