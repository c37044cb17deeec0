"""Whatever is written to promise.events: each record is accepted by a stated rule, or stands in promise.rejects as it
came, with the reason; and the worker goes on."""

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
from tests.worker.hostile import LETTERS, expected, fuzzed
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


def becomes_what_the_contract_says(worker: Worker, bootstrap: str) -> Counter[str]:
    """Compare every record of promise.events with what the worker made of it; how many became what."""
    held = [(record, expected(record)) for record in read(bootstrap, EVENTS.name)]
    fates = Counter(fate for _, fate in held)
    page = worker.until_read(len(held))
    accepted = {kind: number for (kind,), number in page.by("promises_events_total", "type").items() if number}
    refused = {reason: number for (reason,), number in page.by("promises_rejects_total", "reason").items() if number}
    assert accepted | refused == fates
    assert sum(accepted.values()) + sum(refused.values()) == len(held)
    should = {(one.partition, one.offset): (one, fate) for one, fate in held if fate in REFUSAL_REASONS}
    rejects = read(bootstrap, REJECTS.name)
    assert Counter(map(origin, rejects)) == Counter(should.keys())
    for reject in rejects:
        stands_as_it_came(reject, *should[origin(reject)])
    return fates


def origin(reject: KafkaRecord) -> tuple[int, int]:
    """The partition and offset of the record that was rejected."""
    headers = dict(reject.headers)
    return int(headers["partition"]), int(headers["offset"])


def stands_as_it_came(reject: KafkaRecord, record: KafkaRecord, reason: str) -> None:
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


def test_every_kind_of_bad_letter_gets_its_answer(worker: Worker, bootstrap: str) -> None:
    send(bootstrap, *(given for given, _ in LETTERS.values()))
    fates = becomes_what_the_contract_says(worker, bootstrap)
    assert fates == Counter(fate for _, fate in LETTERS.values())
    # Nothing is too late for this worker: it keeps closed cases for ever.
    # Envelopes and shapes are the business of intake: what is read here is canonical.
    assert set(REFUSAL_REASONS) - {"too_late", "bad_envelope", "unknown_shape"} <= fates.keys()


@pytest.mark.parametrize("name", LETTERS)
def test_the_contract_says_why(name: str) -> None:
    given, fate = LETTERS[name]
    assert expected(KafkaRecord(0, given.key, given.value)) == fate


def test_damaged_records_without_number_are_read_to_the_last(worker: Worker, bootstrap: str) -> None:
    send(bootstrap, *fuzzed(FUZZED, SEED))
    fates = becomes_what_the_contract_says(worker, bootstrap)
    assert fates.total() == FUZZED + len(LETTERS)
    assert set(TAGS.values()) <= fates.keys()
    assert FUZZED / 10 < sum(fates[kind] for kind in TAGS.values()) < FUZZED / 2


def test_an_honest_order_is_judged_after_all_that(worker: Worker, bootstrap: str) -> None:
    order, made = Order("honest", "honest shop"), wall_clock()
    send(bootstrap, order.promised(made, made + HOUR), order.reached("ready", made))
    labels = {"location": "honest shop", "basis": "current", "verdict": "kept"}
    page = worker.until(lambda page: page.sum("promises_state", **labels) == 1, "it is kept")
    assert page.sum("promises_ready") == 1


def test_a_record_with_neither_key_nor_value_is_refused_like_any_other(worker: Worker, bootstrap: str) -> None:
    before = len(read(bootstrap, EVENTS.name))
    send(bootstrap, SentRecord(None, None))
    page = worker.until_read(before + 1)
    assert page.sum("promises_ready") == 1
    (record,) = [one for one in read(bootstrap, EVENTS.name) if one.key is None and one.value is None]
    (reject,) = [one for one in read(bootstrap, REJECTS.name) if origin(one) == (record.partition, record.offset)]
    assert (reject.key or b"", reject.value or b"") == (b"", b"")
    assert dict(reject.headers)["reason"] == b"empty"
