"""One feed's webhook: shown to come from its vendor, and then a record of the feed's topic."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from schemas.instants import Instant, format_instant
from streams.config.feeds import Feed, FeedWebhook
from streams.gateway.limits import Bucket, Limits
from streams.gateway.requests import Request, RequestHandler
from streams.gateway.responses import CLOSE, JsonResponse, Refusal, not_now
from streams.gateway.secret_files import SecretFiles
from streams.records import OutputRecord
from streams.signatures.schemes import Scheme, SignedRequest
from streams.signatures.verify import Unverified, read_secret, secret_headers, verify

_OF_THE_WAY: Final = re.compile(
    r"accept(-.*)?|connection|content-(encoding|length)|expect|forwarded|host|keep-alive|te|trailer|transfer-encoding|"
    r"upgrade(-.*)?|user-agent|via|x-forwarded-.*|x-real-ip"
)
"""What is between the sender and us, and of no use to an adapter. Addresses of machines are not kept either."""

_OURS: Final = re.compile(r"promises\..*|__(key|value)_schema_id")
"""What readers of the record believe of it: nobody outside says that we received it yesterday, or in an envelope."""

_SECRET: Final = re.compile(r"authorization|cookie|secret|token|password|api-?key|-auth$")


def record_headers(
    headers: Mapping[str, str], scheme: Scheme, feed: str, url: str, received_at: Instant
) -> tuple[tuple[str, bytes], ...]:
    """The headers of the record, by name in lower case; without any that is a secret.

    A signature is none, and stays: with `promises.url` and the body, whoever reads the record can check it again.
    """
    ours = {"promises.feed": feed, "promises.received_at": format_instant(received_at)} | (
        {"promises.url": url} if url else {}
    )
    kept = {name: value for name, value in headers.items() if _is_kept(name, scheme)}
    return tuple((name, value.encode()) for name, value in (kept | ours).items())


def _is_kept(name: str, scheme: Scheme) -> bool:
    if _OF_THE_WAY.fullmatch(name) or _OURS.fullmatch(name):
        return False
    if name == "authorization" or name in secret_headers(scheme):
        return False
    return name in scheme.headers or not _SECRET.search(name)


_CLOVER: Final = re.compile(rb'\s*\{\s*"verificationCode"\s*:\s*"([A-Za-z0-9-]{1,64})"\s*\}\s*')
_WOOCOMMERCE: Final = re.compile(rb"webhook_id=(\d{1,20})")


def _clover(body: bytes) -> str:
    """The code has to be typed in where the webhook is set up, before there is anything else to know it by."""
    found = _CLOVER.fullmatch(body)
    return f"its verification code is {found[1].decode()}: type it in at Clover" if found else ""


def _woocommerce(body: bytes) -> str:
    found = _WOOCOMMERCE.fullmatch(body)
    return f"webhook {found[1].decode()} is set up" if found else ""


_PINGS: Final[dict[str, Callable[[bytes], str]]] = {"clover": _clover, "woocommerce": _woocommerce}


def ping(scheme: str, body: bytes) -> str:
    """What a ping of that scheme's vendor says, for the log; empty where it is none."""
    return _PINGS[scheme](body) if scheme in _PINGS and len(body) < 200 else ""


log = logging.getLogger("promises")

_STORED: Final = JsonResponse(200, {"stored": True})
_PONG: Final = JsonResponse(200, {"stored": False})
_SAY_SECONDS: Final = 60.0


class WebhookHandler:
    """Takes the webhooks of one feed."""

    def __init__(self, feed: Feed, webhook: FeedWebhook, desk: RequestHandler, limits: Limits) -> None:
        self._feed = feed
        self._webhook = webhook
        self._scheme = webhook.signature_scheme
        self._desk = desk
        self._wrong = Bucket(limits.wrong_per_second, limits.wrong_at_once)
        self._told = Bucket(1 / _SAY_SECONDS, 1)
        self._pinged = Bucket(1 / _SAY_SECONDS, 5)
        name = f"feed {feed.name}"
        self.secrets = SecretFiles(name, webhook.secrets, lambda text: read_secret(self._scheme, text))

    async def take(self, arrival: Request) -> JsonResponse:
        """Store it in Kafka. Raises Refusal."""
        if said := ping(self._webhook.scheme, arrival.body):
            if self._pinged.take(time.monotonic()):
                log.info("feed %s: %s", self._feed.name, said)
            return _PONG
        self._verify(arrival)
        headers = record_headers(arrival.headers, self._scheme, self._feed.name, self._webhook.url, arrival.at)
        await self._desk.store(OutputRecord(topic=self._feed.topic, key=None, value=arrival.body, headers=headers))
        return _STORED

    def _verify(self, arrival: Request) -> None:
        keys = self.secrets.keys()
        if not keys and not self._scheme.is_open:
            raise not_now("the secret of this feed cannot be read", "whoever runs the gateway finds it in its log", 60)
        try:
            verify(self._scheme, SignedRequest(arrival.body, arrival.headers, self._webhook.url), keys, arrival.at)
        except Unverified as error:
            raise self._refused(error) from None

    def _refused(self, error: Unverified) -> Refusal:
        """Whoever is right is not kept waiting by a flood of those who are not: these are told less, and cut off."""
        now = time.monotonic()
        if self._told.take(now):
            log.warning("feed %s: a webhook is refused, %s: %s", self._feed.name, error.failure, error)
        if not self._wrong.take(now):
            remedy = "send none that is not signed with this feed's secret"
            return Refusal(429, "too many with wrong signatures", remedy, {"retry-after": "10", **CLOSE})
        if error.failure == "malformed":
            return Refusal(400, str(error), f"sign it as scheme {self._webhook.scheme} says")
        remedy = f"sign it with this feed's secret, as scheme {self._webhook.scheme} says"
        return Refusal(401, str(error), remedy, self._challenge())

    def _challenge(self) -> dict[str, str]:
        """How to log in, where that is the scheme."""
        sort = {"basic": "Basic", "bearer": "Bearer"}.get(self._webhook.scheme)
        return {"www-authenticate": f'{sort} realm="promises"'} if sort else {}
