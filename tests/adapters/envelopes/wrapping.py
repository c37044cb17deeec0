"""Records, and the envelopes that people put around them."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import pytest

from schemas.reading import Refused
from streams.adapters.envelopes import Schemas, open_envelopes
from streams.adapters.feed_records import FeedRecord, OpenedRecord

ARRIVED: Final = 1_772_800_000_000
ORDER: Final = {"id": "o-17", "state": "ready", "lines": [{"item": "soup", "quantity": 2}]}


class Sent(NamedTuple):
    """A value and the headers that go with it, of Kafka or of HTTP."""

    value: bytes
    headers: Mapping[str, str] = {}

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def is_text(self) -> bool:
        return self.value[:1] not in (b"\x00", b"\x01")


def plain(body: Any = ORDER) -> Sent:
    return Sent(json.dumps(body).encode())


def delivered(sent: Sent, key: bytes | None = None) -> FeedRecord:
    return FeedRecord(sent.value, key, sent.headers, "feeds.shop", ARRIVED)


def opened(sent: Sent, schemas: Schemas | None = None, key: bytes | None = None) -> OpenedRecord:
    record = open_envelopes(delivered(sent, key), schemas)
    assert record is not None, "it was taken for a tombstone"
    return record


def refused(sent: Sent, schemas: Schemas | None = None) -> Refused:
    """Why it cannot be opened."""
    with pytest.raises(Refused) as raised:
        open_envelopes(delivered(sent), schemas)
    return raised.value


def confluent(inner: Sent) -> Sent:
    return Sent(struct.pack(">bI", 0, 7) + inner.value, inner.headers)


def by_guid(inner: Sent) -> Sent:
    return Sent(b"\x01" + bytes(range(16)) + inner.value, inner.headers)


def cloud_binary(inner: Sent) -> Sent:
    attributes = {"ce_specversion": "1.0", "ce_type": "order.ready", "ce_source": "/till/3", "ce_id": "ce-1"}
    return Sent(inner.value, {**inner.headers, **attributes})


def cloud_structured(inner: Sent) -> Sent:
    event: dict[str, Any] = {"specversion": "1.0", "type": "order.ready", "source": "/till/3", "id": "ce-1"}
    if inner.content_type:
        event["datacontenttype"] = inner.content_type
    event["data_base64"] = base64.b64encode(inner.value).decode()
    return Sent(json.dumps(event).encode(), {**inner.headers, "content-type": "application/cloudevents+json"})


def with_schema(inner: Sent) -> Sent:
    return _json({"schema": {"type": "struct"}, "payload": json.loads(inner.value)}, inner)


def change(inner: Sent) -> Sent:
    row = {"before": None, "after": json.loads(inner.value), "source": {"ts_ms": ARRIVED}, "op": "c", "ts_ms": ARRIVED}
    return _json(row, inner)


def outbox(inner: Sent) -> Sent:
    row = {"id": "e-1", "aggregatetype": "order", "aggregateid": "17", "type": "x", "payload": inner.value.decode()}
    return change(_json(row, inner))


def text(inner: Sent) -> Sent:
    return _json(inner.value.decode(), inner)


def capture(inner: Sent) -> Sent:
    return plain({"headers": dict(inner.headers), "body": inner.value.decode(), "receivedAt": "2026-03-06T12:40:00Z"})


def capture_base64(inner: Sent) -> Sent:
    body = base64.b64encode(inner.value).decode()
    return plain({"headers": dict(inner.headers), "body": body, "isBase64Encoded": True})


def form(inner: Sent) -> Sent:
    value = urlencode({"payload": inner.value.decode(), "environment": "prod"}).encode()
    return Sent(value, {**inner.headers, "content-type": "application/x-www-form-urlencoded"})


OF_ANYTHING: Final[tuple[Callable[[Sent], Sent], ...]] = (cloud_binary, cloud_structured, capture_base64)
OF_TEXT: Final[tuple[Callable[[Sent], Sent], ...]] = (capture, form)
OF_JSON: Final[tuple[Callable[[Sent], Sent], ...]] = (confluent, by_guid, with_schema, change, outbox, text)


def wraps(inner: Sent) -> tuple[Callable[[Sent], Sent], ...]:
    """The envelopes that can hold `inner` as a sender would make them."""
    if not inner.is_text:
        return OF_ANYTHING
    if "ce_specversion" in inner.headers:
        return OF_ANYTHING[2:] + OF_TEXT[:1]
    if inner.content_type in ("", "application/json"):
        return OF_ANYTHING + OF_TEXT + OF_JSON
    if inner.content_type.startswith("application/cloudevents"):
        return OF_ANYTHING[1:] + OF_TEXT
    return OF_ANYTHING + OF_TEXT[:1]


def envelopes_of(wrap: Callable[[Sent], Sent]) -> int:
    """How many envelopes it puts around: an outbox row is JSON as a text, in a row, in a change of Debezium."""
    return 3 if wrap is outbox else 1


def _json(value: Any, inner: Sent) -> Sent:
    return Sent(json.dumps(value).encode(), inner.headers)
