"""Generates the contract for other languages: JSON Schemas of the records, and an AsyncAPI document of the topics.

Everything comes from the types in `schemas`. `python -m schemas.generate` writes the files, `--check` compares them. A
note on a field in a docstring (`due: the latest instant.`) becomes the description of that field.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from schemas import events, verdicts
from schemas.reading import REFUSAL_REASONS
from schemas.verdicts import AlertRecord, BasisVerdict, VerdictRecord
from schemas.words import RULINGS, VERDICTS

Schema = dict[str, Any]
Record = type[msgspec.Struct]

CONTRACT_VERSION: Final = "1.1.0"
"""The version of the contract. A change that refuses formerly accepted records increases the first number."""

RECORDS: Final[tuple[Record, ...]] = get_args(events.Record)
"""The types of the records of `promise.events`."""

MOMENT: Final = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
"""RFC 3339 with a time zone, in the years that `schemas.instants` accepts. Most validators ignore `format`."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_COMMAND: Final = "python -m schemas.generate"


def documents() -> dict[str, str]:
    """Return the text of every generated file by its path below this package."""
    built = {
        "json/event.schema.json": _event_schema("event.schema.json"),
        "json/verdict.schema.json": _record_schema("verdict.schema.json", VerdictRecord),
        "json/alert.schema.json": _record_schema("alert.schema.json", AlertRecord),
        "asyncapi.json": asyncapi(),
    }
    return {path: _text(document) for path, document in built.items()}


def _text(document: Schema) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _event_schema(name: str) -> Schema:
    roots, definitions = _components(RECORDS, "#/$defs/{name}")
    head = {"title": "A record of promise.events", "description": _joined(events.__doc__ or "")}
    return {"$schema": _DIALECT, "$id": name} | head | {"oneOf": roots, "$defs": definitions}


def _record_schema(name: str, record: Record) -> Schema:
    (root,), definitions = _components([record], "#/$defs/{name}")
    return {"$schema": _DIALECT, "$id": name} | root | {"$defs": definitions}


def _components(types: Iterable[Record], reference: str) -> tuple[list[Schema], dict[str, Schema]]:
    """Return references to the schemas of `types`, and all schemas that they need, by name."""
    roots, components = msgspec.json.schema_components(types, ref_template=reference)
    classes = vars(events) | vars(verdicts)
    return list(roots), {
        name: _with_descriptions(_as_json_schema(schema), classes[name]) for name, schema in components.items()
    }


def _as_json_schema(node: Any) -> Any:
    """Return `node` as plain JSON Schema: without the extensions of OpenAPI, and with a pattern for instants."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _as_json_schema(value) for key, value in node.items() if key != "discriminator"}
    if "discriminator" in node:
        tidied["oneOf"] = tidied.pop("anyOf")
    if len(tidied.get("enum", ())) == 1:
        tidied["const"] = tidied.pop("enum")[0]
    if tidied.get("format") == "date-time":
        tidied["pattern"] = MOMENT
    return tidied


def _with_descriptions(schema: Schema, record: Record) -> Schema:
    summary, notes = field_notes(record)
    properties = {
        name: field | ({"description": notes[name]} if name in notes else {})
        for name, field in schema["properties"].items()
    }
    rules = {"allOf": [_reasons_of(verdict) for verdict in VERDICTS]} if record is BasisVerdict else {}
    return schema | {"description": summary, "properties": properties} | rules


def field_notes(record: Record) -> tuple[str, dict[str, str]]:
    """Return the summary of the docstring of `record`, and the notes on its fields, including those of its bases."""
    names = "|".join(record.__struct_fields__)
    summary = ""
    notes: dict[str, str] = {}
    for base in reversed([each for each in record.__mro__ if each.__module__.startswith("schemas.")]):
        summary, *parts = re.split(rf"(?<=[.;] )({names}): ", _joined(base.__doc__ or ""))
        notes |= {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return summary.strip(), notes


def _joined(text: str) -> str:
    return " ".join(text.split())


def _reasons_of(verdict: str) -> Schema:
    """Return the valid reasons of `verdict`, as a condition, which code generators ignore in favour of one type."""
    reasons = sorted(ruling.reason for ruling in RULINGS if ruling.verdict == verdict)
    return {
        "if": {"properties": {"verdict": {"const": verdict}}, "required": ["verdict"]},
        "then": {"properties": {"reason": {"enum": reasons}}},
    }


def asyncapi() -> Schema:
    """Return the AsyncAPI 3.0 document of all public topics. It is self-contained, so it repeats the schemas."""
    _, schemas = _components([*RECORDS, VerdictRecord, AlertRecord], "#/components/schemas/{name}")
    records = [_tag(record) for record in RECORDS]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:promises",
        "info": {"title": "promises", "version": CONTRACT_VERSION, "description": _INFO},
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel("promise.events", "The events of cases: one record for each fact.", records),
            "verdicts": _channel("promise.verdicts", "The verdict on each promise, and each revision.", ["verdict"]),
            "alerts": _channel("promise.alerts", "Promises that are at risk or overdue.", ["alert"]),
            "rejects": _channel("promise.rejects", "Refused records, unchanged.", ["reject"]),
            "needs_fetch": _channel("promise.needs_fetch", "Objects to fetch from vendors.", ["thin"]),
        },
        "operations": {
            "read_events": _operation("receive", "events"),
            "publish_verdicts": _operation("send", "verdicts"),
            "publish_alerts": _operation("send", "alerts"),
            "publish_rejects": _operation("send", "rejects"),
            "publish_needs_fetch": _operation("send", "needs_fetch"),
        },
        "components": {"messages": _messages(), "schemas": schemas},
    }


_INFO: Final = (
    "Events of orders and fulfilment go in; verdicts and alerts on the promises made to customers come out. "
    "Unknown fields are ignored. Readers of verdicts and alerts set isolation.level=read_committed; "
    "a duplicate has the same id."
)
_CASE_KEY: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 256,
    "description": "The case, in UTF-8. All records of a case are in one partition, in order.",
}
_DIGITS: Final = "^-?[0-9]+$"
_ORIGIN_HEADERS: Final[Schema] = {
    "topic": {"type": "string", "description": "The topic of the original record."},
    "partition": {"type": "string", "pattern": _DIGITS, "description": "Its partition, in digits."},
    "offset": {"type": "string", "pattern": _DIGITS, "description": "Its offset, in digits."},
    "timestamp": {"type": "string", "pattern": _DIGITS, "description": "Its timestamp, in milliseconds since 1970."},
}
_FEED_HEADERS: Final[Schema] = {
    "feed": {"type": "string", "description": "The feed of the record."},
    "adapter": {"type": "string", "description": "The adapter of that feed."},
}
_REASON_HEADERS: Final[Schema] = {
    "reason": {"enum": list(REFUSAL_REASONS), "description": "Why it was refused; the label of the metric."},
    "detail": {"type": "string", "description": "What was wrong and where, for people."},
}
_FETCH_HEADERS: Final[Schema] = {
    "kind": {"type": "string", "description": "The type of object to fetch, such as order."},
    "ref": {"type": "string", "description": "The id of the object in the vendor's API."},
}


def _copied_record(name: str, summary: str, required: Schema, optional: Schema) -> Schema:
    """Return the message of a record that is copied unchanged, with headers of our own."""
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "description": "Kafka headers, as text in UTF-8. Those of a feed record are named original.NAME.",
            "required": list(required),
            "properties": required | optional,
        },
        "payload": {"type": ["string", "null"], "format": "binary", "description": "The original value, or none."},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "key": {"type": ["string", "null"], "format": "binary", "description": "The original key, or the ref."},
            }
        },
    }


_COPIED_RECORDS: Final = {
    "reject": _copied_record(
        "reject",
        "A refused record: the original value; the headers have the reason.",
        _REASON_HEADERS | _ORIGIN_HEADERS,
        _FEED_HEADERS,
    ),
    "thin": _copied_record(
        "thin",
        "A notification without content: the object must be fetched. Keyed by its ref.",
        _FETCH_HEADERS | _FEED_HEADERS | _ORIGIN_HEADERS,
        {},
    ),
}


def _tag(record: Record) -> str:
    return str(record.__struct_config__.tag)


def _channel(topic: str, description: str, messages: Iterable[str]) -> Schema:
    return {
        "address": topic,
        "title": topic,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, channel: str) -> Schema:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _messages() -> dict[str, Schema]:
    of_a_case = [record for record in RECORDS if record is not events.Clock]
    keyed: list[Record] = [*of_a_case, VerdictRecord, AlertRecord]
    messages = {_tag(record): _message(record, _CASE_KEY) for record in keyed}
    return messages | {"clock": _message(events.Clock, _CLOCK_KEY)} | _COPIED_RECORDS


_CLOCK_KEY: Final = {"description": "Ignored. A clock record is sent to every partition of the topic."}


def _message(record: Record, key: Schema) -> Schema:
    return {
        "name": _tag(record),
        "title": _tag(record),
        "summary": field_notes(record)[0],
        "payload": {"$ref": f"#/components/schemas/{record.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _stale_files(root: Path) -> list[str]:
    """Return the generated files below `root` that are missing or out of date."""
    return [path for path, text in documents().items() if _content(root / path) != text]


def _content(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def check(root: Path, report: Callable[[str], object]) -> int:
    """Report each file that is out of date. Return the exit code: 1 if there is any, else 0."""
    stale = _stale_files(root)
    for path in stale:
        report(f"schemas/{path} is out of date: run `{_COMMAND}` and commit the result")
    return 1 if stale else 0


def write(root: Path) -> int:
    """Write every generated file below `root`."""
    for path, text in documents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="\n")
    return 0


def main(arguments: Sequence[str], root: Path = Path(__file__).parent) -> int:
    """Run the command: write the files below `root`, or with `--check` compare them."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="Generates the JSON Schemas and the AsyncAPI document.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file differs")
    options = parser.parse_args(arguments)
    return check(root, lambda line: print(line, file=sys.stderr)) if options.check else write(root)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
