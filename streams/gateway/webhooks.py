"""The webhook of one feed: its signature is verified, and its request becomes a record of the feed's topic."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from schemas.instants import Instant, format_instant
from streams.config.feeds import Feed, FeedWebhook
from streams.gateway.limits import Limits, TokenBucket
from streams.gateway.requests import Request, RequestHandler
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, unavailable
from streams.gateway.secret_files import SecretFiles
from streams.records import OutputRecord
from streams.signatures.schemes import Scheme, SignedRequest
from streams.signatures.verify import Unverified, read_secret, secret_headers, verify

log = logging.getLogger("promises")

_STORED: Final = JsonResponse(200, {"stored": True})
_PONG: Final = JsonResponse(200, {"stored": False})
_LOG_SECONDS: Final = 60.0
"""How often a feed logs a refused webhook."""

_TRANSPORT: Final = re.compile(
    r"accept(-.*)?|connection|content-(encoding|length)|expect|forwarded|host|keep-alive|te|trailer|transfer-encoding|"
    r"upgrade(-.*)?|user-agent|via|x-forwarded-.*|x-real-ip"
)
"""Headers of the connection between the sender and us. Adapters do not need them, and addresses are not stored."""

_RESERVED: Final = re.compile(r"promises\..*|__(key|value)_schema_id")
"""Headers that readers of the record trust, so a sender may not set them: when we received it, and its envelope."""

_SECRET: Final = re.compile(r"authorization|cookie|secret|token|password|api-?key|-auth$")


def record_headers(
    headers: Mapping[str, str], scheme: Scheme, feed: str, url: str, received_at: Instant
) -> tuple[tuple[str, bytes], ...]:
    """Return the headers of the record, by name in lower case, without those that hold a secret.

    A signature is not a secret. With it, `promises.url` and the body, readers of the record can verify it again.
    """
    own_headers = {"promises.feed": feed, "promises.received_at": format_instant(received_at)}
    if url:
        own_headers["promises.url"] = url
    stored = {name: value for name, value in headers.items() if _is_stored(name, scheme)}
    return tuple((name, value.encode()) for name, value in (stored | own_headers).items())


def _is_stored(name: str, scheme: Scheme) -> bool:
    if _TRANSPORT.fullmatch(name) or _RESERVED.fullmatch(name):
        return False
    if name == "authorization" or name in secret_headers(scheme):
        return False
    return name in scheme.headers or not _SECRET.search(name)


_CLOVER_PING: Final = re.compile(rb'\s*\{\s*"verificationCode"\s*:\s*"([A-Za-z0-9-]{1,64})"\s*\}\s*')
_WOOCOMMERCE_PING: Final = re.compile(rb"webhook_id=(\d{1,20})")
_MAX_PING: Final = 200


def _clover_ping(body: bytes) -> str:
    """Return the verification code. Somebody has to enter it at Clover, before Clover signs anything."""
    match = _CLOVER_PING.fullmatch(body)
    return f"its verification code is {match[1].decode()}: enter it at Clover" if match else ""


def _woocommerce_ping(body: bytes) -> str:
    match = _WOOCOMMERCE_PING.fullmatch(body)
    return f"webhook {match[1].decode()} is set up" if match else ""


_PINGS: Final[dict[str, Callable[[bytes], str]]] = {"clover": _clover_ping, "woocommerce": _woocommerce_ping}


def ping(scheme: str, body: bytes) -> str:
    """Return a message for the log, if the body is a ping of that scheme's vendor; else an empty text."""
    return _PINGS[scheme](body) if scheme in _PINGS and len(body) < _MAX_PING else ""


class WebhookHandler:
    """Handles the webhooks of one feed."""

    def __init__(self, feed: Feed, webhook: FeedWebhook, handler: RequestHandler, limits: Limits) -> None:
        self._feed = feed
        self._webhook = webhook
        self._scheme = webhook.signature_scheme
        self._handler = handler
        self._wrong_signatures = TokenBucket(limits.wrong_per_second, limits.wrong_at_once)
        self._logged_refusals = TokenBucket(1 / _LOG_SECONDS, 1)
        self._logged_pings = TokenBucket(1 / _LOG_SECONDS, 5)
        name = f"feed {feed.name}"
        self.secrets = SecretFiles(name, webhook.secrets, lambda text: read_secret(self._scheme, text))

    async def handle(self, request: Request) -> JsonResponse:
        """Store the request in Kafka. Raises Refusal."""
        if message := ping(self._webhook.scheme, request.body):
            if self._logged_pings.try_acquire(time.monotonic()):
                log.info("feed %s: %s", self._feed.name, message)
            return _PONG
        self._verify(request)
        headers = record_headers(request.headers, self._scheme, self._feed.name, self._webhook.url, request.received_at)
        await self._handler.store(OutputRecord(topic=self._feed.topic, key=None, value=request.body, headers=headers))
        return _STORED

    def _verify(self, request: Request) -> None:
        """Verify the signature. Raises Refusal."""
        keys = self.secrets.keys()
        if not keys and not self._scheme.is_open:
            raise unavailable("the secret of this feed cannot be read", "the log of the gateway says why", 60)
        signed = SignedRequest(request.body, request.headers, self._webhook.url)
        try:
            verify(self._scheme, signed, keys, request.received_at)
        except Unverified as error:
            raise self._refused(error) from None

    def _refused(self, error: Unverified) -> Refusal:
        """Return the refusal. Beyond a rate of wrong signatures, it gives no reason and the connection is closed."""
        now = time.monotonic()
        if self._logged_refusals.try_acquire(now):
            log.warning("feed %s: a webhook is refused, %s: %s", self._feed.name, error.failure, error)
        if not self._wrong_signatures.try_acquire(now):
            remedy = "send none that is not signed with this feed's secret"
            return Refusal(
                status=429,
                error="too many with wrong signatures",
                remedy=remedy,
                headers={"retry-after": "10", **CLOSE},
            )
        if error.failure == "malformed":
            return Refusal(400, str(error), f"sign it as scheme {self._webhook.scheme} requires")
        remedy = f"sign it with this feed's secret, as scheme {self._webhook.scheme} requires"
        return Refusal(status=401, error=str(error), remedy=remedy, headers=self._challenge())

    def _challenge(self) -> dict[str, str]:
        """Return the header that asks for a login, if the scheme is one."""
        method = {"basic": "Basic", "bearer": "Bearer"}.get(self._webhook.scheme)
        return {"www-authenticate": f'{method} realm="promises"'} if method else {}
