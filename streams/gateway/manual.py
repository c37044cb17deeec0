"""Promises that are spoken at a counter or on the phone: posted with a token, and then events of promise.events."""

from __future__ import annotations

import re
import time
from typing import Final
from uuid import uuid4

import msgspec

from schemas.reading import Refused
from streams.gateway.limits import Bucket, Limits
from streams.gateway.manual_events import SPOKEN, event_of
from streams.gateway.requests import Request, RequestHandler, Take
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, not_now
from streams.gateway.secret_files import SecretFiles
from streams.kafka.topics import EVENTS
from streams.records import OutputRecord
from streams.signatures.schemes import SignedRequest
from streams.signatures.verify import Unverified, scheme_of, verify

_BEARER: Final = scheme_of("bearer")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SHORTEST: Final = 16
_MOST: Final = 2


def read_tokens(text: str) -> tuple[bytes, ...]:
    """The tokens in a file, one a line. Raises ValueError saying what is wrong, without quoting one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= _MOST:
        raise ValueError(f"holds {len(lines)} tokens; write one, or two while it is changed, one a line")
    if min(map(len, lines)) < _SHORTEST:
        raise ValueError(f"has a token that can be guessed; write at least {_SHORTEST} random characters")
    return tuple(line.encode() for line in lines)


class ManualEvents:
    """Takes what is posted by hand."""

    def __init__(self, tokens: SecretFiles, desk: RequestHandler, limits: Limits) -> None:
        self._tokens = tokens
        self._desk = desk
        self._wrong = Bucket(limits.wrong_per_second, limits.wrong_at_once)

    def takes(self, name: str) -> Take:
        """What becomes of what is posted to the path of that name."""
        kind = SPOKEN[name]

        async def take(arrival: Request) -> JsonResponse:
            self._check(arrival)
            try:
                event = event_of(kind, arrival.body, _event_id(name, arrival), arrival.at)
            except Refused as error:
                remedy = f"mend it as /openapi.json has it; the reason is {error.reason}"
                raise Refusal(400, error.detail, remedy) from None
            value = msgspec.json.encode(event)
            await self._desk.store(
                OutputRecord(topic=EVENTS.name, key=msgspec.to_builtins(event)["case"].encode(), value=value)
            )
            return JsonResponse(201, {"id": msgspec.to_builtins(event)["id"], "event": msgspec.Raw(value)})

        return take

    def _check(self, arrival: Request) -> None:
        keys = self._tokens.keys()
        if not keys:
            raise not_now("the tokens cannot be read", "whoever runs the gateway finds it in its log", 60)
        try:
            verify(_BEARER, SignedRequest(b"", arrival.headers), keys, arrival.at)
        except Unverified:
            if not self._wrong.take(time.monotonic()):
                headers = {"retry-after": "10", **CLOSE}
                raise Refusal(429, "too many with wrong tokens", "send none without the token", headers) from None
            challenge = {"www-authenticate": 'Bearer realm="promises"'}
            remedy = "send the header Authorization: Bearer and the token"
            raise Refusal(401, "the token is missing or is another", remedy, challenge) from None
        sort = arrival.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if sort != "application/json":
            raise Refusal(415, "the body is said to be no JSON", "send it with Content-Type: application/json")


def _event_id(name: str, arrival: Request) -> str:
    """The same for what is sent again under the same key: then it is one event, however often it comes."""
    key = arrival.headers.get("idempotency-key")
    if key is None:
        return f"{name}:{uuid4()}"
    if not _KEY.fullmatch(key):
        raise Refusal(
            400, "Idempotency-Key cannot be used", "write 1 to 200 visible characters of ASCII, such as a UUID"
        )
    return f"{name}:{key}"
