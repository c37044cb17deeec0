"""Tests that commands end on SIGTERM, also as background jobs, for which a shell ignores SIGINT."""

from __future__ import annotations

import signal
from pathlib import Path

from streams.kafka.topics import EVENTS
from tests.gateway.gateways import Gateway, create_topics
from tests.notifier.process import Notifier
from tests.worker.records import read
from tests.worker.workers import Intake, Program, Worker, until

SECONDS_TO_END = 10


def end(job: Program) -> None:
    """End the command with SIGTERM."""
    job.process.send_signal(signal.SIGTERM)
    assert job.process.wait(SECONDS_TO_END) == 0, job.log.read_text("utf-8")
    assert "Traceback" not in job.log.read_text("utf-8")


def test_tail_shows_the_events_of_the_simulated_town(bootstrap: str, tmp_path: Path) -> None:
    town = Program(tmp_path / "town.log", "town", "--bootstrap", bootstrap, ignores_sigint=True)
    tail = Program(
        tmp_path / "tail.log", "tail", "--bootstrap", bootstrap, "--from-beginning", "--json", ignores_sigint=True
    )
    with town, tail:
        until(lambda: read(bootstrap, EVENTS.name) != [], "the town sends events")
        until(lambda: tail.log.read_text("utf-8") != "", "tail shows events")
        for job in (town, tail):
            job.process.send_signal(signal.SIGINT)
            end(job)


def test_worker_and_notifier(bootstrap: str, tmp_path: Path) -> None:
    worker = Worker(bootstrap, tmp_path)
    notifier = Notifier(bootstrap, "http://127.0.0.1:9/", tmp_path)
    worker.ignores_sigint = notifier.ignores_sigint = True
    with worker, notifier:
        worker.until_ready()
        notifier.until_said("reading promise.alerts")
        end(worker)
        end(notifier)


def test_gateway_and_intake(bootstrap: str, tmp_path: Path) -> None:
    create_topics(bootstrap)
    gateway = Gateway(bootstrap, tmp_path)
    feeds = tmp_path / "till.toml"
    feeds.write_text('[[feed]]\nname = "till"\n', "utf-8")
    intake = Intake(bootstrap, tmp_path, feeds)
    gateway.ignores_sigint = intake.ignores_sigint = True
    with gateway, intake:
        gateway.until_ready_to_serve()
        intake.until_ready()
        for job in (gateway, intake):
            end(job)
