"""The gateway's paths as OpenAPI 3.1, made from the feeds and from the types of manual events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streams.config.feeds import Feed, FeedWebhook
from streams.gateway.manual_events import MANUAL_EVENTS
from streams.signatures.schemes import SCHEMES

Document = dict[str, Any]

_REFUSALS: Final = {
    "400": "The request cannot be read.",
    "401": "The signature or the token is missing or wrong.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "415": "The body is compressed, or its content type is not JSON.",
    "429": "Too many requests were signed wrongly.",
    "500": "A fault of the gateway.",
    "503": "Temporarily unavailable: Kafka did not store it in time, or too many requests came at once. Send it again.",
}
_RETRY: Final = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_REFUSAL: Final = {
    "type": "object",
    "required": ["error", "remedy"],
    "properties": {
        "error": {"type": "string", "description": "What was wrong."},
        "remedy": {"type": "string", "description": "What to do."},
    },
    "additionalProperties": False,
}
_STORED: Final = {
    "type": "object",
    "required": ["stored"],
    "properties": {"stored": {"type": "boolean", "description": "True if Kafka has stored it; a ping is not stored."}},
    "additionalProperties": False,
}
_EVENT: Final = {
    "type": "object",
    "required": ["id", "event"],
    "properties": {
        "id": {"type": "string", "description": "The id of the event."},
        "event": {"type": "object", "description": "The event as it is in promise.events."},
    },
    "additionalProperties": False,
}


def openapi(feeds: Iterable[Feed], *, has_tokens: bool) -> Document:
    """Return the document. has_tokens: True if there are tokens, and so the paths of manual events."""
    webhooks = [(feed, feed.webhook) for feed in feeds if feed.webhook]
    manual = MANUAL_EVENTS if has_tokens else {}
    _, kinds = msgspec.json.schema_components(list(manual.values()), ref_template="#/components/schemas/{name}")
    schemes = {feed.name: _security(webhook) for feed, webhook in webhooks if not SCHEMES[webhook.scheme].is_open}
    return {
        "openapi": "3.1.0",
        "info": {"title": "promises gateway", "version": "1"},
        "paths": {webhook.path: {"post": _webhook(feed, webhook)} for feed, webhook in webhooks}
        | {f"/{name}": {"post": _manual(name, kind.__name__)} for name, kind in manual.items()},
        "components": {
            "schemas": {"Refusal": _REFUSAL, "Stored": _STORED, "Event": _EVENT, **kinds},
            "securitySchemes": schemes | ({"token": {"type": "http", "scheme": "bearer"}} if manual else {}),
        },
    }


def _security(webhook: FeedWebhook) -> Document:
    if webhook.scheme in ("basic", "bearer"):
        return {"type": "http", "scheme": webhook.scheme}
    name = webhook.signature_scheme.headers[0]
    return {"type": "apiKey", "in": "header", "name": name, "description": f"The signature of scheme {webhook.scheme}."}


def _webhook(feed: Feed, webhook: FeedWebhook) -> Document:
    return {
        "summary": f"A webhook of {feed.name}, signed by scheme {webhook.scheme}; stored as a record of {feed.topic}",
        "operationId": f"post_{feed.name}",
        "security": [] if SCHEMES[webhook.scheme].is_open else [{feed.name: []}],
        "requestBody": {"required": True, "content": {"*/*": {"schema": {}}}},
        "responses": {"200": _response("Kafka has stored it, or it was a ping.", "Stored"), **_refusals()},
    }


def _manual(name: str, kind: str) -> Document:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
    return {
        "summary": (MANUAL_EVENTS[name].__doc__ or "").split("\n")[0],
        "operationId": f"post_{name}",
        "security": [{"token": []}],
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
        },
        "responses": {"201": _response("Kafka has stored the event.", "Event"), **_refusals()},
    }


def _refusals() -> Document:
    responses = {status: _response(description, "Refusal") for status, description in _REFUSALS.items()}
    for status in ("429", "503"):
        responses[status]["headers"] = _RETRY
    return responses


def _response(description: str, schema: str) -> Document:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}
