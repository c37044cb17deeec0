"""Acknowledged requests are in Kafka despite kills of the gateway and outages of the broker; and errors at its start.

The senders do as vendors do: whatever is not answered with 200 is sent again. So a record may be there twice.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Self
from urllib.error import HTTPError

import pytest

from streams.local.kafka_cluster import LocalKafka
from streams.local.ports import free_ports
from tests.cli.command import promises
from tests.gateway.gateways import Gateway, create_topics, records, response_on, shopify, write_files
from tests.support.broker import deployment

pytestmark = pytest.mark.integration

KILLS = 10
SENDERS = 6


@pytest.fixture(scope="module")
def kafka(broker: LocalKafka) -> Iterator[LocalKafka]:
    with deployment(broker) as bootstrap:
        create_topics(bootstrap)
        yield broker


class Vendor:
    """Sends one webhook after the other while its block lasts, each until it is acknowledged.

    acknowledged: the bodies that were. statuses: of all answers.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.acknowledged: set[bytes] = set()
        self.statuses: dict[int, int] = {}
        self._gateway = gateway
        self._is_over = Event()
        self._threads = [Thread(target=self._send_all, args=(number,)) for number in range(SENDERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def until_more(self, many: int) -> None:
        """Return when so many more are acknowledged."""
        goal = len(self.acknowledged) + many
        self._gateway.until(lambda: len(self.acknowledged) >= goal, f"{many} more webhooks are taken", 30)

    def _send_all(self, sender: int) -> None:
        number, connection = 0, self._gateway.connection()
        while not self._is_over.is_set():
            body = b'{"id":"%d-%d"}' % (sender, number)
            try:
                status = _send(connection, body)
            except (OSError, HTTPException):
                connection.close()
                self._is_over.wait(0.05)
                continue
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.add(body)
                number += 1
        connection.close()


def _send(connection: HTTPConnection, body: bytes) -> int:
    connection.request("POST", "/shopify", body, shopify(body))
    return response_on(connection).status


def missing(vendor: Vendor, kafka: LocalKafka) -> set[bytes]:
    return vendor.acknowledged - {one.value for one in records(kafka.bootstrap, "feeds.shopify")}


def test_a_gateway_without_a_topic_a_secret_or_a_port_reports_it(kafka: LocalKafka, tmp_path: Path) -> None:
    feeds = '[[feed]]\nname = "till"\ntopic = "promise.events"\nwebhook.scheme = "none"\n'
    secret = feeds.replace('"none"', '"toast"\nwebhook.secrets = ["empty"]')
    (tmp_path / "empty").write_text("\n")
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as taken:
        port = f"127.0.0.1:{taken.getsockname()[1]}"
        for text, options, code, message in (
            (
                feeds.replace("promise.events", "feeds.nowhere"),
                (),
                3,
                f"--bootstrap {kafka.bootstrap} --feeds {tmp_path}",
            ),
            (secret, (), 2, str(tmp_path / "empty")),
            (feeds, ("--bind", port), 2, "choose another with --bind"),
            (
                feeds,
                ("--metrics", port),
                2,
                "choose another with --metrics",
            ),
        ):
            answer = promises(
                "gateway", "--bootstrap", kafka.bootstrap, "--feeds", write_files(tmp_path, text), *options
            )
            assert message in answer.err
            assert answer.code == code
            assert "Traceback" not in answer.err


def test_nothing_that_was_acknowledged_is_missing_after_ten_kills(kafka: LocalKafka, tmp_path: Path) -> None:
    with Gateway(kafka.bootstrap, tmp_path) as gateway:
        gateway.until_ready_to_serve()
        with Vendor(gateway) as vendor:
            for _ in range(KILLS):
                vendor.until_more(20)
                gateway.kill()
                gateway.start()
            vendor.until_more(20)
    assert len(vendor.acknowledged) >= KILLS * 20
    assert set(vendor.statuses) == {200}
    assert not missing(vendor, kafka)


def test_nothing_is_acknowledged_during_an_outage_of_the_broker(kafka: LocalKafka, tmp_path: Path) -> None:
    with Gateway(kafka.bootstrap, tmp_path) as gateway:
        gateway.until_ready_to_serve()
        with Vendor(gateway) as vendor:
            vendor.until_more(50)
            kafka.stop_broker(1)
            time.sleep(1)
            before = len(vendor.acknowledged)
            with closing(gateway.connection()) as connection:
                connection.request("POST", "/till", b"who is there?")
                refused = response_on(connection)
            gateway.until(lambda: _is_unready(gateway), "it says that it cannot reach Kafka")
            assert len(vendor.acknowledged) == before
            kafka.start_broker(1)
            vendor.until_more(50)
            gateway.until(gateway.is_ready, "it is ready again")
        assert gateway.stop() == 0
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert refused.document == {
        "error": "Kafka did not take it in time",
        "remedy": "send it again later; nothing of it was lost",
    }
    assert set(vendor.statuses) == {200, 503}
    assert not missing(vendor, kafka)


def _is_unready(gateway: Gateway) -> bool:
    try:
        return not gateway.is_ready()
    except HTTPError as answer:
        return answer.code == 503
