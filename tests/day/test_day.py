"""A day of orders in webhooks of Square, Toast and Shopify, through gateway, Kafka, intake and
worker: late, repeated, out of order, while intake is killed and suspended. The verdicts must equal those of the same
day sent as canonical events.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import requests

from schemas.instants import Instant
from schemas.verdicts import VerdictRecord
from streams.cli.options import load_policies
from streams.kafka.topics import VERDICTS
from streams.local.ports import free_ports
from streams.wall_clock import wall_clock
from tests.cli.command import promises
from tests.day.disorder import Arrival, disordered
from tests.day.living import Enricher, post
from tests.day.orders import SHOPS, Order, day
from tests.day.verdicts import Key, last, read_verdicts, truly
from tests.day.webhooks import SECRET, SQUARE_URL, webhooks
from tests.worker.records import read
from tests.worker.workers import Program, Worker, until

SLOW: Final = "PROMISES_SLOW" in os.environ
MINUTE: Final = 160.0 if SLOW else 40.0
"""Milliseconds of a minute of the day."""

SEED: Final = 3
ORDERS: Final = 150
KILLS: Final = 5
SUSPENDED_SECONDS: Final = 120 if SLOW else 15
SLACK: Final = 2_000
"""Milliseconds that a webhook may take to be judged, on a machine under load."""


class Lived(NamedTuple):
    """The result of a day."""

    orders: list[Order]
    arrivals: list[Arrival]
    verdicts: dict[Key, list[VerdictRecord]]
    ended: Instant


def feeds(directory: Path) -> Path:
    """Write the feeds file of the day and return its path."""
    (directory / "secret").write_text(SECRET, "utf-8")
    entries = [
        f'[[feed]]\nname = "{vendor}"\nadapter = "{vendor}"\n'
        f'[feed.webhook]\nscheme = "{vendor}"\nsecrets = ["secret"]\n'
        + (f'url = "{SQUARE_URL}"\n' if vendor == "square" else "")
        for vendor in SHOPS
    ]
    path = directory / "feeds.toml"
    path.write_text("\n".join(entries), "utf-8")
    return path


def locations(directory: Path) -> Path:
    """Write a file in which every location waits for its feed, and return its path."""
    entries = [
        f'[[location]]\nid = "{shop}"\nfeed = "{vendor}"\nsilent_after = "10s"\n'
        for vendor, shops in SHOPS.items()
        for shop in shops
    ]
    path = directory / "locations.toml"
    path.write_text("\n".join(entries), "utf-8")
    return path


def is_ready(port: int) -> bool:
    """Return True if the process with metrics at that port is ready."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def disturb(intake: Program, begins: Instant, ends: Instant) -> None:
    """Kill intake several times, and suspend it once."""
    pause = (ends - begins - SUSPENDED_SECONDS * 1000) / 1000 / (KILLS + 2)
    for turn in range(KILLS):
        time.sleep(pause)
        if turn == KILLS // 2:
            intake.process.send_signal(signal.SIGSTOP)
            time.sleep(SUSPENDED_SECONDS)
            intake.process.send_signal(signal.SIGCONT)
            time.sleep(pause)
        intake.kill()
        intake.start()


@pytest.fixture(scope="module")
def lived(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    directory = tmp_path_factory.mktemp("day")
    at_kafka, of_feeds = ("--bootstrap", bootstrap), ("--feeds", feeds(directory))
    assert promises("topics", *at_kafka, *of_feeds).code == 0
    gateway_port, gateway_metrics, intake_metrics = free_ports(3)
    address = f"127.0.0.1:{gateway_port}"
    served = ("--bind", address, "--metrics", f"127.0.0.1:{gateway_metrics}")
    with (
        Worker(bootstrap, directory, "--locations", locations(directory)) as worker,
        Program(directory / "gateway.log", "gateway", *at_kafka, *of_feeds, *served),
        Program(
            directory / "intake.log", "intake", *at_kafka, *of_feeds, "--metrics", f"127.0.0.1:{intake_metrics}"
        ) as intake,
    ):
        worker.until_ready()
        until(lambda: is_ready(gateway_metrics) and is_ready(intake_metrics), "gateway and intake are ready")
        start = wall_clock() + 1_000
        orders = day(SEED, start, MINUTE, ORDERS)
        arrivals = disordered((webhook for order in orders for webhook in webhooks(order)), SEED, MINUTE)
        with Enricher(bootstrap, orders):
            disturbing = threading.Thread(target=disturb, args=(intake, start, arrivals[-1].at))
            disturbing.start()
            assert post(f"http://{address}", arrivals) == []
            disturbing.join()
            truth = truly(orders, load_policies(None), wall_clock())

            def verdicts() -> dict[Key, list[VerdictRecord]]:
                return read_verdicts(record.value for record in read(bootstrap, VERDICTS.name))

            until(lambda: last(verdicts()) == truth, "all is judged", seconds=60)
        yield Lived(orders, arrivals, verdicts(), wall_clock())


def test_webhooks_in_any_disorder_are_judged_as_the_day_was(lived: Lived) -> None:
    truth = truly(lived.orders, load_policies(None), lived.ended)
    outcomes = last(lived.verdicts)
    assert {key: (outcomes.get(key), truth[key]) for key in truth if outcomes.get(key) != truth[key]} == {}
    assert outcomes.keys() == truth.keys()
    assert {stands.verdict for both in truth.values() for stands in both} == {"kept", "broken", "excluded"}


def test_an_outage_of_intake_breaks_no_promise(lived: Lived) -> None:
    on_its_way = {arrival.webhook.order for arrival in lived.arrivals if arrival.at > arrival.webhook.at + SLACK}
    punctual = [order for order in lived.orders if order.vendor == "toast" and order.id not in on_its_way]
    in_time = [order for order in punctual if in_good_time(order)]
    first = {order.case: lived.verdicts[order.case, "ready"][0].current.verdict for order in in_time}
    assert len(first) >= 8
    assert set(first.values()) == {"kept"}


def in_good_time(order: Order) -> bool:
    """Return True if the order was ready so early that its webhook came before the due time."""
    ready = dict(order.steps).get("ready")
    return ready is not None and all(ready + SLACK <= dated.due for dated in order.promised)
