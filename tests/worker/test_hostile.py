"""Every record in promise.events is accepted by a stated rule, or rejected with the reason; and the worker goes on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from schemas.events import TAGS
from schemas.reading import REFUSAL_REASONS
from streams.kafka.topics import EVENTS, REJECTS
from streams.records import KafkaRecord
from streams.wall_clock import wall_clock
from tests.worker.hostile import HOSTILE_RECORDS, expected, fuzzed
from tests.worker.records import Order, SentRecord, read, send
from tests.worker.workers import Worker

FUZZED = 100_000 if os.environ.get("PROMISES_SLOW") else 25_000
SEED = 20260306
HOUR = 3_600_000


@pytest.fixture(scope="module")
def worker(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(bootstrap, tmp_path_factory.mktemp("hostile")) as worker:
        worker.until_ready()
        yield worker


def check_outcomes(worker: Worker, bootstrap: str) -> Counter[str]:
    """Compare every record of promise.events with the outcome of the worker, and count the outcomes."""
    records = [(record, expected(record)) for record in read(bootstrap, EVENTS.name)]
    outcomes = Counter(outcome for _, outcome in records)
    page = worker.until_read(len(records))
    accepted = {kind: number for (kind,), number in page.by("promises_events_total", "type").items() if number}
    refused = {reason: number for (reason,), number in page.by("promises_rejects_total", "reason").items() if number}
    assert accepted | refused == outcomes
    assert sum(accepted.values()) + sum(refused.values()) == len(records)
    to_reject = {
        (record.partition, record.offset): (record, outcome)
        for record, outcome in records
        if outcome in REFUSAL_REASONS
    }
    rejects = read(bootstrap, REJECTS.name)
    assert Counter(map(origin, rejects)) == Counter(to_reject.keys())
    for reject in rejects:
        assert_unchanged(reject, *to_reject[origin(reject)])
    return outcomes


def origin(reject: KafkaRecord) -> tuple[int, int]:
    """Return the partition and offset of the record that was rejected."""
    headers = dict(reject.headers)
    return int(headers["partition"]), int(headers["offset"])


def assert_unchanged(reject: KafkaRecord, record: KafkaRecord, reason: str) -> None:
    assert (reject.key, reject.value) == (record.key, record.value)
    headers = {name: value.decode() for name, value in reject.headers}
    assert len(reject.headers) == len(headers)
    assert 0 < len(headers.pop("detail")) <= 512
    assert headers == {
        "reason": reason,
        "topic": "promise.events",
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
    }


def test_every_hostile_record_is_refused_or_accepted_by_its_rule(worker: Worker, bootstrap: str) -> None:
    send(bootstrap, *(sent for sent, _ in HOSTILE_RECORDS.values()))
    outcomes = check_outcomes(worker, bootstrap)
    assert outcomes == Counter(outcome for _, outcome in HOSTILE_RECORDS.values())
    # Nothing is too late for this worker: it keeps closed cases for ever.
    # Envelopes and shapes are the business of intake: what is read here is canonical.
    assert set(REFUSAL_REASONS) - {"too_late", "bad_envelope", "unknown_shape"} <= outcomes.keys()


@pytest.mark.parametrize("name", HOSTILE_RECORDS)
def test_the_contract_states_the_outcome(name: str) -> None:
    sent, outcome = HOSTILE_RECORDS[name]
    assert expected(KafkaRecord(0, sent.key, sent.value)) == outcome


def test_many_damaged_records_are_all_read(worker: Worker, bootstrap: str) -> None:
    send(bootstrap, *fuzzed(FUZZED, SEED))
    outcomes = check_outcomes(worker, bootstrap)
    assert outcomes.total() == FUZZED + len(HOSTILE_RECORDS)
    assert set(TAGS.values()) <= outcomes.keys()
    assert FUZZED / 10 < sum(outcomes[kind] for kind in TAGS.values()) < FUZZED / 2


def test_an_ordinary_order_is_judged_afterwards(worker: Worker, bootstrap: str) -> None:
    order, made = Order("honest", "honest shop"), wall_clock()
    send(bootstrap, order.promised(made, made + HOUR), order.reached("ready", made))
    labels = {"location": "honest shop", "basis": "current", "verdict": "kept"}
    page = worker.until(lambda page: page.sum("promises_state", **labels) == 1, "it is kept")
    assert page.sum("promises_ready") == 1


def test_a_record_without_key_and_value_is_refused(worker: Worker, bootstrap: str) -> None:
    before = len(read(bootstrap, EVENTS.name))
    send(bootstrap, SentRecord(None, None))
    page = worker.until_read(before + 1)
    assert page.sum("promises_ready") == 1
    (record,) = [record for record in read(bootstrap, EVENTS.name) if record.key is None and record.value is None]
    position = record.partition, record.offset
    (reject,) = [reject for reject in read(bootstrap, REJECTS.name) if origin(reject) == position]
    assert (reject.key or b"", reject.value or b"") == (b"", b"")
    assert dict(reject.headers)["reason"] == b"empty"
