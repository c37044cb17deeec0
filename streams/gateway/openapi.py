"""The gateway's paths as OpenAPI 3.1, made from the feeds and from the types of what is posted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streams.config.feeds import Feed, FeedWebhook
from streams.gateway.manual_events import SPOKEN
from streams.signatures.schemes import SCHEMES

Document = dict[str, Any]

_SAYS: Final = {
    "400": "It cannot be read.",
    "401": "It is not signed as it should be, or has not the token.",
    "408": "The body came too slowly.",
    "413": "It is too large.",
    "415": "It is compressed, or said to be no JSON.",
    "429": "Too many of the sender's were signed wrongly.",
    "500": "A fault of the gateway.",
    "503": "Not now: Kafka did not take it in time, or too much came at once. Send it again.",
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
    "properties": {"stored": {"type": "boolean", "description": "Whether Kafka has it; a ping is not stored."}},
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


def openapi(feeds: Iterable[Feed], *, takes_spoken: bool) -> Document:
    """The document. takes_spoken: whether there are tokens, and so the paths that want one."""
    hooks = [(feed, feed.webhook) for feed in feeds if feed.webhook]
    spoken = SPOKEN if takes_spoken else {}
    _, kinds = msgspec.json.schema_components(list(spoken.values()), ref_template="#/components/schemas/{name}")
    schemes = {feed.name: _security(webhook) for feed, webhook in hooks if not SCHEMES[webhook.scheme].is_open}
    return {
        "openapi": "3.1.0",
        "info": {"title": "promises gateway", "version": "1"},
        "paths": {webhook.path: {"post": _hook(feed, webhook)} for feed, webhook in hooks}
        | {f"/{name}": {"post": _spoken(name, kind.__name__)} for name, kind in spoken.items()},
        "components": {
            "schemas": {"Refusal": _REFUSAL, "Stored": _STORED, "Event": _EVENT, **kinds},
            "securitySchemes": schemes | ({"token": {"type": "http", "scheme": "bearer"}} if spoken else {}),
        },
    }


def _security(webhook: FeedWebhook) -> Document:
    if webhook.scheme in ("basic", "bearer"):
        return {"type": "http", "scheme": webhook.scheme}
    name = webhook.signature_scheme.headers[0]
    return {"type": "apiKey", "in": "header", "name": name, "description": f"As scheme {webhook.scheme} signs."}


def _hook(feed: Feed, webhook: FeedWebhook) -> Document:
    return {
        "summary": f"A webhook of {feed.name}, signed as {webhook.scheme}; becomes a record of {feed.topic}",
        "operationId": f"post_{feed.name}",
        "security": [] if SCHEMES[webhook.scheme].is_open else [{feed.name: []}],
        "requestBody": {"required": True, "content": {"*/*": {"schema": {}}}},
        "responses": {"200": _answer("Kafka has it, or it was a ping.", "Stored"), **_refusals()},
    }


def _spoken(name: str, kind: str) -> Document:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
    return {
        "summary": (SPOKEN[name].__doc__ or "").split("\n")[0],
        "operationId": f"post_{name}",
        "security": [{"token": []}],
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
        },
        "responses": {"201": _answer("Kafka has the event.", "Event"), **_refusals()},
    }


def _refusals() -> Document:
    found = {status: _answer(says, "Refusal") for status, says in _SAYS.items()}
    for status in ("429", "503"):
        found[status]["headers"] = _RETRY
    return found


def _answer(says: str, schema: str) -> Document:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": says, "content": content}
