"""The reducer and the partition state agree on a log, before any worker takes part."""

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
from tests.chaos.load import POLICIES, RECORDS_PER_ORDER, LoadRecord, clock_record, orders
from tests.chaos.normalize import normal
from tests.chaos.reducer import Expected, Reducer

FOREVER = 4_000_000_000_000


def log(seed: int, records: int) -> list[LoadRecord]:
    """Return the first records of a load, with a clock record at the end."""
    load = list(islice(orders(seed, open_at_once=200), records))
    last = max(record.at for record in load)
    return [*load, LoadRecord(last, b"", clock_record(last))]


def expected(records: list[LoadRecord]) -> Expected:
    results = Expected()
    reducer = Reducer(0, results)
    for offset, record in enumerate(records):
        reducer.read(offset, record.at, record.value)
    reducer.finish()
    return results


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_partition_state_and_the_reducer_agree(seed: int) -> None:
    records = log(seed, 4_000)
    state = PartitionState(parse_policies(POLICIES, "the policies of the load"))
    outputs: list[VerdictRecord | AlertRecord] = []
    refused = 0
    for record in records:
        for effect in state.apply(KafkaRecord(record.at, record.key or None, record.value), FOREVER):
            if isinstance(effect, Refused):
                refused += 1
            else:
                outputs.append(effect)
    truth = expected(records)
    outputs_by_id = {output.id: normal(msgspec.json.encode(output)) for output in outputs}
    assert outputs_by_id == truth.verdicts | truth.alerts
    assert (len(outputs_by_id), refused) == (len(outputs), len(truth.rejects))
    assert state.watermark.now == truth.clocks[0]


def test_the_load_contains_every_verdict_and_every_kind_of_disorder() -> None:
    truth = expected(log(1, 10_000))
    rulings = {labels[3:] for labels in truth.metrics["promises_state"]}
    assert rulings == {
        ("kept", "on_time"), ("kept", "in_grace"), ("broken", "late"), ("broken", "undelivered"),
        ("broken", "cancelled_by_us"), ("broken", "cancelled_by_customer"), ("excluded", "cancelled_by_customer"),
        ("open", "pending"), ("open", "at_risk"),
    }  # fmt: skip
    revisions = {labels[3:] for labels in truth.metrics["promises_revised_total"]}
    assert {("broken", "kept"), ("kept", "open"), ("open", "broken"), ("broken", "excluded")} <= revisions
    assert truth.rejects
    assert truth.metrics["promises_duplicates_total"].total() > 100


def test_the_average_number_of_records_of_an_order() -> None:
    orders_seen = Counter(record.key for record in islice(orders(1, open_at_once=200), 40_000))
    assert abs(sum(orders_seen.values()) / len(orders_seen) - RECORDS_PER_ORDER) < 0.5
