"""Records that no producer should send, each with the outcome that the contract states. Pure."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import msgspec

from schemas.events import TAGS, Clock
from schemas.instants import ImplausibleInstant, from_datetime
from schemas.reading import MAX_BYTES, RefusalReason, Refused, read_event
from streams.cli.options import load_policies
from streams.judging.admission import admit
from streams.records import KafkaRecord
from tests.cli.command import ROOT
from tests.worker.records import SentRecord

POLICIES: Final = load_policies(None)
JUNK: Final[tuple[Any, ...]] = (
    None, True, 7, -1, 1e308, 10**30, "", "x" * 300, [], {}, [[]], {"id": 7}, "\u0000", "\U0001f369", "step_reached",
    "clock", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-06T12:40:00", "0000-00-00T00:00:00Z",
)  # fmt: skip
_KEYS: Final = ("id", "case", "type", "occurred_at", "location", "staff", "promises", "due", "kind", "at", "source")


def expected(record: KafkaRecord) -> RefusalReason | str:
    """Return the reason for which the contract refuses a record, or the type of the accepted event."""
    try:
        event = read_event(record.value)
        if isinstance(event, Clock):
            from_datetime(event.at)
        elif record.key != event.case.encode():
            return "wrong_key"
        else:
            admit(event, POLICIES)
    except ImplausibleInstant:
        return "bad_time"
    except Refused as refused:
        return refused.reason
    return TAGS[type(event)]


def step(**fields: Any) -> dict[str, Any]:
    """Return the fields of an ordinary event, replaced by `fields`."""
    event = {"type": "step_reached", "id": "1", "case": "c", "occurred_at": "2026-03-06T12:40:00Z", "step": "ready"}
    return event | fields


def promise(**fields: Any) -> dict[str, Any]:
    """Return the fields of an ordinary promise, with these fields of its terms."""
    terms = {"kind": "ready", "due": "2026-03-06T12:50:00Z"} | fields
    return step(type="promises_made", id="2", promises=[terms])


def sent(fields: dict[str, Any], key: bytes | None = b"c") -> SentRecord:
    return SentRecord(key, msgspec.json.encode(fields))


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in step().items() if field != name}


def padded(size: int) -> bytes:
    """Return an ordinary event of this size in bytes."""
    value = msgspec.json.encode(step(id="padded", note=""))
    return value.replace(b'"note":""', b'"note":"' + b"." * (size - len(value)) + b'"')


def _raw(value: bytes | None, key: bytes | None = b"c") -> SentRecord:
    return SentRecord(key, value)


_PLAIN: Final = msgspec.json.encode(step())

HOSTILE_RECORDS: Final[dict[str, tuple[SentRecord, str]]] = {
    "invalid UTF-8": (_raw(_PLAIN.replace(b'"ready"', b'"\xff\xfe"')), "not_json"),
    "half a letter": (_raw(_PLAIN.replace(b'"ready"', b'"\\ud83c"')), "not_json"),
    "UTF-16": (_raw(_PLAIN.decode().encode("utf-16")), "not_json"),
    "a byte order mark": (_raw(b"\xef\xbb\xbf" + _PLAIN), "not_json"),
    "gzip": (_raw(gzip.compress(_PLAIN)), "not_json"),
    "cut off": (_raw(_PLAIN[:-10]), "not_json"),
    "two events": (_raw(_PLAIN + _PLAIN), "not_json"),
    "not a number": (_raw(_PLAIN.replace(b'"ready"', b"NaN")), "not_json"),
    "brackets without end": (_raw(b"[" * 500_000), "bad_value"),
    "an unknown field, nested deeply": (
        _raw(_PLAIN[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "not_json"
    ),
    "a list": (_raw(b"[1,2]"), "bad_value"),
    "a text": (_raw(b'"ready"'), "bad_value"),
    "the word null": (_raw(b"null"), "bad_value"),
    "an id that is a number": (sent(step(id=7)), "bad_value"),
    "staff that is a text": (sent(step(staff="b03")), "bad_value"),
    "a step of 300 letters": (sent(step(step="x" * 300)), "bad_value"),
    "no step": (sent(without("step")), "bad_value"),
    "no occurred_at": (sent(without("occurred_at")), "bad_value"),
    "an ordinal without end": (sent(promise(ordinal=10**30)), "bad_value"),
    "a correction of another case": (
        sent(step(type="correction", corrects="1", event=step(case="other"))), "bad_value"
    ),
    "10 MB": (_raw(padded(10_000_000)), "too_large"),
    "a byte too many": (_raw(padded(MAX_BYTES + 1)), "too_large"),
    "as large as the topic takes": (_raw(b"{" + b" " * (16 * MAX_BYTES - 200)), "too_large"),
    "as large as an event may be": (_raw(padded(MAX_BYTES)), "step_reached"),
    "a tombstone": (_raw(None), "empty"),
    "no bytes": (_raw(b""), "empty"),
    "no bytes and no key": (_raw(b"", None), "empty"),
    "an unknown type": (sent(step(type="teleported")), "unknown_type"),
    "a type that is a number": (sent(step(type=7)), "unknown_type"),
    "no type": (sent(without("type")), "unknown_type"),
    "no case": (sent(without("case")), "no_case"),
    "an empty case": (sent(step(case=""), b""), "no_case"),
    "a case that is a number": (sent(step(case=7), b"7"), "no_case"),
    "another key": (sent(step(), b"d"), "wrong_key"),
    "no key": (sent(step(), None), "wrong_key"),
    "a key of a megabyte": (sent(step(), b"\xff" * 1_000_000), "wrong_key"),
    "occurred in 1970": (sent(step(occurred_at="1970-01-01T00:00:00Z")), "bad_time"),
    "occurred in 9999": (sent(step(occurred_at="9999-12-31T23:59:59Z")), "bad_time"),
    "occurred without a zone": (sent(step(occurred_at="2026-03-06T12:40:00")), "bad_time"),
    "occurred at a number": (sent(step(occurred_at=1_772_800_800)), "bad_time"),
    "due in 1970": (sent(promise(due="1970-01-01T00:00:00Z")), "bad_time"),
    "due in 9999": (sent(promise(due="9999-12-31T23:59:59Z")), "bad_time"),
    "opens after it is due": (sent(promise(opens="2026-03-06T12:51:00Z")), "bad_time"),
    "a clock in 9999": (sent({"type": "clock", "source": "pos", "at": "9999-12-31T23:59:59Z"}, None), "bad_time"),
    "a clock that is ahead": (sent({"type": "clock", "source": "pos", "at": "2099-12-31T23:59:59Z"}, None), "clock"),
    "due before it was made": (sent(promise(due="2026-03-06T12:39:59.999Z")), "due_before_made"),
    "a kind that no policy knows": (sent(promise(kind="teleported")), "unknown_kind"),
    "received in 1970": (sent(step(id="3", received_at="1970-01-01T00:00:00Z")), "step_reached"),
    "stamped 1970": (sent(step(id="4"))._replace(at=0), "step_reached"),
    "stamped 9999": (sent(step(id="5"))._replace(at=253_370_764_800_000), "step_reached"),
    "a correction of itself": (
        sent(step(type="correction", id="6", corrects="6", event=step(id="6"))), "correction"
    ),
    "names with quotes, breaks and nothing": (
        sent(promise() | {"id": "7", "location": 'the "\\n\n\u0000\u2028{}" bar', "case": "\u0000"}, b"\0"),
        "promises_made",
    ),
    "headers of a megabyte": (sent(step(id="8"))._replace(headers=(("x", b"." * MAX_BYTES),)), "step_reached"),
    "headers of a megabyte on what is refused": (
        sent(step(type="teleported"))._replace(headers=(("x", b"." * MAX_BYTES), ("reason", b"none"))), "unknown_type"
    ),
}  # fmt: skip
"""Records by their description, each with its outcome."""


def fuzzed(count: int, seed: int) -> Iterator[SentRecord]:
    """Yield records with every kind of damage, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        event = _example(chance, number)
        value = chance.choice(_DAMAGES)(chance, event)
        yield SentRecord(_key(chance, event), value)


@cache
def _examples() -> tuple[dict[str, Any], ...]:
    files = sorted((ROOT / "schemas" / "examples").glob("*.json"))
    read_files = [msgspec.json.decode(file.read_bytes()) for file in files]
    return tuple(first for first in read_files if first["type"] not in ("verdict", "alert"))


def _example(chance: random.Random, number: int) -> dict[str, Any]:
    event: dict[str, Any] = chance.choice(_examples())
    case = f"{event.get('case', '')}-{number % 3000}"
    inner = event.get("event")
    return event | {"case": case} | ({"event": inner | {"case": case}} if inner else {})


def _key(chance: random.Random, event: dict[str, Any]) -> bytes | None:
    return event["case"].encode() if chance.random() < 0.85 else chance.choice((None, b"", chance.randbytes(9)))


def _intact(_: random.Random, event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def _noise(chance: random.Random, _: dict[str, Any]) -> bytes:
    return chance.randbytes(chance.randrange(200))


def _flipped(chance: random.Random, event: dict[str, Any]) -> bytes:
    value = bytearray(_intact(chance, event))
    for _ in range(chance.randint(1, 3)):
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
    return bytes(value)


def _truncated(chance: random.Random, event: dict[str, Any]) -> bytes:
    value = _intact(chance, event)
    return value[: chance.randrange(len(value))]


def _spliced(chance: random.Random, event: dict[str, Any]) -> bytes:
    other = _intact(chance, _example(chance, chance.randrange(3000)))
    value = _intact(chance, event)
    return value[: chance.randrange(len(value))] + other[chance.randrange(len(other)) :]


def _swapped(chance: random.Random, event: dict[str, Any]) -> bytes:
    first, other = chance.sample(sorted(event), 2)
    return msgspec.json.encode(event | {first: event[other], other: event[first]})


def _lacking(chance: random.Random, event: dict[str, Any]) -> bytes:
    missing = chance.choice(sorted(event))
    return msgspec.json.encode({name: value for name, value in event.items() if name != missing})


def _replaced(chance: random.Random, event: dict[str, Any]) -> bytes:
    target = chance.choice(event.get("promises") or [event])
    changed = target | {chance.choice((*target, *_KEYS)): chance.choice(JUNK)}
    return msgspec.json.encode(changed if target is event else event | {"promises": [changed]})


_DAMAGES: Final[tuple[Callable[[random.Random, dict[str, Any]], bytes], ...]] = (
    _intact, _noise, _flipped, _flipped, _truncated, _spliced, _swapped, _lacking, _replaced, _replaced,
)  # fmt: skip
