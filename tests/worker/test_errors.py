"""What the commands around Kafka say when something is wrong: one clear line, no traceback, an exit code to act on. And
what they say when all is well: a worker that is asked to end does, and explain tells the same from Kafka and a file."""

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
from tests.cli.command import ROOT, Answer, promises, promises_process
from tests.worker.answers import UNREACHABLE, USAGE, assert_error
from tests.worker.records import Order, send
from tests.worker.workers import Worker

FAILED = 70

CASES = ("order-1043", "order-DE-550")


class Shop(NamedTuple):
    """A Kafka. before: what the commands said before its topics were there, and how they were created."""

    bootstrap: str
    before: dict[str, Answer]


def examples(name: str) -> list[Path]:
    return sorted((ROOT / "schemas" / "examples").glob(f"{name}_*.json"))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of what the contract tells as examples: a coffee, and two parcels."""
    told = [msgspec.json.decode(path.read_bytes()) for name in ("coffee", "parcel") for path in examples(name)]
    file = tmp_path_factory.mktemp("examples") / "events.ndjson"
    file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in told))
    return file


@pytest.fixture(scope="module")
def nobody() -> str:
    """An address where nothing answers."""
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def unanswered(processes: None, nobody: str, events: Path) -> Iterator[dict[str, Future[Answer]]]:
    """What the commands say where no Kafka is. Each tries for half a minute, so they do while other tests run."""
    asking: list[tuple[str | Path, ...]] = [("topics",), ("explain", CASES[0]), ("check",), ("status",)]
    commands = [("worker",), ("replay", events), *asking]
    with ThreadPoolExecutor() as pool:
        yield {str(command[0]): pool.submit(promises_process, *command, "--bootstrap", nobody) for command in commands}


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
def test_the_topic_was_never_created(command: str, shop: Shop) -> None:
    assert_error(shop.before[command], UNREACHABLE, shop.bootstrap, "promise.events", "promises topics")


def test_topics_are_created_once(shop: Shop) -> None:
    made = {topic.name: topic.partitions or 4 for topic in (*TOPICS, *INTAKE_TOPICS)}
    first, again = shop.before["topics"], promises("topics", "--bootstrap", shop.bootstrap)
    assert (first.code, first.err, again.code, again.err) == (0, "", 0, "")
    created = [f"{name}: created, {number} partition{'s' * (number > 1)}" for name, number in made.items()]
    assert first.out.splitlines() == created
    assert again.out.splitlines() == [f"{name}: is there already, left as it is" for name in made]


@pytest.mark.parametrize("clock", ["wall", "", "LIVE"])
def test_a_clock_that_is_none(clock: str, nobody: str) -> None:
    assert_error(promises("worker", "--bootstrap", nobody, "--clock", clock), USAGE, "--clock", "live", "stream")


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:", "127.0.0.1:metrics", "127.0.0.1:65536", ":9464"])
def test_an_address_for_metrics_that_is_none(address: str, nobody: str) -> None:
    answer = promises("worker", "--bootstrap", nobody, "--metrics", address)
    assert_error(answer, USAGE, "--metrics", repr(address), "HOST:PORT")


def test_a_retention_that_is_no_length_of_time(nobody: str) -> None:
    assert_error(promises("worker", "--bootstrap", nobody, "--retention", "90"), USAGE, "--retention 90", '"90s"')


def test_an_address_for_metrics_that_is_taken(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        answer = promises("worker", "--bootstrap", shop.bootstrap, "--metrics", address)
    assert_error(answer, USAGE, address, "--metrics")


def test_an_address_for_metrics_on_a_machine_that_is_not_this_one(shop: Shop) -> None:
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
def test_policies_that_cannot_be_used(text: str | None, words: list[str], nobody: str, tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    if text is not None:
        policies.write_text(text, encoding="utf-8")
    answer = promises("worker", "--bootstrap", nobody, "--policies", policies)
    assert_error(answer, USAGE, str(policies), *words)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_end_does(asked: signal.Signals, shop: Shop, tmp_path: Path) -> None:
    with Worker(shop.bootstrap, tmp_path, "--group", f"ends-by-{asked.name}") as worker:
        worker.until_ready()
        order, made = Order(f"last-{asked.name}", "last orders"), wall_clock()
        send(shop.bootstrap, order.promised(made, made + 60_000), order.reached("ready", made))
        worker.until(lambda page: page.sum("promises_state", location="last orders", verdict="kept") > 0, "it works")
        worker.process.send_signal(asked)
        assert worker.process.wait(10) == 0
        assert "Traceback" not in worker.log.read_text()


def test_news_of_an_order_that_was_forgotten_comes_too_late(shop: Shop, tmp_path: Path) -> None:
    """It was kept, and closed cases are kept for a second."""
    with Worker(shop.bootstrap, tmp_path, "--retention", "1s") as worker:
        worker.until_ready()
        order, made = Order("forgotten", "short memory"), wall_clock()
        send(shop.bootstrap, order.promised(made, made + 1), order.reached("ready", made))
        worker.until(lambda page: page.sum("promises_state", location="short memory", verdict="kept") > 0, "it is kept")
        time.sleep(3)
        send(shop.bootstrap, order.reached("recalled", made))
        page = worker.until(lambda page: page.sum("promises_rejects_total", reason="too_late") == 1, "it is too late")
        assert page.sum("promises_state", location="short memory", basis="current", verdict="kept") == 1


def test_a_worker_without_a_policy_that_its_promises_were_judged_by_does_not_start(shop: Shop, tmp_path: Path) -> None:
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


def test_a_worker_that_is_asked_to_end_while_it_starts_does(shop: Shop, tmp_path: Path) -> None:
    with Worker(shop.bootstrap, tmp_path, "--group", "changes-its-mind") as worker:
        worker.until(lambda page: len(page) > 0, "it serves a page")
        # The signal itself ends it as long as nobody listens for it.
        assert worker.stop(10) in (0, -signal.SIGTERM)
        assert "Traceback" not in worker.log.read_text()


def told(answer: Answer) -> list[dict[str, Any]]:
    """The promises of the case, without revisions: which ones there were depends on what the partition's clock saw."""
    promised: list[dict[str, Any]] = answer.document["promises"]
    assert [one for one in promised if not one["steps"]] == []
    return [{name: value for name, value in one.items() if name != "revision"} for one in promised]


def test_explain_tells_from_kafka_what_it_tells_from_the_file(shop: Shop, events: Path) -> None:
    replayed = promises("replay", events, "--bootstrap", shop.bootstrap)
    assert (replayed.code, replayed.out) == (0, ""), replayed.err
    for case in CASES:
        for until in ("2026-03-06T12:42:00Z", "2026-03-08T00:00:00Z"):
            options = (case, "--as-of", until, "--json")
            file = promises("explain", events, *options)
            kafka = promises("explain", "--bootstrap", shop.bootstrap, *options)
            assert (file.code, file.err) == (0, "")
            assert (kafka.code, kafka.err) == (0, "")
            assert told(kafka) == told(file)


def test_explain_says_that_a_case_is_not_there(shop: Shop) -> None:
    answer = promises("explain", "order-0", "--bootstrap", shop.bootstrap)
    assert_error(answer, UNREACHABLE, shop.bootstrap, "'order-0'")


@pytest.mark.parametrize("command", ["worker", "replay", "topics", "explain", "check", "status"])
def test_no_kafka_answers(command: str, unanswered: dict[str, Future[Answer]], nobody: str) -> None:
    assert_error(unanswered[command].result(), UNREACHABLE, nobody, "no Kafka answers there", "--bootstrap")
