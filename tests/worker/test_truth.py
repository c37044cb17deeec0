"""Real data, replayed through Kafka: a week of flights, and three months of a city's complaints.

A worker that is killed five times judges them, and the next worker shows them again. The expected numbers were computed
from the tables by other means.

"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.verdicts import VerdictRecord
from schemas.words import BASES, VERDICTS
from streams.kafka.topics import ALERTS, REJECTS
from streams.kafka.topics import VERDICTS as VERDICT_TOPIC
from streams.local.kafka_cluster import LocalKafka
from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from tests.cli.command import LOG_ADAPTER, LOG_POLICIES, ROOT, promises_process
from tests.support.broker import deployment
from tests.worker.records import read
from tests.worker.workers import Worker, records_read

DATA = ROOT.parent / "shared" / "data"
REPLAYED = ["nycflights13_week", "boston311_q1"] if os.environ.get("PROMISES_SLOW") else ["nycflights13_week"]
"""The larger set takes two minutes; `promises judge` is held against it in any case: tests/cli/test_judge_truth.py."""

STATES = {"kept": "kept", "broken": "broken", "excluded": "cancelled", "open": "pending"}
"""Our verdicts in the words of the expected numbers."""

LASTING = {
    "promises_state": ("location", "kind", "basis", "verdict", "reason"),
    "staff_promises_state": ("location", "staff", "kind", "basis", "verdict"),
    "promises_made_total": ("location", "kind"),
    "promises_verdicts_total": ("location", "kind", "basis", "verdict"),
    "promises_revised_total": ("location", "kind", "basis", "from", "to"),
    "promises_lateness_seconds_bucket": ("location", "kind", "basis", "le"),
    "promises_events_total": ("type",),
    "promises_rejects_total": ("reason",),
    "promises_duplicates_total": (),
}
"""The metrics that must be the same after a restart, with their labels."""


@dataclass(frozen=True)
class Results:
    """The topics, and the page of metrics, once a worker has read everything."""

    page: Scrape
    verdicts: list[KafkaRecord]
    alerts: list[KafkaRecord]
    rejects: list[KafkaRecord]


@dataclass(frozen=True)
class Replayed:
    """A data set that was replayed. first: the results of the worker that was killed five times. again: of the next."""

    folder: Path
    sent: int
    first: Results
    again: Results

    @property
    def truth(self) -> dict[str, Any]:
        truth: dict[str, Any] = json.loads((self.folder / "truth.json").read_text("utf-8"))
        return truth

    def rows(self, axis: str) -> dict[str, Counter[str]]:
        """Return the expected numbers of each location or staff member, in our words."""
        with open(self.folder / f"per_{axis}.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row[axis]: Counter({verdict: int(row[state]) for verdict, state in STATES.items()}) for row in rows}


def judged(bootstrap: str, worker: Worker, records: int) -> Results:
    page = worker.until_read(records)
    assert worker.stop() == 0
    return Results(page, *(read(bootstrap, topic.name) for topic in (VERDICT_TOPIC, ALERTS, REJECTS)))


def kill_five_times(worker: Worker) -> None:
    """Kill and restart the worker five times, each time after it has counted something."""
    for _ in range(5):
        worker.until(lambda page: records_read(page) > 0, "it counts")
        worker.kill()
        worker.start()


def replay(folder: Path, bootstrap: str) -> int:
    """Send the data set, and return the number of records."""
    as_of = json.loads((folder / "truth.json").read_text("utf-8"))["as_of"]
    file = folder / "events.csv.gz"
    answer = promises_process("replay", file, "--bootstrap", bootstrap, "--adapter", LOG_ADAPTER, "--as-of", as_of)
    results = re.fullmatch(r"(\d+) records sent to promise\.events, 0 lines refused\n", answer.err)
    assert answer.code == 0, answer.err
    assert results is not None, answer.err
    return int(results[1])


@pytest.fixture(scope="module", params=REPLAYED)
def folder(request: pytest.FixtureRequest) -> Path:
    folder = DATA / str(request.param)
    if not (folder / "truth.json").is_file():
        pytest.skip(f"the data set {folder.name} is not beside the repository (../shared/data)")
    return folder


@pytest.fixture(scope="module")
def replayed(folder: Path, broker: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    directory = tmp_path_factory.mktemp(folder.name)
    options = "--policies", LOG_POLICIES, "--clock", "stream"
    with (
        deployment(broker) as bootstrap,
        ThreadPoolExecutor() as beside,
        Worker(bootstrap, directory, *options) as worker,
    ):
        sending = beside.submit(replay, folder, bootstrap)
        kill_five_times(worker)
        sent = sending.result()
        first = judged(bootstrap, worker, sent)
        worker.start()
        return Replayed(folder, sent, first, judged(bootstrap, worker, sent))


def by_reason(page: Scrape, **labels: str) -> dict[str, float]:
    """Return the number of promises by verdict and reason, in the words of the expected numbers."""
    counts: dict[str, float] = {
        state: page.sum("promises_state", basis="current", verdict=verdict, **labels)
        for verdict, state in STATES.items()
    }
    counts["promises"] = sum(counts.values())
    for reason in ("late", "undelivered"):
        counts[f"broken_{reason}"] = page.sum("promises_state", basis="current", reason=reason, **labels)
    return counts


def by_axis(page: Scrape, name: str, axis: str) -> dict[str, Counter[str]]:
    """Return the number of promises by verdict, for each location or staff member."""
    rows: dict[str, Counter[str]] = {}
    for (label, verdict), number in page.by(name, axis, "verdict", basis="current").items():
        rows.setdefault(label, Counter())[verdict] = int(number)
    return rows


def test_the_totals_are_correct(replayed: Replayed) -> None:
    for page in (replayed.first.page, replayed.again.page):
        counts = by_reason(page)
        assert counts == {name: replayed.truth["totals"][name] for name in counts}
        assert page.sum("promises_made_total") == replayed.truth["totals"]["promises"]


def test_the_numbers_of_every_location_and_staff_member_are_correct(replayed: Replayed) -> None:
    for page in (replayed.first.page, replayed.again.page):
        for name, axis in (("promises_state", "location"), ("staff_promises_state", "staff")):
            rows = by_axis(page, name, axis)
            nobody = rows.pop("unattributed", Counter())
            assert rows == replayed.rows(axis)
            assert nobody.total() == replayed.truth[f"{axis}_null"]


def test_nothing_is_refused_and_every_record_is_counted_once(replayed: Replayed) -> None:
    for results in (replayed.first, replayed.again):
        assert results.page.sum("promises_rejects_total") == 0
        assert results.page.sum("promises_events_total") == replayed.sent
        assert results.rejects == []


def test_first_verdicts_and_revisions_add_up_to_the_current_state(replayed: Replayed) -> None:
    rows = "location", "kind", "basis"
    for page in (replayed.first.page, replayed.again.page):
        net = page.by("promises_state", *rows, "verdict")
        first = page.by("promises_verdicts_total", *rows, "verdict")
        into, out_of = (page.by("promises_revised_total", *rows, side) for side in ("to", "from"))
        made = page.by("promises_made_total", "location", "kind")
        assert {key[2] for key in net} == set(BASES)
        for row in {key[:3] for key in net}:
            # A promise is open when it is made, and its first verdict is the end of that.
            first[*row, "open"] = made[row[:2]] - sum(first.get((*row, verdict), 0) for verdict in VERDICTS)
            for verdict in VERDICTS:
                label = *row, verdict
                counted = first.get(label, 0) + into.get(label, 0) - out_of.get(label, 0)
                assert counted == net.get(label, 0), label


def test_the_next_worker_shows_the_same_metrics(replayed: Replayed) -> None:
    first, again = replayed.first.page, replayed.again.page
    for name, labels in LASTING.items():
        assert again.by(name, *labels) == first.by(name, *labels)
    assert len(again) == len(first)


def test_nothing_is_written_twice(replayed: Replayed) -> None:
    ids = Counter(verdict.id for verdict in verdicts(replayed.again))
    assert [verdict for verdict, times in ids.items() if times > 1] == []
    assert len(replayed.again.verdicts) == len(replayed.first.verdicts)
    assert len(replayed.again.alerts) == len(replayed.first.alerts)


def test_the_last_verdict_on_each_promise_equals_the_metrics(replayed: Replayed) -> None:
    last = {
        (verdict.case, verdict.subject, verdict.kind, verdict.ordinal): verdict for verdict in verdicts(replayed.first)
    }
    stand = Counter(verdict.current.verdict for verdict in last.values() if not verdict.retracted)
    totals = replayed.truth["totals"]
    assert {verdict: stand[verdict] for verdict in ("kept", "broken", "excluded")} == {
        "kept": totals["kept"], "broken": totals["broken"], "excluded": totals["cancelled"]
    }  # fmt: skip


def verdicts(results: Results) -> list[VerdictRecord]:
    return [msgspec.json.decode(record.value or b"", type=VerdictRecord) for record in results.verdicts]
