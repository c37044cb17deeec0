"""The changelog compared with a state that read the same records without any fault.

It is read as the next owner of a partition would read it: committed records, and the last value of every key.

"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams.config.policies import parse_policies
from streams.judging.policy import Policies
from streams.kafka.topics import CHANGELOG, EVENTS
from streams.records import KafkaRecord
from streams.state.case_codec import decode
from streams.state.changelog import HEAD, Contents
from streams.state.partition import PartitionState
from tests.chaos import topics
from tests.chaos.compare import describe_differences
from tests.chaos.load import POLICIES
from tests.chaos.reducer import Expected
from tests.state.changelogs import contents_of
from tests.worker.records import PARTITIONS

_FOREVER = 4_000_000_000_000


def differences(bootstrap: str, truth: Expected) -> list[str]:
    """Return all differences between the changelog and states made from the log alone."""
    found_differences: list[str] = []
    for partition in range(PARTITIONS):
        written = topics.read_partition(bootstrap, CHANGELOG.name, partition)
        events = topics.read_partition(bootstrap, EVENTS.name, partition)
        cases = {case for case, owner in truth.cases.items() if owner == partition}
        found_differences += of_partition(partition, events, written, cases)
    return found_differences


def of_partition(
    partition: int, events: Iterable[KafkaRecord], written: Sequence[KafkaRecord], cases: set[str]
) -> list[str]:
    """Return the differences between the changelog of one partition and the state of its log, which has `cases`."""
    policies = parse_policies(POLICIES, "the policies of the load")
    state = _expected_state(policies, events)
    return [*_steps_back(partition, written), *_unequal(partition, state, last_values(written), policies, cases)]


def last_values(written: Iterable[KafkaRecord]) -> dict[bytes, bytes]:
    """Return the last value of every key, without deleted ones."""
    last = {record.key or b"": record.value for record in written}
    return {key: value for key, value in last.items() if value is not None}


def _expected_state(policies: Policies, events: Iterable[KafkaRecord]) -> PartitionState:
    state = PartitionState(policies)
    for record in events:
        state.apply(KafkaRecord(record.timestamp, record.key, record.value), _FOREVER)
        state.next = record.offset + 1
    return state


def _steps_back(partition: int, written: Iterable[KafkaRecord]) -> list[str]:
    """Return transactions behind a later one: the work of a former owner that was not fenced."""
    steps: dict[int, str] = {}
    furthest = 0
    for record in written:
        if record.key == HEAD and record.value:
            next_offset = Contents({HEAD: record.value}).head.next
            if next_offset < furthest:
                steps[record.offset] = f"up to offset {next_offset} of the log, after {furthest}"
            furthest = max(furthest, next_offset)
    return describe_differences(f"{CHANGELOG.name}[{partition}]: steps back, by offset", steps)


def _unequal(
    partition: int, state: PartitionState, records: Mapping[bytes, bytes], policies: Policies, cases: set[str]
) -> list[str]:
    try:
        restored = PartitionState.restored(policies, Contents(records))
    except ValueError as error:
        return [f"{CHANGELOG.name}[{partition}] cannot be read: {error}"]
    expected, actual = contents_of(state), contents_of(restored)
    actual_cases, expected_cases = actual.pop("cases"), expected.pop("cases")
    differences_by_name = {
        name: f"expected {expected[name]}, found {actual[name]}"[:400]
        for name in expected
        if expected[name] != actual[name]
    }
    different_cases = {
        case: f"expected {decode(expected_cases[case], policies) if case in expected_cases else None}, "
        f"found {decode(actual_cases[case], policies) if case in actual_cases else None}"
        for case in expected_cases.keys() | actual_cases.keys() | cases
        if case not in cases or expected_cases.get(case) != actual_cases.get(case) or case not in actual_cases
    }
    return [
        *describe_differences(f"the state of partition {partition} in {CHANGELOG.name}", differences_by_name),
        *describe_differences(f"cases of partition {partition} in {CHANGELOG.name}", different_cases),
    ]
