"""Errors of the commands around Kafka: one clear line, no traceback, an exit code to act on.

The counterpart too: a worker ends when it is asked to, and explain shows the same from Kafka and from a file.

"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.kafka.topics import INTAKE_TOPICS, TOPICS
from streams.local.ports import free_ports
from streams.wall_clock import wall_clock
from tests.cli.command import ROOT, CommandResult, promises, promises_process
from tests.worker.answers import UNREACHABLE, USAGE, assert_error
from tests.worker.records import Order, send
from tests.worker.workers import Worker

FAILED = 70

CASES = ("order-1043", "order-DE-550")


class Shop(NamedTuple):
    """A Kafka. before: the answers of the commands before the topics were there, and of the creation of the topics."""

    bootstrap: str
    before: dict[str, CommandResult]


def examples(name: str) -> list[Path]:
    return sorted((ROOT / "schemas" / "examples").glob(f"{name}_*.json"))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file of the examples of the contract: a coffee, and two parcels."""
    examples_of_both = [
        msgspec.json.decode(path.read_bytes()) for name in ("coffee", "parcel") for path in examples(name)
    ]
    file = tmp_path_factory.mktemp("examples") / "events.ndjson"
    file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in examples_of_both))
    return file


@pytest.fixture(scope="module")
def unused_address() -> str:
    """An address where nothing answers."""
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def unanswered(processes: None, unused_address: str, events: Path) -> Iterator[dict[str, Future[CommandResult]]]:
    """The answers of commands without a Kafka. Each tries for half a minute, so they run beside the other tests."""
    queries: list[tuple[str | Path, ...]] = [("topics",), ("explain", CASES[0]), ("check",), ("status",)]
    commands = [("worker",), ("replay", events), *queries]
    with ThreadPoolExecutor() as pool:
        yield {
            str(command[0]): pool.submit(promises_process, *command, "--bootstrap", unused_address)
            for command in commands
        }


@pytest.fixture(scope="module")
def shop(events: Path, unanswered: object, empty_kafka: str) -> Shop:
    commands: dict[str, tuple[str | Path, ...]] = {
        "worker": ("worker",),
        "replay": ("replay", events),
        "explain": ("explain", CASES[0]),
        "status": ("status",),
        "town": ("town",),
        "topics": ("topics",),
    }
    before = {name: promises(*command, "--bootstrap", empty_kafka) for name, command in commands.items()}
    return Shop(empty_kafka, before)


@pytest.mark.parametrize("command", ["worker", "replay", "explain", "status", "town"])
def test_a_missing_topic_is_named_with_the_command_that_creates_it(command: str, shop: Shop) -> None:
    assert_error(shop.before[command], UNREACHABLE, shop.bootstrap, "promise.events", "promises topics")


def test_topics_are_created_once(shop: Shop) -> None:
    made = {topic.name: topic.partitions or 4 for topic in (*TOPICS, *INTAKE_TOPICS)}
    first, again = shop.before["topics"], promises("topics", "--bootstrap", shop.bootstrap)
    assert (first.code, first.err, again.code, again.err) == (0, "", 0, "")
    created = [f"{name}: created, {number} partition{'s' * (number > 1)}" for name, number in made.items()]
    assert first.out.splitlines() == created
    assert again.out.splitlines() == [f"{name}: exists already, not changed" for name in made]


@pytest.mark.parametrize("clock", ["wall", "", "LIVE"])
def test_an_invalid_clock(clock: str, unused_address: str) -> None:
    answer = promises("worker", "--bootstrap", unused_address, "--clock", clock)
    assert answer.code == USAGE
    assert "--clock" in answer.err
    assert "'live', 'stream'" in answer.err


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:", "127.0.0.1:metrics", "127.0.0.1:65536", ":9464"])
def test_an_invalid_address_for_metrics(address: str, unused_address: str) -> None:
    answer = promises("worker", "--bootstrap", unused_address, "--metrics", address)
    assert_error(answer, USAGE, "--metrics", repr(address), "HOST:PORT")


def test_an_invalid_retention(unused_address: str) -> None:
    assert_error(
        promises("worker", "--bootstrap", unused_address, "--retention", "90"), USAGE, "--retention 90", '"90s"'
    )


def test_an_address_for_metrics_that_is_in_use(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        answer = promises("worker", "--bootstrap", shop.bootstrap, "--metrics", address)
    assert_error(answer, USAGE, address, "--metrics")


def test_an_address_for_metrics_of_another_machine(shop: Shop) -> None:
    address = "192.0.2.1:9464"  # kept for documentation: no machine has it
    assert_error(promises("worker", "--bootstrap", shop.bootstrap, "--metrics", address), USAGE, address, "--metrics")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[policy]\n", ["not TOML"]),
        ('[[policy]]\nkind = "ready"\ngrace = "soon"\n', ["policy 1", "grace", "'soon'"]),
        ("", ["no policies"]),
        (None, ["cannot be read"]),
    ],
)
def test_invalid_policies(text: str | None, words: list[str], unused_address: str, tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    if text is not None:
        policies.write_text(text, encoding="utf-8")
    answer = promises("worker", "--bootstrap", unused_address, "--policies", policies)
    assert_error(answer, USAGE, str(policies), *words)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_on_a_signal(number: signal.Signals, shop: Shop, tmp_path: Path) -> None:
    with Worker(shop.bootstrap, tmp_path, "--group", f"ends-by-{number.name}") as worker:
        worker.until_ready()
        order, made = Order(f"last-{number.name}", "last orders"), wall_clock()
        send(shop.bootstrap, order.promised(made, made + 60_000), order.reached("ready", made))
        worker.until(lambda page: page.sum("promises_state", location="last orders", verdict="kept") > 0, "it works")
        worker.process.send_signal(number)
        assert worker.process.wait(10) == 0
        assert "Traceback" not in worker.log.read_text()


def test_an_event_of_a_forgotten_case_is_refused_as_too_late(shop: Shop, tmp_path: Path) -> None:
    """Closed cases are kept for a second here."""
    with Worker(shop.bootstrap, tmp_path, "--retention", "1s") as worker:
        worker.until_ready()
        order, made = Order("forgotten", "short memory"), wall_clock()
        send(shop.bootstrap, order.promised(made, made + 1), order.reached("ready", made))
        worker.until(lambda page: page.sum("promises_state", location="short memory", verdict="kept") > 0, "it is kept")
        time.sleep(3)
        send(shop.bootstrap, order.reached("recalled", made))
        page = worker.until(lambda page: page.sum("promises_rejects_total", reason="too_late") == 1, "it is too late")
        assert page.sum("promises_state", location="short memory", basis="current", verdict="kept") == 1


def test_a_worker_needs_every_policy_that_its_promises_were_judged_by(shop: Shop, tmp_path: Path) -> None:
    with Worker(shop.bootstrap, tmp_path) as worker:
        worker.until_ready()
        order, made = Order("by-the-old-rules", "last orders"), wall_clock()
        send(shop.bootstrap, order.promised(made, made + 60_000))
        worker.until(lambda page: page.sum("promises_made_total", location="last orders") > 0, "it is judged")
        assert worker.stop() == 0
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nkind = "delivered"\n', encoding="utf-8")
    with Worker(shop.bootstrap, tmp_path, "--policies", policies) as worker:
        assert worker.process.wait(60) == FAILED
        (line,) = [line for line in worker.log.read_text().splitlines() if "ready" in line]
        assert "CRITICAL" in line
        assert "needs policy ready" in line
        assert "keep old versions in the file" in line
        assert "Traceback" not in worker.log.read_text()


def test_a_worker_ends_on_a_signal_while_it_starts(shop: Shop, tmp_path: Path) -> None:
    with Worker(shop.bootstrap, tmp_path, "--group", "changes-its-mind") as worker:
        worker.until(lambda page: len(page) > 0, "it serves a page")
        # Before a handler is installed, the signal itself ends the process.
        assert worker.stop(10) in (0, -signal.SIGTERM)
        assert "Traceback" not in worker.log.read_text()


def promises_of(answer: CommandResult) -> list[dict[str, Any]]:
    """Return the promises of the case without revisions, which depend on the watermark of the partition."""
    promised: list[dict[str, Any]] = answer.document["promises"]
    assert [promise for promise in promised if not promise["steps"]] == []
    return [{name: value for name, value in promise.items() if name != "revision"} for promise in promised]


def test_explain_shows_the_same_from_kafka_and_from_the_file(shop: Shop, events: Path) -> None:
    replayed = promises("replay", events, "--bootstrap", shop.bootstrap)
    assert (replayed.code, replayed.out) == (0, ""), replayed.err
    for case in CASES:
        for until in ("2026-03-06T12:42:00Z", "2026-03-08T00:00:00Z"):
            options = (case, "--as-of", until, "--json")
            file = promises("explain", events, *options)
            kafka = promises("explain", "--bootstrap", shop.bootstrap, *options)
            assert (file.code, file.err) == (0, "")
            assert (kafka.code, kafka.err) == (0, "")
            assert promises_of(kafka) == promises_of(file)


def test_explain_names_an_unknown_case(shop: Shop) -> None:
    answer = promises("explain", "order-0", "--bootstrap", shop.bootstrap)
    assert_error(answer, UNREACHABLE, shop.bootstrap, "'order-0'")


@pytest.mark.parametrize("command", ["worker", "replay", "topics", "explain", "check", "status"])
def test_without_kafka_the_address_is_named(
    command: str, unanswered: dict[str, Future[CommandResult]], unused_address: str
) -> None:
    assert_error(
        unanswered[command].result(), UNREACHABLE, unused_address, "Kafka does not respond there", "--bootstrap"
    )
