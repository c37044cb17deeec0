"""What a probe, Prometheus and a passer-by get from a worker's port."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
from prometheus_client.core import Metric

from schemas.instants import format_instant, parse_instant
from streams.engine.partitions import RecoveryProgress
from streams.metrics.address import Address, client_id, metrics_address
from streams.metrics.exposition import Heartbeat
from streams.metrics.health import STALLED_SECONDS, health
from streams.metrics.scrape import Scrape
from streams.metrics.server import AddressTaken, serve_snapshot
from streams.worker.metrics import WorkerCollector, readiness
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

NOON = parse_instant("2026-03-06T12:00:00Z")
LIVE = PartitionSnapshot(watermark=NOON)


class Got(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Shop:
    """A worker's port, and the collector behind it."""

    def __init__(self, address: Address, collector: WorkerCollector) -> None:
        self.address = address
        self.collector = collector

    def get(self, path: str, method: str = "GET", **headers: str) -> Got:
        connection = HTTPConnection(self.address.host, self.address.port, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return Got(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def port() -> Iterator[Shop]:
    collector = WorkerCollector()
    with serve_snapshot(collector, Address("127.0.0.1", 0), "the shop", readiness) as address:
        yield Shop(address, collector)


@pytest.fixture
def shop(port: Shop) -> Shop:
    """A worker that has just started."""
    port.collector.snapshot = WorkerSnapshot()
    return port


def test_a_worker_that_recovers_is_alive_and_says_how_far_it_is(shop: Shop) -> None:
    recovering = {3: RecoveryProgress(), 1: RecoveryProgress(read=120, total=4_000)}
    shop.collector.snapshot = WorkerSnapshot(partitions={0: LIVE}, recovering=recovering)
    assert shop.get("/healthz").status == 200
    ready = shop.get("/readyz")
    assert (ready.status, ready.headers["Content-Type"]) == (503, "application/json")
    assert ready.document == {
        "ready": False,
        "says": "2 of 3 partitions are recovering",
        "group": "the shop",
        "partitions": [
            {"partition": 0, "state": "live", "clock": format_instant(NOON)},
            {"partition": 1, "state": "recovering", "read": 120, "total": 4_000},
            {"partition": 3, "state": "recovering", "read": 0},
        ],
    }


def test_a_worker_is_ready_when_all_that_it_owns_is_recovered(shop: Shop) -> None:
    shop.collector.snapshot = WorkerSnapshot(ready=True, partitions={2: LIVE, 0: PartitionSnapshot()})
    ready = shop.get("/readyz")
    assert (ready.status, ready.document["ready"]) == (200, True)
    assert ready.document["says"] == "all 2 partitions are live"
    assert ready.document["partitions"] == [
        {"partition": 0, "state": "live"},
        {"partition": 2, "state": "live", "clock": format_instant(NOON)},
    ]


def test_a_worker_that_the_group_has_not_spoken_to_is_not_ready_and_one_without_a_partition_is(shop: Shop) -> None:
    waiting = shop.get("/readyz")
    assert (waiting.status, waiting.document["partitions"]) == (503, [])
    assert waiting.document["says"] == "waiting for the consumer group to assign partitions"
    shop.collector.snapshot = WorkerSnapshot(ready=True)
    idle = shop.get("/readyz")
    assert (idle.status, idle.document["partitions"]) == (200, [])
    assert idle.document["says"].startswith("no partition is assigned")


def test_a_worker_whose_event_loop_stands_still_is_neither_alive_nor_ready(shop: Shop) -> None:
    long_ago = time.monotonic() - STALLED_SECONDS - 1
    shop.collector.snapshot = WorkerSnapshot(ready=True, partitions={0: LIVE}, beat=long_ago)
    dead = shop.get("/healthz")
    assert (dead.status, dead.document["healthy"]) == (503, False)
    assert "the event loop has been stuck for 11." in dead.document["says"]
    ready = shop.get("/readyz")
    assert (ready.status, ready.document["says"].split(" for ")[0]) == (503, "the event loop has been stuck")


def test_the_event_loop_vouches_for_itself_before_there_is_anything_to_count() -> None:
    collector = WorkerCollector()
    collector.snapshot = WorkerSnapshot(recovering={0: RecoveryProgress()}, beat=time.monotonic() - 1_000)

    async def lives() -> None:
        async with Heartbeat(collector):
            await asyncio.sleep(0.05)

    asyncio.run(lives())
    assert health(collector.snapshot, time.monotonic()).healthy
    assert collector.snapshot.recovering == {0: RecoveryProgress()}


def test_the_event_loop_may_pause_for_ten_seconds() -> None:
    at = WorkerSnapshot(ready=True, beat=100.0)
    for now, is_alive in ((100.0, True), (100.0 + STALLED_SECONDS, True), (100.1 + STALLED_SECONDS, False)):
        assert (health(at, now).healthy, readiness(at, now, "the shop").ready) == (is_alive, is_alive)


def test_prometheus_gets_its_page_packed_or_not(shop: Shop) -> None:
    shop.collector.snapshot = WorkerSnapshot(ready=True, partitions={0: LIVE})
    plain = shop.get("/metrics")
    assert (plain.status, Scrape(plain.body.decode()).by("promises_ready")) == (200, {(): 1.0})
    packed = shop.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == plain.body
    assert Scrape.of(f"http://{shop.address}/metrics").sum("promises_clock_timestamp_seconds") == NOON / 1000


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/nowhere"])
def test_head_says_what_get_would_say_without_the_body(path: str, shop: Shop) -> None:
    shop.collector.snapshot = WorkerSnapshot(ready=True, beat=time.monotonic() + 60)  # the same age for both
    head, get = shop.get(path, "HEAD"), shop.get(path)
    assert (head.status, head.body) == (get.status, b"")
    assert {name: value for name, value in head.headers.items() if name.startswith("Content-")} == {
        name: value for name, value in get.headers.items() if name.startswith("Content-")
    }
    assert get.headers["Content-Length"] == str(len(get.body))


@pytest.mark.parametrize("path", ["/", "/metrics/", "/health", "/favicon.ico"])
def test_any_other_path_is_answered_with_those_that_there_are(path: str, shop: Shop) -> None:
    answer = shop.get(path)
    assert (answer.status, answer.body) == (404, b"not found; available: /metrics, /healthz, /readyz\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_nobody_can_tell_it_anything(method: str, path: str, shop: Shop) -> None:
    answer = shop.get(path, method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_page_that_fails_is_told_in_the_log_and_the_others_go_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Iterator[Metric]:
        raise LookupError("no rows")

    monkeypatch.setattr(shop.collector, "collect", broken)
    with caplog.at_level(logging.ERROR, "promises"):
        assert shop.get("/metrics").status == 500
    assert [record.getMessage() for record in caplog.records] == ["the page /metrics failed"]
    assert shop.get("/healthz").status == 200
    assert capfd.readouterr().err == ""


def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("127.0.0.1", other.getsockname()[1])
        serving = serve_snapshot(WorkerCollector(), taken, "g", readiness)
        with pytest.raises(AddressTaken, match=rf"{taken}.*--metrics"), serving:
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "worker-3.shop.internal", "0.0.0.0", "[::1]"])
def test_the_name_that_a_worker_gives_to_kafka_tells_where_its_port_is(host: str) -> None:
    address = Address.parse(f"{host}:9464")
    assert metrics_address(client_id(address)) == address


@pytest.mark.parametrize("name", ["", "promises-", "promises-9464", "promises-host-port", "aiokafka-0.14.0"])
def test_the_name_of_another_client_tells_of_no_port(name: str) -> None:
    assert metrics_address(name) is None
