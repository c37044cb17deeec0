"""The second opinion on a log, held against the first before any worker comes into it."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import msgspec
import pytest

from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from streams.config.policies import parse_policies
from streams.records import KafkaRecord
from streams.state.partition import PartitionState
from tests.chaos.load import POLICIES, RECORDS_PER_ORDER, Given, clock_record, orders
from tests.chaos.reducer import Expected, Reducer
from tests.chaos.said import normal

FOREVER = 4_000_000_000_000


def log(seed: int, records: int) -> list[Given]:
    """The first records of a load, and the clock record at its end."""
    given = list(islice(orders(seed, open_at_once=200), records))
    last = max(one.at for one in given)
    return [*given, Given(last, b"", clock_record(last))]


def expected(given: list[Given]) -> Expected:
    found = Expected()
    reducer = Reducer(0, found)
    for offset, record in enumerate(given):
        reducer.read(offset, record.at, record.value)
    reducer.finish()
    return found


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_book_and_the_plain_reducer_say_the_same_of_a_disorderly_afternoon(seed: int) -> None:
    given = log(seed, 4_000)
    book = PartitionState(parse_policies(POLICIES, "the policies of the load"))
    said: list[VerdictRecord | AlertRecord] = []
    refused = 0
    for record in given:
        for effect in book.apply(KafkaRecord(record.at, record.key or None, record.value), FOREVER):
            if isinstance(effect, Refused):
                refused += 1
            else:
                said.append(effect)
    truth = expected(given)
    found = {one.id: normal(msgspec.json.encode(one)) for one in said}
    assert found == truth.verdicts | truth.alerts
    assert (len(found), refused) == (len(said), len(truth.rejects))
    assert book.watermark.now == truth.clocks[0]


def test_the_load_has_every_verdict_and_every_kind_of_trouble() -> None:
    truth = expected(log(1, 10_000))
    rulings = {labels[3:] for labels in truth.metrics["promises_state"]}
    assert rulings == {
        ("kept", "on_time"), ("kept", "in_grace"), ("broken", "late"), ("broken", "undelivered"),
        ("broken", "cancelled_by_us"), ("broken", "cancelled_by_customer"), ("excluded", "cancelled_by_customer"),
        ("open", "pending"), ("open", "at_risk"),
    }  # fmt: skip
    ways = {labels[3:] for labels in truth.metrics["promises_revised_total"]}
    assert {("broken", "kept"), ("kept", "open"), ("open", "broken"), ("broken", "excluded")} <= ways
    assert truth.rejects
    assert truth.metrics["promises_duplicates_total"].total() > 100


def test_an_order_has_as_many_records_as_the_load_says() -> None:
    orders_seen = Counter(given.key for given in islice(orders(1, open_at_once=200), 40_000))
    assert abs(sum(orders_seen.values()) / len(orders_seen) - RECORDS_PER_ORDER) < 0.5
