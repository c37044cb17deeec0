"""The key of a record as a text, without the envelopes of Kafka Connect and schema registries."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.reading import Refused
from streams.adapters.decoding import decode
from streams.adapters.envelopes import confluent
from streams.adapters.envelopes.avro import Schemas
from streams.adapters.envelopes.layer import text_of


def key_text(key: bytes | None, schemas: Schemas | None) -> str:
    """Return the key as text. Of an object with one field it is that field; an unknown form stays as it is.

    Raises SchemaUnavailable.
    """
    if key is None:
        return ""
    try:
        data = confluent.unwrapped(key, schemas)
        # Only objects and texts are decoded: the number 1.10 would become another text.
        value = _unwrapped(decode(data)) if data[:1] in (b"{", b'"') else data.decode(errors="replace")
    except (Refused, RecursionError):
        return key.decode(errors="replace")
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else text_of(value)


def _unwrapped(key: Any) -> Any:
    if isinstance(key, dict) and key.keys() == {"schema", "payload"}:
        key = key["payload"]
    if isinstance(key, dict) and len(key) == 1:
        (key,) = key.values()
    return key
