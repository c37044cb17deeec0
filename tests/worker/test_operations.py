"""The work of a platform engineer: check and repair topics, start and stop workers, and look at their status."""

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
    lines = findings(empty_kafka, NOT_WELL)
    missing = ", ".join(topic.name for topic in TOPICS)
    assert lines == [f"error: {missing}: does not exist; create it: promises topics --bootstrap {empty_kafka}"]
    assert promises("topics", "--bootstrap", empty_kafka, "--partitions", str(PARTITIONS)).code == 0
    return empty_kafka


def findings(bootstrap: str, code: int) -> list[str]:
    """Return the findings of `promises check`, which ends with `code`."""
    answer = promises("check", "--bootstrap", bootstrap)
    assert (answer.code, answer.err) == (code, "")
    lines = answer.out.splitlines()
    assert (lines[-1] == "no mistakes found") == (code == 0)
    return [line for line in lines if line.startswith(("error: ", "warning: "))]


def status(bootstrap: str, *options: str) -> tuple[int, dict[str, Any]]:
    answer = promises("status", "--bootstrap", bootstrap, *options, "--json")
    assert answer.err == ""
    return answer.code, answer.document


def page_of(worker: Worker, path: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the document of a page; 0 if nothing answers yet."""
    try:
        with urlopen(worker.url.replace("/metrics", path), timeout=30) as page:
            return page.status, json.loads(page.read())
    except HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())
    except OSError:
        return 0, {}


def test_new_topics_are_correct_except_for_their_single_replica(bootstrap: str) -> None:
    (lone,) = findings(bootstrap, 0)
    assert lone.startswith(f"warning: {', '.join(topic.name for topic in (*TOPICS, *INTAKE_TOPICS))}: has one replica")


def test_check_finds_wrong_settings_and_its_commands_repair_them(bootstrap: str) -> None:
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
    until(lambda: ALERTS.name in admin.list_topics(), "the alerts are back")
    findings_of_check = findings(bootstrap, NOT_WELL)
    assert_error(promises("worker", "--bootstrap", bootstrap), UNREACHABLE, "promise.alerts has 1", "promises check")
    for topic, setting, value in re.findall(
        r"--entity-name (\S+) --add-config (\S+)=(\S+)$", "\n".join(findings_of_check), re.M
    ):
        admin.alter_configs([ConfigResource("TOPIC", topic, {setting: value})])
    (number,) = re.findall(rf"--alter --topic {ALERTS.name} --partitions (\d+)", "\n".join(findings_of_check))
    admin.create_partitions({ALERTS.name: int(number)})
    admin.close()
    assert len(findings(bootstrap, 0)) == 1, "only the single replica is left"
    assert sorted(line.partition(", ")[0] for line in findings_of_check if "one replica" not in line) == [
        "error: promise.alerts: has 1 partitions",
        "error: promise.changelog: cleanup.policy is delete",
        "error: promise.changelog: max.message.bytes is 1048588",
        "error: promise.events: cleanup.policy is compact",
        "warning: promise.events: retention.ms is 604800000",
    ]


def test_status_before_the_first_worker(bootstrap: str) -> None:
    answer = promises("status", "--bootstrap", bootstrap, "--group", "nightshift")
    assert (answer.code, answer.err) == (NOT_WELL, "")
    first, _, *table = answer.out.splitlines()
    assert first == "there is no group nightshift: no worker has run with --group nightshift"
    assert [line.split()[0] for line in table] == ["partition", "0", "1"]
    assert all(line.endswith("no owner") for line in table[1:])


def test_status_shows_two_workers_with_partitions_and_a_third_one_standing_by(bootstrap: str, tmp_path: Path) -> None:
    group = ("--group", "dayshift")
    made = wall_clock()
    send(bootstrap, *(Order(f"day-{number}", "soho").promised(made, made + HOUR) for number in range(20)))
    with Worker(bootstrap, tmp_path, *group) as first:
        first.until_ready()
        with Worker(bootstrap, tmp_path, *group) as second, Worker(bootstrap, tmp_path, *group) as third:
            workers = (first, second, third)

            def settled() -> bool:
                pages = [page_of(worker, "/readyz") for worker in workers]
                owned = sorted(len(document.get("partitions", ())) for _, document in pages)
                return {code for code, _ in pages} == {200} and owned == [0, 1, 1]

            until(settled, "all three are ready, one of them without a partition")
            until(lambda: status(bootstrap, *group)[0] == 0, "every partition is owned and live")
            _, document = status(bootstrap, *group)
    assert (document["state"], document["well"], len(document["workers"])) == ("Stable", True, 3)
    assert sorted(len(worker["partitions"]) for worker in document["workers"]) == [0, 1, 1]
    addresses = {worker.url.removeprefix("http://").removesuffix("/metrics") for worker in workers}
    assert {worker["client"].removeprefix("promises-").replace("-", ":") for worker in document["workers"]} == addresses
    for row in document["partitions"]:
        assert (row["state"], row["host"], row["lag"]) == ("live", "127.0.0.1", row["end"] - row["committed"])
        assert abs(parse_instant(row["clock"]) - wall_clock()) < HOUR
    assert sum(row["end"] for row in document["partitions"]) == 20


def test_status_after_the_last_worker_ended(bootstrap: str, tmp_path: Path) -> None:
    group = ("--group", "lateshift")
    with Worker(bootstrap, tmp_path, *group) as worker:
        worker.until_ready()
        assert worker.stop() == 0
    code, document = status(bootstrap, *group)
    assert (code, document["state"], document["workers"], document["well"]) == (NOT_WELL, "Empty", [], False)
    assert {row["says"] for row in document["partitions"]} == {"no owner"}


def test_a_worker_under_load_ends_cleanly_and_in_time(bootstrap: str, tmp_path: Path) -> None:
    stopped = threading.Event()

    def send_orders() -> None:
        for number in range(1_000_000):
            if stopped.is_set():
                return
            send(bootstrap, *rush(number))

    with Worker(bootstrap, tmp_path, "--group", "rush", "--log", "json") as worker:
        worker.until_ready()
        sender = threading.Thread(target=send_orders)
        sender.start()
        try:
            worker.until(lambda page: page.sum("promises_made_total", location="rush") > 2_000, "the rush is on")
            assert worker.stop(TIME_TO_END) == 0
        finally:
            stopped.set()
            sender.join()
        lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert lines[0]["message"].startswith("judging promise.events")
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL")] == []


def rush(number: int) -> Iterator[SentRecord]:
    """Yield the events of a thousand orders, half of them ready."""
    made = wall_clock()
    for which in range(1_000):
        order = Order(f"rush-{number}-{which}", "rush")
        yield order.promised(made, made + HOUR)
        if which % 2:
            yield order.reached("ready", made)


def test_the_last_line_of_a_failing_worker_is_json_too(bootstrap: str, tmp_path: Path) -> None:
    made = wall_clock()
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nkind = "delivered"\n', "utf-8")
    with Worker(bootstrap, tmp_path, "--group", "last") as worker:
        send(bootstrap, Order("last-1", "last").promised(made, made + HOUR))
        worker.until(lambda page: page.sum("promises_made_total", location="last") == 1, "the order is known")
        assert worker.stop() == 0
    with Worker(bootstrap, tmp_path, "--group", "last", "--log", "json", "--policies", policies) as worker:
        assert worker.process.wait(60) == CANNOT_GO_ON
        lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    assert (lines[-1]["level"], lines[-1]["logger"]) == ("CRITICAL", "promises")
    assert "ready@1" in lines[-1]["message"]
    assert parse_instant(lines[0]["time"]) <= parse_instant(lines[-1]["time"])


def test_errors_at_start_are_json_too() -> None:
    for option, value in (("--retention", "90"), ("--metrics", "9464")):
        answer = promises("worker", "--bootstrap", "127.0.0.1:9", option, value, environment={"PROMISES_LOG": "json"})
        (line,) = answer.err.splitlines()
        fields = json.loads(line)
        assert (answer.code, fields["level"], fields["logger"]) == (2, "CRITICAL", "promises")
        assert fields["message"].startswith(f"{option} ")
    answer = promises("worker", "--bootstrap", "127.0.0.1:9", "--log", "yaml")
    assert (answer.code, "--log" in answer.err) == (2, True)
