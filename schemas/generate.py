"""Writes the contract down for other languages: JSON Schemas of what is sent, and an AsyncAPI document of the topics.

Everything comes from the types in `schemas`: `python -m schemas.generate` writes the files, `--check` compares them.
What a docstring says of a field (`due: the latest instant.`) becomes the description of that field.
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
"""Version of the contract, for its readers. A change that refuses what was accepted raises the first number."""

RECORDS: Final[tuple[Record, ...]] = get_args(events.Record)
"""The types of the records of `promise.events`."""

MOMENT: Final = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
"""RFC 3339 with a time zone, in the years that `schemas.instants` takes. To most validators `format` is a remark."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_COMMAND: Final = "python -m schemas.generate"


def documents() -> dict[str, str]:
    """The path below this package and the text of every generated file."""
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
    """References to the schemas of `types`, and every schema that these need, by name."""
    roots, components = msgspec.json.schema_components(types, ref_template=reference)
    classes = vars(events) | vars(verdicts)
    return list(roots), {
        name: _with_descriptions(_as_json_schema(schema), classes[name]) for name, schema in components.items()
    }


def _as_json_schema(node: Any) -> Any:
    """`node` in the words of JSON Schema alone: what OpenAPI added is taken out, what an instant must be is put in."""
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
    """What the docstrings say of `record`, and what they and those of its bases say of each field."""
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
    """The reasons that go with `verdict`. As a condition, because code generators skip these and keep one type."""
    reasons = sorted(ruling.reason for ruling in RULINGS if ruling.verdict == verdict)
    return {
        "if": {"properties": {"verdict": {"const": verdict}}, "required": ["verdict"]},
        "then": {"properties": {"reason": {"enum": reasons}}},
    }


def asyncapi() -> Schema:
    """The AsyncAPI 3.0 document of all that others read or write. It stands alone: schemas are repeated inside it."""
    _, schemas = _components([*RECORDS, VerdictRecord, AlertRecord], "#/components/schemas/{name}")
    records = [_tag(record) for record in RECORDS]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:promises",
        "info": {"title": "promises", "version": CONTRACT_VERSION, "description": _INFO},
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel("promise.events", "What happened to a case: one record a fact.", records),
            "verdicts": _channel("promise.verdicts", "How each promise was judged, and each revision.", ["verdict"]),
            "alerts": _channel("promise.alerts", "Promises at risk, or due with nothing delivered.", ["alert"]),
            "rejects": _channel("promise.rejects", "Records that could not be read, as they came.", ["reject"]),
            "needs_fetch": _channel("promise.needs_fetch", "What has to be fetched from vendors.", ["thin"]),
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
    "a record that comes twice comes under the same id."
)
_CASE_KEY: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 256,
    "description": "The case, in UTF-8: all records of a case are in one partition, in order.",
}
_DIGITS: Final = "^-?[0-9]+$"
_ORIGIN_HEADERS: Final[Schema] = {
    "topic": {"type": "string", "description": "The topic that the record came from."},
    "partition": {"type": "string", "pattern": _DIGITS, "description": "Its partition there, in digits."},
    "offset": {"type": "string", "pattern": _DIGITS, "description": "Its offset there, in digits."},
    "timestamp": {"type": "string", "pattern": _DIGITS, "description": "Its own, in milliseconds since 1970."},
}
_FEED_HEADERS: Final[Schema] = {
    "feed": {"type": "string", "description": "The feed that it came from."},
    "adapter": {"type": "string", "description": "The adapter that read it."},
}
_REASON_HEADERS: Final[Schema] = {
    "reason": {"enum": list(REFUSAL_REASONS), "description": "Why it was refused; what is counted."},
    "detail": {"type": "string", "description": "What was wrong and where, for a person to read."},
}
_FETCH_HEADERS: Final[Schema] = {
    "kind": {"type": "string", "description": "What is to be fetched, such as order."},
    "ref": {"type": "string", "description": "Which of them: the id that the vendor's API takes."},
}


def _copied_record(name: str, summary: str, required: Schema, optional: Schema) -> Schema:
    """A record of somebody else's that is kept as it came, with headers that say what of it."""
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "description": "Kafka headers; each value is text in UTF-8. Those of a feed's record are original.NAME.",
            "required": list(required),
            "properties": required | optional,
        },
        "payload": {"type": ["string", "null"], "format": "binary", "description": "The value as it came, or none."},
        "bindings": {
            "kafka": {
                "bindingVersion": "0.5.0",
                "key": {"type": ["string", "null"], "format": "binary", "description": "As it came, or of what it is."},
            }
        },
    }


_COPIED_RECORDS: Final = {
    "reject": _copied_record(
        "reject",
        "A record that is not an event: the original bytes, the headers say why.",
        _REASON_HEADERS | _ORIGIN_HEADERS,
        _FEED_HEADERS,
    ),
    "thin": _copied_record(
        "thin",
        "A notification that says only that something changed, keyed by its ref.",
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


_CLOCK_KEY: Final = {"description": "Not read: a clock is sent to every partition of the topic by its number."}


def _message(record: Record, key: Schema) -> Schema:
    return {
        "name": _tag(record),
        "title": _tag(record),
        "summary": field_notes(record)[0],
        "payload": {"$ref": f"#/components/schemas/{record.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


def _stale_files(root: Path) -> list[str]:
    """The generated files below `root` that are missing or say something else than the types."""
    return [path for path, text in documents().items() if _content(root / path) != text]


def _content(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def check(root: Path, report: Callable[[str], object]) -> int:
    """1, with a line for each file that differs from the types, or 0."""
    stale = _stale_files(root)
    for path in stale:
        report(f"schemas/{path} is not what the types say: run `{_COMMAND}` and commit the result")
    return 1 if stale else 0


def write(root: Path) -> int:
    """Writes every generated file below `root`."""
    for path, text in documents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="\n")
    return 0


def main(arguments: Sequence[str], root: Path = Path(__file__).parent) -> int:
    """The command: writes the files below `root`, or with `--check` compares them."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="Generates the JSON Schemas and the AsyncAPI document.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file differs")
    options = parser.parse_args(arguments)
    return check(root, lambda line: print(line, file=sys.stderr)) if options.check else write(root)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
