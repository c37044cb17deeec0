"""The pages of the server of a worker: for probes, for Prometheus, and for anyone else."""

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


class HttpResponse(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


class ServedWorker:
    """The server of a worker, and the collector behind it."""

    def __init__(self, address: Address, collector: WorkerCollector) -> None:
        self.address = address
        self.collector = collector

    def get(self, path: str, method: str = "GET", **headers: str) -> HttpResponse:
        connection = HTTPConnection(self.address.host, self.address.port, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return HttpResponse(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ServedWorker]:
    collector = WorkerCollector()
    with serve_snapshot(collector, Address("127.0.0.1", 0), "the shop", readiness) as address:
        yield ServedWorker(address, collector)


@pytest.fixture
def served(server: ServedWorker) -> ServedWorker:
    """A worker that has just started."""
    server.collector.snapshot = WorkerSnapshot()
    return server


def test_a_recovering_worker_is_alive_and_shows_its_progress(served: ServedWorker) -> None:
    recovering = {3: RecoveryProgress(), 1: RecoveryProgress(read=120, total=4_000)}
    served.collector.snapshot = WorkerSnapshot(partitions={0: LIVE}, recovering=recovering)
    assert served.get("/healthz").status == 200
    ready = served.get("/readyz")
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


def test_a_worker_is_ready_when_all_its_partitions_are_recovered(served: ServedWorker) -> None:
    served.collector.snapshot = WorkerSnapshot(ready=True, partitions={2: LIVE, 0: PartitionSnapshot()})
    ready = served.get("/readyz")
    assert (ready.status, ready.document["ready"]) == (200, True)
    assert ready.document["says"] == "all 2 partitions are live"
    assert ready.document["partitions"] == [
        {"partition": 0, "state": "live"},
        {"partition": 2, "state": "live", "clock": format_instant(NOON)},
    ]


def test_a_worker_without_an_assignment_is_not_ready_and_one_without_a_partition_is(served: ServedWorker) -> None:
    waiting = served.get("/readyz")
    assert (waiting.status, waiting.document["partitions"]) == (503, [])
    assert waiting.document["says"] == "waiting for the consumer group to assign partitions"
    served.collector.snapshot = WorkerSnapshot(ready=True)
    idle = served.get("/readyz")
    assert (idle.status, idle.document["partitions"]) == (200, [])
    assert idle.document["says"].startswith("no partition is assigned")


def test_a_worker_with_a_stuck_event_loop_is_neither_alive_nor_ready(served: ServedWorker) -> None:
    long_ago = time.monotonic() - STALLED_SECONDS - 1
    served.collector.snapshot = WorkerSnapshot(ready=True, partitions={0: LIVE}, beat=long_ago)
    dead = served.get("/healthz")
    assert (dead.status, dead.document["healthy"]) == (503, False)
    assert "the event loop has been stuck for 11." in dead.document["says"]
    ready = served.get("/readyz")
    assert (ready.status, ready.document["says"].split(" for ")[0]) == (503, "the event loop has been stuck")


def test_the_heartbeat_starts_before_the_first_snapshot() -> None:
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


def test_the_page_of_metrics_is_compressed_on_request(served: ServedWorker) -> None:
    served.collector.snapshot = WorkerSnapshot(ready=True, partitions={0: LIVE})
    plain = served.get("/metrics")
    assert (plain.status, Scrape(plain.body.decode()).by("promises_ready")) == (200, {(): 1.0})
    packed = served.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == plain.body
    assert Scrape.of(f"http://{served.address}/metrics").sum("promises_clock_timestamp_seconds") == NOON / 1000


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/nowhere"])
def test_head_returns_the_headers_of_get_without_the_body(path: str, served: ServedWorker) -> None:
    served.collector.snapshot = WorkerSnapshot(ready=True, beat=time.monotonic() + 60)  # the same age for both
    head, get = served.get(path, "HEAD"), served.get(path)
    assert (head.status, head.body) == (get.status, b"")
    assert {name: value for name, value in head.headers.items() if name.startswith("Content-")} == {
        name: value for name, value in get.headers.items() if name.startswith("Content-")
    }
    assert get.headers["Content-Length"] == str(len(get.body))


@pytest.mark.parametrize("path", ["/", "/metrics/", "/health", "/favicon.ico"])
def test_an_unknown_path_returns_the_known_ones(path: str, served: ServedWorker) -> None:
    answer = served.get(path)
    assert (answer.status, answer.body) == (404, b"not found; available: /metrics, /healthz, /readyz\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_other_methods_are_not_allowed(method: str, path: str, served: ServedWorker) -> None:
    answer = served.get(path, method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_failing_page_is_logged_and_the_others_go_on(
    served: ServedWorker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Iterator[Metric]:
        raise LookupError("no rows")

    monkeypatch.setattr(served.collector, "collect", broken)
    with caplog.at_level(logging.ERROR, "promises"):
        assert served.get("/metrics").status == 500
    assert [record.getMessage() for record in caplog.records] == ["the page /metrics failed"]
    assert served.get("/healthz").status == 200
    assert capfd.readouterr().err == ""


def test_an_address_in_use_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address_in_use = Address("127.0.0.1", other.getsockname()[1])
        serving = serve_snapshot(WorkerCollector(), address_in_use, "g", readiness)
        with pytest.raises(AddressTaken, match=rf"{address_in_use}.*--metrics"), serving:
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "worker-3.shop.internal", "0.0.0.0", "[::1]"])
def test_the_client_id_of_a_worker_contains_its_address(host: str) -> None:
    address = Address.parse(f"{host}:9464")
    assert metrics_address(client_id(address)) == address


@pytest.mark.parametrize("name", ["", "promises-", "promises-9464", "promises-host-port", "aiokafka-0.14.0"])
def test_another_client_id_contains_no_address(name: str) -> None:
    assert metrics_address(name) is None
