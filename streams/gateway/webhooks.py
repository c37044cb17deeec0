"""One feed's webhook: shown to come from its vendor, and then a record of the feed's topic."""

from __future__ import annotations

import logging
import time
from typing import Final

from streams.config.feeds import Feed, Webhook
from streams.gateway.kafka_sink import Message
from streams.gateway.limits import Bucket, Limits
from streams.gateway.pings import ping
from streams.gateway.records import record_headers
from streams.gateway.requests import Arrival, Desk
from streams.gateway.responses import CLOSE, Answer, Refusal, not_now
from streams.gateway.secret_files import SecretFiles
from streams.signatures.schemes import Posted
from streams.signatures.verify import Unverified, read_secret, verify

log = logging.getLogger("promises")

_STORED: Final = Answer(200, {"stored": True})
_PONG: Final = Answer(200, {"stored": False})
_SAY_SECONDS: Final = 60.0


class WebhookDesk:
    """Takes the webhooks of one feed."""

    def __init__(self, feed: Feed, webhook: Webhook, desk: Desk, limits: Limits) -> None:
        self._feed = feed
        self._webhook = webhook
        self._scheme = webhook.signed
        self._desk = desk
        self._wrong = Bucket(limits.wrong_per_second, limits.wrong_at_once)
        self._told = Bucket(1 / _SAY_SECONDS, 1)
        self._pinged = Bucket(1 / _SAY_SECONDS, 5)
        name = f"feed {feed.name}"
        self.secrets = SecretFiles(name, webhook.secrets, lambda text: read_secret(self._scheme, text))

    async def take(self, arrival: Arrival) -> Answer:
        """Store it in Kafka. Raises Refusal."""
        if said := ping(self._webhook.scheme, arrival.body):
            if self._pinged.take(time.monotonic()):
                log.info("feed %s: %s", self._feed.name, said)
            return _PONG
        self._verify(arrival)
        headers = record_headers(arrival.headers, self._scheme, self._feed.name, self._webhook.url, arrival.at)
        await self._desk.store(Message(self._feed.topic, arrival.body, headers=headers))
        return _STORED

    def _verify(self, arrival: Arrival) -> None:
        keys = self.secrets.keys()
        if not keys and not self._scheme.is_open:
            raise not_now("the secret of this feed cannot be read", "whoever runs the gateway finds it in its log", 60)
        try:
            verify(self._scheme, Posted(arrival.body, arrival.headers, self._webhook.url), keys, arrival.at)
        except Unverified as error:
            raise self._refused(error) from None

    def _refused(self, error: Unverified) -> Refusal:
        """Whoever is right is not kept waiting by a flood of those who are not: these are told less, and cut off."""
        now = time.monotonic()
        if self._told.take(now):
            log.warning("feed %s: a webhook is refused, %s: %s", self._feed.name, error.failing, error)
        if not self._wrong.take(now):
            remedy = "send none that is not signed with this feed's secret"
            return Refusal(429, "too many with wrong signatures", remedy, {"retry-after": "10", **CLOSE})
        if error.failing == "malformed":
            return Refusal(400, str(error), f"sign it as scheme {self._webhook.scheme} says")
        remedy = f"sign it with this feed's secret, as scheme {self._webhook.scheme} says"
        return Refusal(401, str(error), remedy, self._challenge())

    def _challenge(self) -> dict[str, str]:
        """How to log in, where that is the scheme."""
        sort = {"basic": "Basic", "bearer": "Bearer"}.get(self._webhook.scheme)
        return {"www-authenticate": f'{sort} realm="promises"'} if sort else {}
