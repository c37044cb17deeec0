"""The tests beside an adapter, from TOML: a payload in, and what it has to become."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.instants import Instant, instant
from schemas.reading import Refused, convert
from streams.adapters.adapter_file import AdapterError
from streams.adapters.decoding import decode
from streams.adapters.event_builder import FIELDS
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.functions import Tables, Zones
from streams.config.toml import entry_label

_TOP: Final = {"tables", "zones", "test"}
_RECORD: Final = {"name", "payload", "headers", "key", "topic", "received_at"}
_OUTCOMES: Final = {"event", "thin", "ignored", "refused"}


class AdapterTest(NamedTuple):
    """One test. opened: the record.

    events, thin: what it has to become. ignored: the rule that has to say so. refused: the reason.
    """

    name: str
    opened: OpenedRecord
    events: tuple[Mapping[str, Any], ...]
    thin: tuple[Mapping[str, Any], ...]
    ignored: str
    refused: str


class AdapterTests(NamedTuple):
    """All tests of an adapter, and the reference tables and time zones that they have."""

    tables: Tables
    zones: Zones
    tests: tuple[AdapterTest, ...]


def parse_tests(text: str, source: str) -> AdapterTests:
    """The tests in `text`; `source` names the file in errors. Raises AdapterError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{source}: not TOML: {error}") from None
    _only(table, _TOP, source)
    tables, zones, entries = table.get("tables", {}), table.get("zones", {}), table.get("test")
    if not isinstance(entries, list) or not isinstance(tables, dict) or not isinstance(zones, dict):
        raise AdapterError(f"{source}: write [[test]] tables; besides them only [tables.NAME] and [zones]")
    return AdapterTests(tables, zones, tuple(_test(entry, number, source) for number, entry in enumerate(entries, 1)))


def _test(entry: Any, number: int, source: str) -> AdapterTest:
    where = entry_label(entry, number, "test", "name", source, AdapterError)
    _only(entry, _RECORD | _OUTCOMES, where)
    if not isinstance(entry.get("name"), str):
        raise AdapterError(f"{where}: give it a name that says what happens")
    if not entry.keys() & _OUTCOMES:
        raise AdapterError(f"{where}: say what it becomes: [[test.event]] tables, thin, ignored or refused")
    events = entry.get("event", [])
    for event in events:
        if not isinstance(event, dict) or event.get("type") not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            raise AdapterError(f"{where}: event: give each the type that it has to have, one of {known}")
        _only(event, FIELDS[event["type"]] | {"type"}, f"{where}: {event['type']}")
        try:
            convert({"id": "any"} | event)
        except Refused as refused:
            raise AdapterError(f"{where}: {event['type']}: {refused.detail}") from None
    thin = tuple(entry.get("thin", ()))
    return AdapterTest(
        entry["name"], _opened(entry, where), tuple(events), thin, entry.get("ignored", ""), entry.get("refused", "")
    )


def _opened(entry: Mapping[str, Any], where: str) -> OpenedRecord:
    payload, headers = entry.get("payload"), entry.get("headers", {})
    if not isinstance(payload, str) or not isinstance(headers, dict):
        raise AdapterError(f"{where}: write the payload as a text, payload = '''...''', and headers as a table")
    try:
        body = decode(payload.encode())
    except Refused as refused:
        raise AdapterError(f"{where}: payload: {refused.detail}") from None
    return OpenedRecord(
        body,
        {name.lower(): str(value) for name, value in headers.items()},
        str(entry.get("topic", "")),
        str(entry.get("key", "")),
        _received(entry.get("received_at"), where),
    )


def _received(value: Any, where: str) -> Instant:
    if value is None:
        return 0
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise AdapterError(f"{where}: received_at: write a time with its zone, such as 2026-03-01T12:40:00Z")
    return instant(value)


def _only(table: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise AdapterError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(known))}")
