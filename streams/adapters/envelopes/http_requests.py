"""Requests of webhooks that were captured as JSON, and forms with JSON in a field."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from schemas.instants import Instant
from streams.adapters.envelopes.layer import CONTENT_TYPE, FORM, Layer, bad, text_of, time_of

CAPTURE, FORM_FIELD = "http", "form"
OWN_PREFIX: Final = "promises."
"""Headers with this prefix are set by our own gateway; a captured request may not set them."""

_FIELD: Final = "payload"
_JSON_BEGINS: Final = ("{", "[", '"')
_MAX_FIELDS: Final = 1000


def captured(layer: Layer) -> Layer | None:
    """Open a captured request, {headers, body, receivedAt, query}: its headers and parameters become headers."""
    request = layer.content
    if not isinstance(request, dict) or not isinstance(request.get("headers"), dict | list) or "body" not in request:
        return None
    captured_headers = {name: value for name, value in _pairs(request["headers"]) if not name.startswith(OWN_PREFIX)}
    query = request.get("query") or request.get("queryStringParameters")
    parameters = {f"query-{name}": value for name, value in _pairs(query)}
    content = _body(request, captured_headers.get(CONTENT_TYPE, ""))
    headers = {**layer.without(CONTENT_TYPE), **captured_headers, **parameters}
    return layer.opened(CAPTURE, content, headers, received_at=_received_at(request))


def form(layer: Layer) -> Layer | None:
    """Open a form: the JSON in its field `payload`, with the other fields as headers; all fields if it has none."""
    text = _form_text(layer)
    if text is None:
        return None
    try:
        fields = dict(parse_qsl(text, True, True, errors="strict", max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise bad(FORM_FIELD, f"not a form: {error}") from None
    content: Any = fields.pop(_FIELD, None)
    if content is None:
        return layer.opened(FORM_FIELD, fields, layer.without(CONTENT_TYPE))
    form_headers = {f"form-{name.lower()}": value for name, value in fields.items()}
    return layer.opened(FORM_FIELD, content.encode(), {**layer.without(CONTENT_TYPE), **form_headers})


def _form_text(layer: Layer) -> str | None:
    """Return the text of a form; None if it is something else. Some senders give JSON the content type of a form."""
    content = layer.content
    if not isinstance(content, bytes | str) or not content:
        return None
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    is_declared = layer.content_type == FORM and not text.lstrip().startswith(_JSON_BEGINS)
    return text.strip() if is_declared or text.startswith(f"{_FIELD}=") else None


def _pairs(value: Any) -> Iterable[tuple[str, str]]:
    """Yield names in lower case and values, of an object, of a list of pairs, or of a list of {name, value}.

    Of a list of values it is the last.
    """
    entries = value.items() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for entry in entries:
        if isinstance(entry, dict):
            name, content = entry.get("name", entry.get("key")), entry.get("value")
        elif isinstance(entry, list | tuple) and len(entry) == 2:
            name, content = entry
        else:
            raise bad(CAPTURE, f"{entry!r} is neither a header nor a parameter; write them as an object")
        last = content[-1:] if isinstance(content, list) else [content]
        yield text_of(name).lower(), text_of(last[0] if last else None)


def _body(request: Mapping[str, Any], content_type: str) -> Any:
    body = request["body"]
    if body is None or body == "":
        raise bad(CAPTURE, "the captured request has no body")
    if not isinstance(body, str):
        return body
    if request.get("isBase64Encoded") is True:
        return _from_base64(body)
    return _undeclared_base64(body, content_type) or body.encode()


def _from_base64(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad(CAPTURE, f"isBase64Encoded, but the body is not base64: {error}") from None


def _undeclared_base64(body: str, content_type: str) -> bytes | None:
    """Return the JSON in a body that is base64 although nothing says so; None for any other body."""
    if body.lstrip().startswith(_JSON_BEGINS) or content_type.lower().startswith(FORM):
        return None
    try:
        decoded = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.lstrip()[:1] in (b"{", b"[") else None


def _received_at(request: Mapping[str, Any]) -> Instant:
    value = request.get("requestContext")
    context = value if isinstance(value, dict) else {}
    candidates = {
        "receivedAt": request.get("receivedAt"),
        "received_at": request.get("received_at"),
        "requestContext.timeEpoch": context.get("timeEpoch"),
        "requestContext.requestTimeEpoch": context.get("requestTimeEpoch"),
    }
    for name, value in candidates.items():
        if value is not None:
            at = time_of(value)
            if at is None:
                raise bad(CAPTURE, f"{name} {value!r} is not a time; write it like 2026-03-01T12:40:00Z")
            return at
    return 0
