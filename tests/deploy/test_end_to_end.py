"""From an order to the notification, with the real programs and the settings of docker-compose.yml.

Only the patience of rules and routes is shortened, from minutes to seconds: thresholds, windows and texts are as they
are shipped. The windows are counted by when promises fell due. So the town's bad hour is sent when it is nearly a
quarter of an hour old: it is at once in the windows that alerts look at, and soon leaves the shortest.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
import requests

from schemas.instants import format_instant
from schemas.words import VERDICTS
from streams.kafka.connection import Connection
from streams.kafka.topic_reader import read_topic
from streams.kafka.topics import EVENTS
from streams.local.town_shops import SHOPS
from streams.wall_clock import wall_clock
from tests.cli.command import report
from tests.dashboards.reading import all_queries, young
from tests.dashboards.server import Prometheus
from tests.deploy.receiver import ReceivedAlert, Receiver, receiving
from tests.deploy.stack import Stack
from tests.deploy.town import MINUTE, Living, bad_hour, quiet
from tests.deploy.webhook import POLICIES, alertmanager_settings
from tests.shared import ROOT
from tests.support.alertmanager import movable
from tests.support.debian import Unavailable, program
from tests.worker.workers import until

pytestmark = pytest.mark.integration

BY_LOCATION = ("--by", "location", "--basis", "original")
AN_HOUR_BACK = ("location_kind:promises_due:mean_day", "location_kind:promises_at_risk:usual")
"""Return rules in which the usual values are available at once."""
ONLY_AFTER_TROUBLE = ("promises-overview: Alerts firing: A", "promises-pipeline: Unconfirmed: A")
"""The panels whose queries have no series until an alert fires or a feed falls behind."""
QUARTER = 15 * 60 * 1000


def impatient(name: str, text: str) -> str:
    """Return a file of the stack with seconds instead of minutes."""
    if name == "prometheus.yml":
        return re.sub(r"(interval|timeout): \d+s", r"\1: 1s", text)
    if name == "alertmanager.yml":
        return re.sub(r"(group_wait|group_interval): \d+[sm]", r"\1: 1s", text)
    if name == "rules.yml":
        text = re.sub(r"\b(for|interval): \d+[smh]", r"\1: 1s", text)
        return re.sub(r"keep_firing_for: \d+[smh]", "keep_firing_for: 3s", text).replace("vector(300)", "vector(5)")
    return text.replace('silent_after = "5m"', 'silent_after = "5s"') if name == "locations.toml" else text


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    try:
        program("prometheus", "prometheus")
        movable()
    except Unavailable as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("stack")
    ours = alertmanager_settings(folder)
    stack = Stack(folder, lambda name, text: impatient(name, ours if name == "alertmanager.yml" else text))
    try:
        stack.start_all()
        yield stack
    finally:
        stack.end()


@pytest.fixture(scope="module")
def received(stack: Stack) -> Iterator[Receiver]:
    with receiving(stack.address("alertmanager", 9099)) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def bootstrap(stack: Stack) -> str:
    return stack.address("kafka", 9092)


@pytest.fixture(scope="module")
def town(received: Receiver, bootstrap: str) -> Iterator[Living]:
    """Send the events of the town, from its bad hour on, with clock records."""
    assert received.told == []
    living = Living(bootstrap, chain(bad_hour(wall_clock() - QUARTER + 30 * MINUTE), quiet(wall_clock())))
    try:
        yield living
    finally:
        living.close()


def prometheus(stack: Stack) -> Prometheus:
    return Prometheus(f"http://{stack.address('prometheus', 9090)}", time.time())


def came(received: Receiver, status: str, name: str, seconds: float = 60, **labels: str) -> ReceivedAlert:
    """Wait for the first notification of that alert and status, and return it."""

    def result() -> list[ReceivedAlert]:
        return [one for one in received.of(name, **labels) if one.status == status]

    until(lambda: bool(result()), f"{name} {status} {labels}", seconds=seconds)
    return result()[0]


@pytest.mark.usefixtures("town")
def test_a_bad_hour_wakes_somebody_once_and_is_over_when_it_is_over(stack: Stack, received: Receiver) -> None:
    fired = came(received, "firing", "PromisesBurningFast", location="kitchen")
    assert fired.labels["severity"] == "critical"
    assert re.search(r"Canal Kitchen broke \d+ of \d+ promises of kind ready", fired.annotations["description"])
    assert fired.annotations["dashboard"].startswith("/d/promises-location?var-location=kitchen")
    assert (ROOT / fired.annotations["runbook_url"]).is_file()

    came(received, "resolved", "PromisesBurningFast", seconds=240, location="kitchen")
    assert {(one.status, one.location) for one in received.of("PromisesBurningFast")} == {
        ("firing", "kitchen"),
        ("resolved", "kitchen"),
    }
    assert len(received.of("PromisesBurningFast")) == 2


@pytest.mark.usefixtures("town")
def test_every_query_of_every_panel_and_every_recorded_rule_gives_numbers(stack: Stack) -> None:
    panels = {name: expr for name, expr in panel_queries().items() if name not in ONLY_AFTER_TROUBLE}
    rules = (ROOT / "dashboards" / "prometheus" / "rules.yml").read_text("utf-8")
    request = panels | {name: name for name in re.findall(r"- record: (\S+)", rules) if name not in AN_HOUR_BACK}
    # Some more than the minute of the queries: not all series begin with the first of them.
    before = "promises_state offset 70s"
    until(lambda: has_numbers(prometheus(stack), before), "there is a minute to look back to", seconds=90)
    assert [name for name, expr in request.items() if not has_numbers(prometheus(stack), expr)] == []


def panel_queries() -> dict[str, str]:
    """Return the queries of all panels by their names, over a minute instead of an hour."""
    return {query.name: young(query.expr) for query in all_queries()}


def has_numbers(server: Prometheus, expr: str) -> bool:
    """Return whether a query has a result with numbers only."""
    values = [float(row["value"][1]) for row in server.now(expr)]
    return bool(values) and all(map(math.isfinite, values))


def test_a_stopped_feed_has_an_alert_and_breaks_no_promise(stack: Stack, received: Receiver, town: Living) -> None:
    broken = standing(stack, "pharmacy")["broken"]
    town.offline.add("pharmacy")
    came(received, "firing", "FeedStale", feed="till-pharmacy")
    until(lambda: unconfirmed(stack, "pharmacy") > 0, "promises fall due of which nobody knows", seconds=60)
    assert all(has_numbers(prometheus(stack), panel_queries()[name]) for name in ONLY_AFTER_TROUBLE)
    assert standing(stack, "pharmacy")["broken"] == broken

    town.offline.clear()
    came(received, "resolved", "FeedStale", feed="till-pharmacy")
    until(lambda: unconfirmed(stack, "pharmacy") == 0, "all of them are known", seconds=60)
    assert standing(stack, "pharmacy")["broken"] == broken


def test_a_killed_worker_changes_no_total(stack: Stack, town: Living, bootstrap: str, tmp_path: Path) -> None:
    stack.kill("worker-1")
    town.is_shut = True
    until(lambda: set(in_town(stack, "open")) == {0}, "all is decided", seconds=120)
    events = tmp_path / "events.jsonl"
    records = read_topic(Connection(bootstrap), EVENTS.name)
    events.write_bytes(b"".join((one.value or b"") + b"\n" for one in records))
    judged = report("judge", events, "--policies", POLICIES, "--as-of", format_instant(wall_clock()), *BY_LOCATION)

    locations = {row["key"][0]: row for row in judged["points"][0]["by"]["location"]}
    assert locations.keys() == {shop.location for shop in SHOPS}
    for location, row in locations.items():
        assert standing(stack, location) == {verdict: row[verdict] for verdict in VERDICTS}


def test_the_profile_of_feeds_takes_webhooks_that_are_signed(stack: Stack) -> None:
    secrets = stack.directory / "gateway" / "etc" / "promises" / "secrets"
    secrets.mkdir(parents=True)
    for vendor in ("square", "shopify"):
        (secrets / vendor).write_text("of the stack", "utf-8")
    stack.once("feed-topics")
    stack.start("intake")
    stack.start("gateway")
    address, body = f"http://{stack.address('gateway', 8088)}/shopify", b'{"id": 7}'
    signed = base64.b64encode(hmac.digest(b"of the stack", body, hashlib.sha256)).decode()
    answers = [requests.post(address, body, headers={"x-shopify-hmac-sha256": by}, timeout=30) for by in ("", signed)]
    assert [answer.status_code for answer in answers] == [401, 200]


def standing(stack: Stack, location: str) -> dict[str, float]:
    """Return the promises of a location by verdict, summed by Prometheus."""
    result = prometheus(stack).now(
        f'sum by (verdict) (promises_state{{location="{location}",basis="original",job="promises"}})'
    )
    return {row["metric"]["verdict"]: float(row["value"][1]) for row in result}


def in_town(stack: Stack, verdict: str) -> list[float]:
    """Return the number of promises of each location with these labels."""
    result = prometheus(stack).now(f'sum by (location) (promises_state{{basis="original",verdict="{verdict}"}})')
    return [float(row["value"][1]) for row in result]


def unconfirmed(stack: Stack, location: str) -> float:
    """Return the number of unconfirmed promises of a location."""
    selector = f'promises_state{{location="{location}",reason="unconfirmed",basis="original"}}'
    return sum(float(row["value"][1]) for row in prometheus(stack).now(f"sum ({selector})"))
