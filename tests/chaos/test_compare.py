"""The comparison finds every kind of difference."""

from __future__ import annotations

from itertools import islice

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from schemas.reading import Refused
from schemas.verdicts import VerdictRecord
from streams.config.policies import parse_policies
from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from streams.state.partition import PartitionState
from streams.worker.metrics import WorkerCollector
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot
from tests.chaos import changelog_check, compare
from tests.chaos.load import POLICIES, orders
from tests.chaos.reducer import Expected, Reducer

FOREVER = 4_000_000_000_000


class Log:
    """A log, the results of one worker without faults, and the expected results."""

    def __init__(self) -> None:
        load = list(islice(orders(1, open_at_once=100), 2_000))
        self.events = [
            KafkaRecord(record.at, record.key, record.value, offset=offset) for offset, record in enumerate(load)
        ]
        self.truth = Expected()
        self.verdicts: list[KafkaRecord] = []
        self.rejects: list[KafkaRecord] = []
        self.written: list[KafkaRecord] = []
        self._judge()
        self.cases = set(self.truth.cases)

    def _judge(self) -> None:
        reducer = Reducer(0, self.truth)
        state = PartitionState(parse_policies(POLICIES, "the policies of the load"))
        for record in self.events:
            reducer.read(record.offset, record.timestamp, record.value or b"")
            for effect in state.apply(KafkaRecord(record.timestamp, record.key, record.value), FOREVER):
                if isinstance(effect, Refused):
                    headers = ("partition", b"0"), ("offset", str(record.offset).encode())
                    self.rejects.append(
                        KafkaRecord(record.timestamp, record.key, record.value, headers, offset=len(self.rejects))
                    )
                elif isinstance(effect, VerdictRecord):
                    self.verdicts.append(
                        KafkaRecord(0, record.key, msgspec.json.encode(effect), offset=len(self.verdicts))
                    )
            state.next = record.offset + 1
            if state.next % 100 == 0:
                self.written += [KafkaRecord(0, key, value, offset=len(self.written)) for key, value in state.changes()]
        reducer.finish()
        self.pages = [page(state)]


def page(state: PartitionState) -> Scrape:
    registry = CollectorRegistry()
    collector = WorkerCollector()
    collector.snapshot = WorkerSnapshot(True, {0: PartitionSnapshot.of(state)})
    registry.register(collector)
    return Scrape(generate_latest(registry).decode())


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


def test_a_log_without_faults_has_no_differences(log: Log) -> None:
    assert compare.metrics(log.pages, log.truth) == []
    assert compare.owners(log.pages, log.truth) == []
    assert compare.records("verdicts", log.verdicts, log.truth.verdicts) == []
    assert compare.rejects(log.rejects, log.truth.rejects) == []
    assert changelog_check.of_partition(0, log.events, log.written, log.cases) == []


def test_a_repeated_missing_wrong_or_unexpected_verdict_is_found(log: Log) -> None:
    verdicts = log.verdicts
    (repeated,) = compare.records("verdicts", [*verdicts, verdicts[7]], log.truth.verdicts)
    assert "more than once" in repeated
    assert "0/7, 0/7" in repeated
    (missing,) = compare.records("verdicts", verdicts[1:], log.truth.verdicts)
    assert "missing: 1" in missing
    value = (verdicts[7].value or b"").replace(b'"location":"shop-', b'"location":"ship-')
    (wrong,) = compare.records(
        "verdicts", [verdicts[7]._replace(value=value), *verdicts[:7], *verdicts[8:]], log.truth.verdicts
    )
    assert "location: expected shop-" in wrong
    (unexpected,) = compare.records(
        "verdicts", [*verdicts, verdicts[7]._replace(value=b'{"id": "a"}')], log.truth.verdicts
    )
    assert "not expected: 1" in unexpected


def test_a_partition_on_two_pages_or_none_is_found(log: Log) -> None:
    assert "clocks by partition" in compare.owners(log.pages * 2, log.truth)[0]
    assert "clocks by partition" in compare.owners([], log.truth)[0]
    names = {text.split()[0] for text in compare.metrics(log.pages * 2, log.truth)}
    assert names == set(compare.AXES)


def test_a_repeated_or_missing_reject_is_found(log: Log) -> None:
    assert compare.rejects(log.rejects[1:], log.truth.rejects) != []
    assert compare.rejects([*log.rejects, log.rejects[0]], log.truth.rejects) != []


def test_a_lost_or_late_transaction_is_found_in_the_changelog(log: Log) -> None:
    heads = [index for index, record in enumerate(log.written) if record.key == b"h"]
    lost = log.written[: heads[5] + 1] + log.written[heads[6] + 1 :]
    differences = "\n".join(changelog_check.of_partition(0, log.events, lost, log.cases))
    assert "cases of partition 0" in differences
    late = [*log.written, *log.written[heads[5] + 1 : heads[6] + 1]]
    differences = "\n".join(changelog_check.of_partition(0, log.events, late, log.cases))
    assert "steps back" in differences
    assert "next: expected 2000, found 700" in differences
