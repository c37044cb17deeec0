"""Manual events, such as promises spoken on the phone: posted with a token, and stored in promise.events."""

from __future__ import annotations

import re
import time
from typing import Final
from uuid import uuid4

import msgspec

from schemas.reading import Refused
from streams.gateway.limits import Limits, TokenBucket
from streams.gateway.manual_events import MANUAL_EVENTS, event_of
from streams.gateway.requests import Endpoint, Request, RequestHandler
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, unavailable
from streams.gateway.secret_files import SecretFiles
from streams.kafka.topics import EVENTS
from streams.records import OutputRecord
from streams.signatures.schemes import SignedRequest
from streams.signatures.verify import Unverified, scheme_of, verify

_BEARER: Final = scheme_of("bearer")
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_MIN_TOKEN_LENGTH: Final = 16
_MAX_TOKENS: Final = 2


def read_tokens(text: str) -> tuple[bytes, ...]:
    """Return the tokens in a file, one a line. Raises ValueError, whose message does not quote a token."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= _MAX_TOKENS:
        raise ValueError(f"holds {len(lines)} tokens; write one, or two while it is changed, one a line")
    if min(map(len, lines)) < _MIN_TOKEN_LENGTH:
        raise ValueError(f"has a token that can be guessed; write at least {_MIN_TOKEN_LENGTH} random characters")
    return tuple(line.encode() for line in lines)


class ManualEventHandler:
    """Handles manual events."""

    def __init__(self, tokens: SecretFiles, handler: RequestHandler, limits: Limits) -> None:
        self._tokens = tokens
        self._handler = handler
        self._wrong_tokens = TokenBucket(limits.wrong_per_second, limits.wrong_at_once)

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of the path with that name."""
        kind = MANUAL_EVENTS[name]

        async def handle(request: Request) -> JsonResponse:
            self._check(request)
            try:
                event = event_of(kind, request.body, _event_id(name, request), request.received_at)
            except Refused as error:
                remedy = f"correct it as /openapi.json describes; the reason is {error.reason}"
                raise Refusal(400, error.detail, remedy) from None
            fields, value = msgspec.to_builtins(event), msgspec.json.encode(event)
            await self._handler.store(OutputRecord(topic=EVENTS.name, key=fields["case"].encode(), value=value))
            return JsonResponse(201, {"id": fields["id"], "event": msgspec.Raw(value)})

        return handle

    def _check(self, request: Request) -> None:
        """Check the token and the content type. Raises Refusal."""
        keys = self._tokens.keys()
        if not keys:
            raise unavailable("the tokens cannot be read", "the log of the gateway says why", 60)
        try:
            verify(_BEARER, SignedRequest(b"", request.headers), keys, request.received_at)
        except Unverified:
            raise self._unauthorized() from None
        media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refusal(415, "the content type is not JSON", "send it with Content-Type: application/json")

    def _unauthorized(self) -> Refusal:
        if not self._wrong_tokens.try_acquire(time.monotonic()):
            headers = {"retry-after": "10", **CLOSE}
            return Refusal(429, "too many requests with wrong tokens", "send none without the token", headers)
        challenge = {"www-authenticate": 'Bearer realm="promises"'}
        remedy = "send the header Authorization: Bearer and the token"
        return Refusal(401, "the token is missing or wrong", remedy, challenge)


def _event_id(name: str, request: Request) -> str:
    """Return the id of an event. Requests with the same Idempotency-Key give the same event."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return f"{name}:{uuid4()}"
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        remedy = "write 1 to 200 visible characters of ASCII, such as a UUID"
        raise Refusal(400, "Idempotency-Key cannot be used", remedy)
    return f"{name}:{key}"
