"""The tests beside an adapter, from TOML: each has a payload and the result that is expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from schemas.instants import Instant, from_datetime
from schemas.reading import Refused, event_from_fields
from streams.adapters.adapter_file import AdapterError
from streams.adapters.decoding import decode
from streams.adapters.event_builder import FIELDS
from streams.adapters.feed_records import OpenedRecord
from streams.adapters.functions import Tables, Zones
from streams.config.toml import check_keys, entry_label, parse_toml

_TOP: Final = {"tables", "zones", "test"}
_RECORD: Final = {"name", "payload", "headers", "key", "topic", "received_at"}
_OUTCOMES: Final = {"event", "thin", "ignored", "refused"}


class AdapterTest(NamedTuple):
    """One test: a record, and the result that is expected of it.

    events, thin: the expected events and thin notifications. ignored: the rule that ignores the record, or empty.
    refused: the reason for which the record is refused, or empty.
    """

    name: str
    opened: OpenedRecord
    events: tuple[Mapping[str, Any], ...]
    thin: tuple[Mapping[str, Any], ...]
    ignored: str
    refused: str


class AdapterTests(NamedTuple):
    """All tests of an adapter, with the reference tables and time zones that they use."""

    tables: Tables
    zones: Zones
    tests: tuple[AdapterTest, ...]


def parse_tests(text: str, source: str) -> AdapterTests:
    """Return the tests in `text`; `source` names the file in errors. Raises AdapterError."""
    document = parse_toml(text, source, AdapterError)
    check_keys(document, _TOP, source, AdapterError)
    tables, zones, entries = document.get("tables", {}), document.get("zones", {}), document.get("test")
    if not isinstance(entries, list) or not isinstance(tables, dict) or not isinstance(zones, dict):
        raise AdapterError(f"{source}: write [[test]] tables; besides them only [tables.NAME] and [zones]")
    return AdapterTests(tables, zones, tuple(_test(entry, number, source) for number, entry in enumerate(entries, 1)))


def _test(entry: Any, number: int, source: str) -> AdapterTest:
    label = entry_label(entry, number, "test", "name", source, AdapterError)
    check_keys(entry, _RECORD | _OUTCOMES, label, AdapterError)
    if not isinstance(entry.get("name"), str):
        raise AdapterError(f"{label}: give it a name that says what happens")
    if not entry.keys() & _OUTCOMES:
        raise AdapterError(f"{label}: say what it becomes: [[test.event]] tables, thin, ignored or refused")
    events = tuple(entry.get("event", ()))
    for event in events:
        _check_event(event, label)
    return AdapterTest(
        name=entry["name"],
        opened=_opened(entry, label),
        events=events,
        thin=tuple(entry.get("thin", ())),
        ignored=entry.get("ignored", ""),
        refused=entry.get("refused", ""),
    )


def _check_event(event: Any, label: str) -> None:
    if not isinstance(event, dict) or event.get("type") not in FIELDS:
        raise AdapterError(f"{label}: event: give each its type, one of {', '.join(sorted(FIELDS))}")
    label = f"{label}: {event['type']}"
    check_keys(event, FIELDS[event["type"]] | {"type"}, label, AdapterError)
    try:
        event_from_fields({"id": "any"} | event)
    except Refused as refused:
        raise AdapterError(f"{label}: {refused.detail}") from None


def _opened(entry: Mapping[str, Any], label: str) -> OpenedRecord:
    payload, headers = entry.get("payload"), entry.get("headers", {})
    if not isinstance(payload, str) or not isinstance(headers, dict):
        raise AdapterError(f"{label}: write the payload as a text, payload = '''...''', and headers as a table")
    try:
        body = decode(payload.encode())
    except Refused as refused:
        raise AdapterError(f"{label}: payload: {refused.detail}") from None
    return OpenedRecord(
        body=body,
        headers={name.lower(): str(value) for name, value in headers.items()},
        topic=str(entry.get("topic", "")),
        key=str(entry.get("key", "")),
        received_at=_received_at(entry.get("received_at"), label),
    )


def _received_at(value: Any, label: str) -> Instant:
    if value is None:
        return 0
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise AdapterError(f"{label}: received_at: write a time with its zone, such as 2026-03-01T12:40:00Z")
    return from_datetime(value)
