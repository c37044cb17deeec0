"""What a webhook left behind: a request that somebody captured as JSON, and forms with JSON in a field."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from schemas.instants import Instant
from streams.adapters.envelopes.layer import CONTENT_TYPE, FORM, Layer, bad, text_of, time_of

CAPTURE, FORM_FIELD = "http", "form"
OURS: Final = "promises."
"""Headers of this prefix are set by our own gateway; nobody who posts a request may set them."""

_FIELD: Final = "payload"
_JSON_BEGINS: Final = ("{", "[", '"')
_MAX_FIELDS: Final = 1000


def captured(layer: Layer) -> Layer | None:
    """The body of a captured request, {headers, body, receivedAt, query}, with its headers and query as headers."""
    request = layer.content
    if not isinstance(request, dict) or not isinstance(request.get("headers"), dict | list) or "body" not in request:
        return None
    said = {name: value for name, value in _pairs(request["headers"]) if not name.startswith(OURS)}
    query = request.get("query") or request.get("queryStringParameters")
    asked = {f"query-{name}": value for name, value in _pairs(query)}
    content = _body(request, said.get(CONTENT_TYPE, ""))
    headers = {**layer.without(CONTENT_TYPE), **said, **asked}
    return layer.opened(CAPTURE, content, headers, received_at=_received_at(request))


def form(layer: Layer) -> Layer | None:
    """The JSON in the field `payload` of a form, its other fields as headers; or the fields, where that one is not."""
    text = _form_text(layer)
    if text is None:
        return None
    try:
        fields = dict(parse_qsl(text, True, True, errors="strict", max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise bad(FORM_FIELD, f"no form: {error}") from None
    content: Any = fields.pop(_FIELD, None)
    if content is None:
        return layer.opened(FORM_FIELD, fields, layer.without(CONTENT_TYPE))
    said = {f"form-{name.lower()}": value for name, value in fields.items()}
    return layer.opened(FORM_FIELD, content.encode(), {**layer.without(CONTENT_TYPE), **said})


def _form_text(layer: Layer) -> str | None:
    """The text of a form; None where it is something else, whatever its content type says: some send JSON as forms."""
    content = layer.content
    if not isinstance(content, bytes | str) or not content:
        return None
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    is_called = layer.content_type == FORM and not text.lstrip().startswith(_JSON_BEGINS)
    return text.strip() if is_called or text.startswith(f"{_FIELD}=") else None


def _pairs(said: Any) -> Iterable[tuple[str, str]]:
    """Names in lower case, and values, of an object or of a list of pairs or of {name, value}; of several the last."""
    entries = said.items() if isinstance(said, Mapping) else said if isinstance(said, list) else ()
    for entry in entries:
        if isinstance(entry, dict):
            name, value = entry.get("name", entry.get("key")), entry.get("value")
        elif isinstance(entry, list | tuple) and len(entry) == 2:
            name, value = entry
        else:
            raise bad(CAPTURE, f"{entry!r} is no header and no parameter; write them as an object")
        last = value[-1:] if isinstance(value, list) else [value]
        yield text_of(name).lower(), text_of(last[0] if last else None)


def _body(request: Mapping[str, Any], content_type: str) -> Any:
    body = request["body"]
    if body is None or body == "":
        raise bad(CAPTURE, "the captured request has no body")
    if not isinstance(body, str):
        return body
    if request.get("isBase64Encoded") is True:
        return _from_base64(body)
    return _hidden(body, content_type) or body.encode()


def _from_base64(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad(CAPTURE, f"isBase64Encoded, but the body is no base64: {error}") from None


def _hidden(body: str, content_type: str) -> bytes | None:
    """The JSON in a body of base64 that nothing calls so."""
    if body.lstrip().startswith(_JSON_BEGINS) or content_type.lower().startswith(FORM):
        return None
    try:
        found = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if found.lstrip()[:1] in (b"{", b"[") else None


def _received_at(request: Mapping[str, Any]) -> Instant:
    said = request.get("requestContext")
    context = said if isinstance(said, dict) else {}
    places = {
        "receivedAt": request.get("receivedAt"),
        "received_at": request.get("received_at"),
        "requestContext.timeEpoch": context.get("timeEpoch"),
        "requestContext.requestTimeEpoch": context.get("requestTimeEpoch"),
    }
    for name, value in places.items():
        if value is not None:
            at = time_of(value)
            if at is None:
                raise bad(CAPTURE, f"{name} {value!r} is no time; write it like 2026-03-01T12:40:00Z")
            return at
    return 0
