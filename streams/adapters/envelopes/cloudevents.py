"""CloudEvents 1.0 and 0.3: structured (all in the value), and binary (attributes in headers of Kafka or HTTP).

The library `cloudevents` is not used to read them: it gives an event without id or time a random id and the present
time, so that a record read twice would be two events. The tests use it to write events.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final
from urllib.parse import unquote

from streams.adapters.envelopes.layer import CONTENT_TYPE, Layer, bad, text_of

NAME: Final = "cloudevents"
STRUCTURED: Final = "application/cloudevents"
_KAFKA_PREFIX, _HTTP_PREFIX = "ce_", "ce-"
_REQUIRED: Final = ("specversion", "type", "source", "id")
_NO_HEADERS: Final = {"specversion", "datacontenttype", "datacontentencoding", "data", "data_base64"}


def structured(layer: Layer) -> Layer | None:
    """Open a structured event: one with its content type, or one with all required attributes."""
    event = layer.content
    is_declared = layer.content_type.startswith(STRUCTURED)
    is_complete = isinstance(event, dict) and all(isinstance(event.get(name), str) for name in _REQUIRED)
    if not is_declared and not is_complete:
        return None
    if not isinstance(event, dict):
        raise bad(
            NAME,
            f"content-type {layer.content_type}, but no JSON object; a batch is not supported, send single events",
        )
    headers = {name: value for name, value in layer.headers.items() if not _is_attribute(name)}
    headers.pop(CONTENT_TYPE, None)
    if event.get("datacontenttype"):
        headers[CONTENT_TYPE] = text_of(event["datacontenttype"])
    attributes = {name: text_of(value) for name, value in event.items() if name not in _NO_HEADERS}
    return _event(layer, _data(event), headers, attributes | {"specversion": text_of(event.get("specversion"))})


def binary(layer: Layer) -> Layer | None:
    """Open a binary event: one with a header that names the version of CloudEvents."""
    prefix = next((prefix for prefix in (_KAFKA_PREFIX, _HTTP_PREFIX) if f"{prefix}specversion" in layer.headers), None)
    if prefix is None or layer.content_type.startswith(STRUCTURED):
        return None
    headers = {name: value for name, value in layer.headers.items() if not _is_attribute(name)}
    attributes = {
        name.removeprefix(prefix): unquote(value) if prefix == _HTTP_PREFIX else value
        for name, value in layer.headers.items()
        if name.startswith(prefix)
    }
    return _event(layer, layer.content or None, headers, attributes)


def _is_attribute(name: str) -> bool:
    return name.startswith((_KAFKA_PREFIX, _HTTP_PREFIX))


def _event(layer: Layer, data: Any, headers: dict[str, str], attributes: dict[str, str]) -> Layer:
    missing = [name for name in _REQUIRED if not attributes.get(name)]
    if missing:
        raise bad(
            NAME, f"attribute {', '.join(missing)} is missing; an event of CloudEvents has {', '.join(_REQUIRED)}"
        )
    version = attributes.pop("specversion")
    if version not in ("1.0", "0.3"):
        raise bad(NAME, f"specversion {version!r} is unknown; known are 1.0 and 0.3")
    attribute_headers = {f"{_HTTP_PREFIX}{name.lower()}": value for name, value in attributes.items()}
    return layer.opened(NAME, data, headers | attribute_headers, attributes["id"])


def _data(event: dict[str, Any]) -> Any:
    is_encoded = text_of(event.get("datacontentencoding")).lower() == "base64"
    encoded = event.get("data") if is_encoded else event.get("data_base64")
    if encoded is None:
        return event.get("data")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise bad(NAME, f"{'data' if is_encoded else 'data_base64'} is not base64: {error}") from None
