"""The vendors' side of a live day: a sender of their webhooks, and a fetcher of the orders of thin notifications."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Final, Self

import msgspec
import requests
from kafka import KafkaConsumer, KafkaProducer

from streams.wall_clock import wall_clock
from tests.day.disorder import Arrival
from tests.day.orders import Order, Vendor
from tests.day.webhooks import fetched

POSTERS: Final = 4
NEEDS_FETCH: Final = "promise.needs_fetch"
_TRY_AGAIN_SECONDS: Final = 0.2


def post(url: str, arrivals: Sequence[Arrival]) -> list[str]:
    """Post each webhook at its time, until it is accepted. Returns the refusals that a retry does not help."""
    with ThreadPoolExecutor(POSTERS) as posters:
        return list(chain.from_iterable(posters.map(lambda n: _post_all(url, arrivals[n::POSTERS]), range(POSTERS))))


def _post_all(url: str, arrivals: Sequence[Arrival]) -> list[str]:
    with requests.Session() as session:
        return [refused for arrival in arrivals if (refused := _post(session, url, arrival))]


def _post(session: requests.Session, url: str, arrival: Arrival) -> str:
    """Return an empty text when the webhook is accepted; the refusal if a retry would not help."""
    at, webhook = arrival
    time.sleep(max(0, at - wall_clock()) / 1000)
    headers = {"content-type": "application/json", **webhook.headers}
    while True:
        with suppress(requests.ConnectionError, requests.Timeout):
            answer = session.post(f"{url}/{webhook.vendor}", webhook.body, headers=headers, timeout=10)
            if answer.ok:
                return ""
            if answer.status_code < 500:
                return f"{webhook.vendor}: {answer.status_code} {answer.text}"
        time.sleep(_TRY_AGAIN_SECONDS)


class Enricher:
    """Reads thin notifications, and sends their orders, in the notified version, to the topic of their feed."""

    def __init__(self, bootstrap: str, orders: Iterable[Order]) -> None:
        self._bootstrap = bootstrap
        self._orders = {(order.vendor, order.id): order for order in orders}
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._off.set()
        self._thread.join()

    def _run(self) -> None:
        consumer = KafkaConsumer(
            NEEDS_FETCH,
            bootstrap_servers=self._bootstrap,
            group_id="enricher",
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        producer = KafkaProducer(bootstrap_servers=self._bootstrap, acks="all")
        while not self._off.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    self._fetch(headers, record.value, producer.send)
        producer.close()
        consumer.close()

    def _fetch(self, headers: Mapping[str, str], value: bytes, send: Callable[..., object]) -> None:
        vendor, id, version = _order_of(headers, value)
        order = self._orders[vendor, id]
        send(f"feeds.{vendor}", fetched(order, version), key=order.id.encode())


def _order_of(headers: Mapping[str, str], value: bytes) -> tuple[Vendor, str, int]:
    """Return the vendor, the order and the version of a thin notification."""
    if headers["feed"] == "square":
        (notification,) = msgspec.json.decode(value)["data"]["object"].values()
        return "square", notification["order_id"], notification["version"]
    event_id = next(value for name, value in headers.items() if name.endswith("x-shopify-event-id"))
    id, version, _ = event_id.split("-")
    return "shopify", id, int(version)
