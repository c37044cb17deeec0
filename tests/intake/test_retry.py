"""An adapter refuses a record that it does not know; it is extended, and the rejected record is resent."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from schemas.events import Clock, Record, StepReached
from streams.kafka.topics import EVENTS, REJECTS
from streams.records import KafkaRecord
from tests.cli.command import promises
from tests.worker.records import SentRecord, read, send
from tests.worker.workers import Intake, until

READY = """
[[rule]]
name = "ready"
when = { "state" = "ready" }
case = "'till:' & id"
[rule.steps]
ready = "$header('ce-time')"
"""
SHIPPED = READY.replace("ready", "shipped")


@pytest.fixture
def feeds(bootstrap: str, tmp_path: Path) -> Path:
    """A feed with an adapter for orders that are ready."""
    (tmp_path / "till.toml").write_text('about = "A till."\n' + READY, "utf-8")
    file = tmp_path / "feeds.toml"
    file.write_text('[[feed]]\nname = "kiosk"\nadapter = "till.toml"\n', "utf-8")
    assert promises("topics", "--bootstrap", bootstrap, "--feeds", file).code == 0
    return file


def order(number: int, state: str) -> SentRecord:
    """Return a CloudEvent of an order, with its attributes in headers and without a content type."""
    attributes = {
        "specversion": "1.0",
        "type": "order",
        "source": "/kiosk",
        "id": str(number),
        "time": "2026-03-06T12:40:00Z",
    }
    headers = tuple((f"ce_{name}", text.encode()) for name, text in attributes.items())
    return SentRecord(b"k", json.dumps({"id": number, "state": state}).encode(), headers=headers)


def steps(bootstrap: str) -> list[tuple[str, str]]:
    """Return the steps that the orders of the till have reached."""
    events: list[Record] = [
        msgspec.json.decode(record.value or b"", type=Record) for record in read(bootstrap, EVENTS.name)
    ]
    return [
        (record.case, record.step)
        for record in events
        if not isinstance(record, Clock) and isinstance(record, StepReached)
    ]


def refusals(bootstrap: str) -> list[KafkaRecord]:
    return read(bootstrap, REJECTS.name)


def test_a_rejected_record_is_adapted_after_the_adapter_was_extended(
    bootstrap: str, feeds: Path, tmp_path: Path
) -> None:
    send(bootstrap, order(1, "ready"), order(2, "shipped"), topic="feeds.kiosk")
    with Intake(bootstrap, tmp_path, feeds) as intake:
        intake.until_read(2)
        until(lambda: len(refusals(bootstrap)) == 1, "the order that was shipped is refused")
        intake.stop()
    (refused,) = refusals(bootstrap)
    assert dict(refused.headers)["reason"] == b"unknown_shape"
    with (tmp_path / "till.toml").open("a") as adapter:
        adapter.write(SHIPPED)
    with Intake(bootstrap, tmp_path, feeds) as intake:
        intake.until_ready()
        sent = promises("rejects", "retry", "--feed", "kiosk", "--yes", "--bootstrap", bootstrap)
        assert (sent.code, sent.err) == (0, "1 of 1 sent\n")
        until(lambda: len(steps(bootstrap)) == 2, "it is adapted")
    assert sorted(steps(bootstrap)) == [("till:1", "ready"), ("till:2", "shipped")]
    listed = promises("rejects", "list", "--bootstrap", bootstrap).out
    assert listed == "0 refused records wait, 1 retried\n"
