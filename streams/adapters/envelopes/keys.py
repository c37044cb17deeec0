"""The key of a record as a text, whatever Connect or a schema registry put around it."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.reading import Refused
from streams.adapters.decoding import decode
from streams.adapters.envelopes import confluent
from streams.adapters.envelopes.avro import Schemas
from streams.adapters.envelopes.layer import text_of


def key_text(key: bytes | None, schemas: Schemas | None) -> str:
    """The key as text: of a row with one column in its key that column. A key in no form that is known stays as it is.

    Raises SchemaUnavailable.
    """
    if key is None:
        return ""
    try:
        data = confluent.unwrapped(key, schemas)
        # Only what has a shape: the number 1.10 would come back as another text.
        found = _inside(decode(data)) if data[:1] in (b"{", b'"') else data.decode(errors="replace")
    except (Refused, RecursionError):
        return key.decode(errors="replace")
    return msgspec.json.encode(found).decode() if isinstance(found, dict | list) else text_of(found)


def _inside(key: Any) -> Any:
    if isinstance(key, dict) and key.keys() == {"schema", "payload"}:
        key = key["payload"]
    if isinstance(key, dict) and len(key) == 1:
        (key,) = key.values()
    return key
