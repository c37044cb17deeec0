"""The page for Prometheus: valid, with exactly the metrics of the catalogue, each partition from one worker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.events import Clock
from schemas.instants import to_datetime
from schemas.words import BASES, VERDICTS
from streams.metrics import catalogue
from streams.metrics.scrape import Scrape
from streams.wall_clock import wall_clock
from tests.support.debian import Unavailable, program
from tests.worker.records import PARTITIONS, Order, SentRecord, send
from tests.worker.workers import Worker, records_read, until

HOUR = 3_600_000
ODD = 'caf\u00e9 "\u0391\\n"\n{x="1"}'
KEPT, BROKEN, OPEN = 40, 15, 5
SIXTY = {"kept": KEPT, "broken": BROKEN, "excluded": 0, "open": OPEN}
ROWS = ("location", "kind", "basis")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def worker(bootstrap: str, directory: Path) -> Iterator[Worker]:
    locations = directory / "locations.toml"
    locations.write_text('[[location]]\nid = "shop-with-a-till"\nfeed = "till"\n', "utf-8")
    with Worker(bootstrap, directory, "--locations", locations) as worker:
        worker.until_ready()
        yield worker


def orders(made: int) -> Iterator[SentRecord]:
    """Yield the events of sixty orders at four locations: forty kept, fifteen broken, five not yet due."""
    for number in range(KEPT + BROKEN + OPEN):
        order = Order(f"order-{number}", f"shop-{number % 4}", staff=f"s-{number % 7}")
        due = made + HOUR if number >= KEPT + BROKEN else made
        yield order.promised(made - HOUR, due)
        if number < KEPT:
            yield order.reached("ready", made - 1)


def verdict_counts(page: Scrape) -> dict[str, float]:
    """Return the verdicts of the sixty orders."""
    counts = page.by("promises_state", "location", "verdict", basis="current")
    shops = [f"shop-{number}" for number in range(4)]
    return {verdict: sum(counts.get((shop, verdict), 0) for shop in shops) for verdict in VERDICTS}


def test_the_series_of_a_location_start_at_zero_with_its_first_promise(worker: Worker, bootstrap: str) -> None:
    assert worker.page().by("promises_state", "location", location="newcomer") == {}
    made = wall_clock()
    send(bootstrap, Order("first", "newcomer", staff="s-new").promised(made, made + HOUR))
    page = worker.until(lambda page: page.sum("promises_made_total", location="newcomer") == 1, "it is made")
    here = {"location": "newcomer"}
    assert page.by("promises_state", "basis", "verdict", "reason", **here) == {
        (basis, *ruling): ruling == ("open", "pending")
        for basis in BASES
        for ruling in (("kept", "on_time"), ("broken", "late"), ("broken", "undelivered"), ("open", "pending"))
    }
    assert page.by("promises_verdicts_total", "basis", "verdict", **here) == {
        (basis, verdict): 0 for basis in BASES for verdict in VERDICTS if verdict != "open"
    }
    assert page.by("promises_revised_total", "basis", "from", "to", **here) == {
        (basis, *way): 0 for basis in BASES for way in permutations(VERDICTS, 2)
    }
    for name in ("promises_window_kept", "promises_window_due"):
        assert page.by(name, "basis", "window", **here) == {(b, w): 0 for b in BASES for w in ("15m", "1h", "24h")}
    assert set(page.by("promises_lateness_seconds_bucket", "basis", "le", **here).values()) == {0}
    assert page.by("staff_promises_state", "staff", "basis", "verdict", **here) == {
        ("s-new", basis, verdict): verdict == "open" for basis in BASES for verdict in VERDICTS
    }


def test_the_page_has_exactly_the_metrics_of_the_catalogue(worker: Worker, bootstrap: str) -> None:
    made = wall_clock()
    clock = SentRecord(None, msgspec.json.encode(Clock(source="till", at=to_datetime(made))))
    send(bootstrap, *orders(made), Order("odd", ODD).promised(made, made + HOUR), SentRecord(b"x", b"no event"), clock)
    worker.until(lambda page: verdict_counts(page) == SIXTY, "the page shows the sixty verdicts")
    worker.until(lambda page: page.sum("promises_made_total", location=ODD) == 1, "the odd name is there")
    worker.until(lambda page: page.sum("promises_rejects_total") == 1, "what is no event is refused")
    worker.until(lambda page: page.sum("promises_feed_timestamp_seconds", feed="till") > 0, "the till has a watermark")
    listed = {
        (f"{metric.name}_bucket", frozenset({*metric.labels, "le"}))
        if metric.type == "histogram"
        else (metric.name, frozenset(metric.labels))
        for metric in catalogue.WORKER
    }
    # Lateness has both signs, so it has neither.
    listed |= {(f"{catalogue.COMMIT.name}_{part}", frozenset()) for part in ("count", "sum")}
    families = list(text_string_to_metric_families(worker.text()))
    assert {(sample.name, frozenset(sample.labels)) for family in families for sample in family.samples} == listed
    types = {metric.name.removesuffix("_total"): (metric.type, metric.help) for metric in catalogue.WORKER}
    assert {family.name: (family.type, family.documentation) for family in families} == types


def test_promtool_accepts_the_page(worker: Worker) -> None:
    try:
        promtool = program("prometheus", "promtool")
    except Unavailable as reason:
        pytest.skip(str(reason))
    page = worker.text()
    assert "promises_state{" in page
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def owned(page: Scrape) -> set[str]:
    """Return the partitions on a page."""
    return {partition for (partition,) in page.by("promises_clock_timestamp_seconds", "partition")}


def test_the_pages_of_two_workers_add_up(worker: Worker, bootstrap: str, directory: Path) -> None:
    alone = worker.until(lambda page: len(owned(page)) == PARTITIONS, "it has all partitions")
    with Worker(bootstrap, directory) as second:
        shares: list[set[str]] = []

        def shared() -> bool:
            # The second first: what it shows, the first has given away before.
            pages = [worker_asked.page() for worker_asked in (second, worker)]
            shares[:] = map(owned, pages)
            assert not shares[0] & shares[1]
            return all(shares) and all(page.sum("promises_ready") == 1 for page in pages)

        until(shared, "each has some and is ready")
        assert len(shares[0] | shares[1]) == PARTITIONS
        both = Scrape(second.text()), Scrape(worker.text())
        assert {verdict: sum(verdict_counts(page)[verdict] for page in both) for verdict in VERDICTS} == verdict_counts(
            alone
        )
        assert sum(map(records_read, both)) == records_read(alone)
        worker.kill()
        left = second.until(
            lambda page: len(owned(page)) == PARTITIONS and page.sum("promises_ready") == 1, "it has all partitions"
        )
        assert records_read(left) == records_read(alone)
        for name in ("promises_state", "promises_verdicts_total"):
            assert left.by(name, *ROWS, "verdict") == alone.by(name, *ROWS, "verdict")
