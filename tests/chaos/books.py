"""What stands in the changelog, compared with a book that read the same records without any trouble.

The changelog is read as the next owner of a partition would read it: what is committed, and of every key the last
value.
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
from tests.chaos.compare import listed
from tests.chaos.load import POLICIES
from tests.chaos.reducer import Expected
from tests.state.changelogs import contents_of
from tests.worker.records import PARTITIONS

_FOREVER = 4_000_000_000_000


def differences(bootstrap: str, truth: Expected) -> list[str]:
    """All differences between the changelog and books made from the log alone, in words."""
    found: list[str] = []
    for partition in range(PARTITIONS):
        written = topics.read_partition(bootstrap, CHANGELOG.name, partition)
        events = topics.read_partition(bootstrap, EVENTS.name, partition)
        cases = {case for case, where in truth.cases.items() if where == partition}
        found += of_partition(partition, events, written, cases)
    return found


def of_partition(
    partition: int, events: Iterable[KafkaRecord], written: Sequence[KafkaRecord], cases: set[str]
) -> list[str]:
    """Differences between the changelog of one partition (`written`) and the book of its log, which has `cases`."""
    policies = parse_policies(POLICIES, "the policies of the load")
    book = _fresh(policies, events)
    return [*_backwards(partition, written), *_unequal(partition, book, kept(written), policies, cases)]


def kept(written: Iterable[KafkaRecord]) -> dict[bytes, bytes]:
    """The last value of every key, without those taken back."""
    last = {one.key or b"": one.value for one in written}
    return {key: value for key, value in last.items() if value is not None}


def _fresh(policies: Policies, events: Iterable[KafkaRecord]) -> PartitionState:
    book = PartitionState(policies)
    for one in events:
        book.apply(KafkaRecord(one.timestamp, one.key, one.value), _FOREVER)
        book.next = one.offset + 1
    return book


def _backwards(partition: int, written: Iterable[KafkaRecord]) -> list[str]:
    """Steps that were written after a later one: the work of a former owner who was not shut out."""
    found: dict[int, str] = {}
    furthest = 0
    for one in written:
        if one.key == HEAD and one.value:
            upto = Contents({HEAD: one.value}).head.next
            if upto < furthest:
                found[one.offset] = f"up to offset {upto} of the log, after {furthest}"
            furthest = max(furthest, upto)
    return listed(f"{CHANGELOG.name}[{partition}]: steps back, by offset", found)


def _unequal(
    partition: int, book: PartitionState, records: Mapping[bytes, bytes], policies: Policies, cases: set[str]
) -> list[str]:
    try:
        restored = PartitionState.restored(policies, Contents(records))
    except ValueError as error:
        return [f"{CHANGELOG.name}[{partition}] cannot be read: {error}"]
    whole, found = contents_of(book), contents_of(restored)
    theirs, ours = found.pop("cases"), whole.pop("cases")
    wrong = {name: f"expected {whole[name]}, found {found[name]}"[:400] for name in whole if whole[name] != found[name]}
    unlike = {
        case: f"expected {decode(ours[case], policies) if case in ours else None}, "
        f"found {decode(theirs[case], policies) if case in theirs else None}"
        for case in ours.keys() | theirs.keys() | cases
        if case not in cases or ours.get(case) != theirs.get(case) or case not in theirs
    }
    return [
        *listed(f"the book of partition {partition} in {CHANGELOG.name}", wrong),
        *listed(f"cases of partition {partition} in {CHANGELOG.name}", unlike),
    ]
