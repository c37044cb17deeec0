"""A platform engineer's day: topics are checked and mended, workers start, stand by, are looked at and asked to end."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, NewTopic

from schemas.instants import parse_instant
from streams.kafka.topics import ALERTS, CHANGELOG, EVENTS, INTAKE_TOPICS, TOPICS
from streams.wall_clock import wall_clock
from tests.cli.command import promises
from tests.worker.answers import UNREACHABLE, assert_error
from tests.worker.records import Order, SentRecord, send
from tests.worker.workers import Worker, until

HOUR = 3_600_000
NOT_WELL, CANNOT_GO_ON = 1, 70
PARTITIONS = 2
TIME_TO_END = 10
"""Seconds that a service manager gives a worker before it kills it."""


@pytest.fixture(scope="module")
def bootstrap(empty_kafka: str) -> str:
    """The address of a Kafka whose topics have two partitions."""
    said = found(empty_kafka, NOT_WELL)
    missing = ", ".join(topic.name for topic in TOPICS)
    assert said == [f"error: {missing}: is not there; create it: promises topics --bootstrap {empty_kafka}"]
    assert promises("topics", "--bootstrap", empty_kafka, "--partitions", str(PARTITIONS)).code == 0
    return empty_kafka


def found(bootstrap: str, code: int) -> list[str]:
    """The findings of `promises check`, which ends with `code`."""
    answer = promises("check", "--bootstrap", bootstrap)
    assert (answer.code, answer.err) == (code, "")
    lines = answer.out.splitlines()
    assert (lines[-1] == "no mistakes found") == (code == 0)
    return [line for line in lines if line.startswith(("error: ", "warning: "))]


def status(bootstrap: str, *options: str) -> tuple[int, dict[str, Any]]:
    answer = promises("status", "--bootstrap", bootstrap, *options, "--json")
    assert answer.err == ""
    return answer.code, answer.document


def asked(worker: Worker, path: str) -> tuple[int, dict[str, Any]]:
    """The status and the document of a page; 0 while nobody answers."""
    try:
        with urlopen(worker.url.replace("/metrics", path), timeout=30) as page:
            return page.status, json.loads(page.read())
    except HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())
    except OSError:
        return 0, {}


def test_fresh_topics_are_as_they_must_be_but_for_the_lone_broker(bootstrap: str) -> None:
    (lone,) = found(bootstrap, 0)
    assert lone.startswith(f"warning: {', '.join(topic.name for topic in (*TOPICS, *INTAKE_TOPICS))}: has one copy")


def test_what_somebody_changed_by_hand_is_found_and_mended_as_it_is_told(bootstrap: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    changed = {
        EVENTS: {"cleanup.policy": "compact", "retention.ms": "604800000"},
        CHANGELOG: {"cleanup.policy": "delete", "max.message.bytes": "1048588"},
    }
    for topic, settings in changed.items():
        admin.alter_configs([ConfigResource("TOPIC", topic.name, settings)])
    admin.delete_topics([ALERTS.name])
    until(lambda: ALERTS.name not in admin.list_topics(), "the alerts are gone")
    admin.create_topics([NewTopic(ALERTS.name, 1, 1)])
    told = found(bootstrap, NOT_WELL)
    assert_error(promises("worker", "--bootstrap", bootstrap), UNREACHABLE, "promise.alerts has 1", "promises check")
    for topic, setting, value in re.findall(r"--entity-name (\S+) --add-config (\S+)=(\S+)$", "\n".join(told), re.M):
        admin.alter_configs([ConfigResource("TOPIC", topic, {setting: value})])
    (number,) = re.findall(rf"--alter --topic {ALERTS.name} --partitions (\d+)", "\n".join(told))
    admin.create_partitions({ALERTS.name: int(number)})
    admin.close()
    assert len(found(bootstrap, 0)) == 1, "only the lone broker is left"
    assert sorted(line.partition(", ")[0] for line in told if "one copy" not in line) == [
        "error: promise.alerts: has 1 partitions",
        "error: promise.changelog: cleanup.policy is delete",
        "error: promise.changelog: max.message.bytes is 1048588",
        "error: promise.events: cleanup.policy is compact",
        "warning: promise.events: retention.ms is 604800000",
    ]


def test_before_a_worker_ever_ran_status_says_that_nobody_owns_anything(bootstrap: str) -> None:
    answer = promises("status", "--bootstrap", bootstrap, "--group", "nightshift")
    assert (answer.code, answer.err) == (NOT_WELL, "")
    first, _, *table = answer.out.splitlines()
    assert first == "there is no group nightshift: no worker has run with --group nightshift"
    assert [line.split()[0] for line in table] == ["partition", "0", "1"]
    assert all(line.endswith("nobody owns it") for line in table[1:])


def test_workers_share_the_partitions_the_third_stands_by_and_status_shows_all_of_it(
    bootstrap: str, tmp_path: Path
) -> None:
    group = ("--group", "dayshift")
    made = wall_clock()
    send(bootstrap, *(Order(f"day-{number}", "soho").promised(made, made + HOUR) for number in range(20)))
    with Worker(bootstrap, tmp_path, *group) as first:
        first.until_ready()
        with Worker(bootstrap, tmp_path, *group) as second, Worker(bootstrap, tmp_path, *group) as third:
            workers = (first, second, third)

            def settled() -> bool:
                pages = [asked(worker, "/readyz") for worker in workers]
                owned = sorted(len(document.get("partitions", ())) for _, document in pages)
                return {code for code, _ in pages} == {200} and owned == [0, 1, 1]

            until(settled, "all three are ready, one of them without a partition")
            until(lambda: status(bootstrap, *group)[0] == 0, "every partition is owned and live")
            _, shown = status(bootstrap, *group)
    assert (shown["state"], shown["well"], len(shown["workers"])) == ("Stable", True, 3)
    assert sorted(len(worker["partitions"]) for worker in shown["workers"]) == [0, 1, 1]
    places = {worker.url.removeprefix("http://").removesuffix("/metrics") for worker in workers}
    assert {worker["client"].removeprefix("promises-").replace("-", ":") for worker in shown["workers"]} == places
    for row in shown["partitions"]:
        assert (row["state"], row["host"], row["lag"]) == ("live", "127.0.0.1", row["end"] - row["committed"])
        assert abs(parse_instant(row["clock"]) - wall_clock()) < HOUR
    assert sum(row["end"] for row in shown["partitions"]) == 20


def test_status_says_of_a_worker_that_ended_that_nobody_owns_its_partitions(bootstrap: str, tmp_path: Path) -> None:
    group = ("--group", "lateshift")
    with Worker(bootstrap, tmp_path, *group) as worker:
        worker.until_ready()
        assert worker.stop() == 0
    code, shown = status(bootstrap, *group)
    assert (code, shown["state"], shown["workers"], shown["well"]) == (NOT_WELL, "Empty", [], False)
    assert {row["says"] for row in shown["partitions"]} == {"nobody owns it"}


def test_a_worker_under_load_ends_in_good_order_and_in_time(bootstrap: str, tmp_path: Path) -> None:
    closed = threading.Event()

    def customers() -> None:
        for number in range(1_000_000):
            if closed.is_set():
                return
            send(bootstrap, *rush(number))

    with Worker(bootstrap, tmp_path, "--group", "rush", "--log", "json") as worker:
        worker.until_ready()
        crowd = threading.Thread(target=customers)
        crowd.start()
        try:
            worker.until(lambda page: page.sum("promises_made_total", location="rush") > 2_000, "the rush is on")
            assert worker.stop(TIME_TO_END) == 0
        finally:
            closed.set()
            crowd.join()
        said = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert said[0]["message"].startswith("judging promise.events")
    assert [line for line in said if line["level"] in ("ERROR", "CRITICAL")] == []


def rush(number: int) -> Iterator[SentRecord]:
    """A thousand orders at once, half of them ready."""
    made = wall_clock()
    for which in range(1_000):
        order = Order(f"rush-{number}-{which}", "rush")
        yield order.promised(made, made + HOUR)
        if which % 2:
            yield order.reached("ready", made)


def test_the_last_words_of_a_worker_that_cannot_go_on_are_json_too(bootstrap: str, tmp_path: Path) -> None:
    made = wall_clock()
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nkind = "delivered"\n', "utf-8")
    with Worker(bootstrap, tmp_path, "--group", "last") as worker:
        send(bootstrap, Order("last-1", "last").promised(made, made + HOUR))
        worker.until(lambda page: page.sum("promises_made_total", location="last") == 1, "the order is in the book")
        assert worker.stop() == 0
    with Worker(bootstrap, tmp_path, "--group", "last", "--log", "json", "--policies", policies) as worker:
        assert worker.process.wait(60) == CANNOT_GO_ON
        said = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert (said[-1]["level"], said[-1]["logger"]) == ("CRITICAL", "promises")
    assert "ready@1" in said[-1]["message"]
    assert parse_instant(said[0]["time"]) <= parse_instant(said[-1]["time"])


def test_what_a_worker_refuses_to_start_with_is_json_too() -> None:
    for option, value in (("--clock", "wall"), ("--metrics", "9464")):
        answer = promises("worker", "--bootstrap", "127.0.0.1:9", option, value, environment={"PROMISES_LOG": "json"})
        (line,) = answer.err.splitlines()
        said = json.loads(line)
        assert (answer.code, said["level"], said["logger"]) == (2, "CRITICAL", "promises")
        assert said["message"].startswith(f"{option} ")
    answer = promises("worker", "--bootstrap", "127.0.0.1:9", "--log", "yaml")
    assert (answer.code, answer.err) == (2, "promises: --log yaml: write text or json\n")
