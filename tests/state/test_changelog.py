"""A partition that is restored from its changelog equals the original."""

from __future__ import annotations

from itertools import islice

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas import events
from schemas.instants import Instant, parse_instant, to_datetime
from schemas.words import RULINGS, UNCONFIRMED
from streams.config.policies import parse_policies
from streams.judging.locations import NO_FEEDS, FeedLookup, LocationFeed
from streams.local.town import town
from streams.records import KafkaRecord
from streams.state.case_codec import UnknownPolicy
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.histories import READY, at, order, policies_of
from tests.judging.generated import END, MINUTE, POLICIES, Arrived, arrivals, examples
from tests.shared import ROOT
from tests.state.changelogs import StoredChangelog, Twins, contents_of
from tests.state.partitions import Partition, record

STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")


def written(partition: Partition) -> dict[bytes, bytes]:
    kept = StoredChangelog()
    kept.write(partition.state)
    return kept.records


def test_a_new_partition_has_nothing_to_write() -> None:
    state = PartitionState(READY)

    assert (state.has_changes, state.dirty, state.changes()) == (False, 0, [])


def test_changes_are_written_once() -> None:
    partition = Partition().arrive(STORY)
    partition.state.next = 1
    assert partition.state.has_changes
    assert partition.state.dirty > 0

    first = partition.state.changes()
    assert (partition.state.has_changes, partition.state.dirty, partition.state.changes()) == (False, 0, [])
    assert first[-1][0] == b"h"
    assert dict(first)[b"co1"] == partition.state.stored_cases()["o1"]


def test_an_advance_of_the_watermark_alone_is_not_written() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:30"))
    partition.state.changes()
    partition.advance("12:35").advance("12:36")
    assert partition.state.changes() == []

    partition.advance("48:00")
    assert (partition.state.has_changes, partition.state.changes()) == (False, [])


def test_a_deadline_that_passed_without_a_record_is_written() -> None:
    partition = Partition().arrive(STORY)
    partition.state.changes()
    partition.advance("12:41")

    assert partition.state.has_changes
    assert b"co1" in StoredChangelog().write(partition.state)


def test_a_record_without_effect_changes_only_the_head() -> None:
    partition = Partition().arrive(STORY)
    partition.state.changes()
    partition.apply(KafkaRecord(at("12:01"), b"o1", b"{"))
    partition.state.next = 2

    assert [key for key, _ in partition.state.changes()] == [b"h"]


def test_an_expired_cell_is_deleted_with_the_next_write() -> None:
    kept, partition = StoredChangelog(), Partition().arrive(STORY.reached("ready", "12:30"))
    kept.write(partition.state)
    cells = {key for key in kept.records if key.startswith(b"w")}
    assert cells

    partition.advance("36:39")
    assert kept.write(partition.state) == []
    partition.arrive(order("o2").ordered("36:40"))
    assert cells <= set(kept.write(partition.state))
    assert not cells & kept.records.keys()


def test_the_timers_of_a_restored_partition_fire_in_order() -> None:
    kept, partition = StoredChangelog(), Partition(READY)
    for name, due in (("o1", "12:40"), ("o2", "12:35"), ("o3", "12:40"), ("o4", "12:30")):
        partition.arrive(order(name).promised("ready", due=due, time="12:00"))
    kept.write(partition.state)
    kept.restore(partition, READY)

    assert [first.case for first in partition.advance("13:00").verdicts] == ["o4", "o2", "o1", "o3"]


def test_an_empty_changelog_restores_a_new_partition() -> None:
    assert contents_of(PartitionState.restored(READY, Contents())) == contents_of(PartitionState(READY))


def test_restoring_names_the_policy_that_is_missing() -> None:
    records = written(Partition().arrive(STORY))
    renamed = policies_of('[[policy]]\nname = "pickup"\nkind = "ready"\n')

    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        PartitionState.restored(renamed, Contents(records))


def test_the_policies_of_a_restored_partition_are_written_again() -> None:
    kept, partition = StoredChangelog(), Partition().arrive(STORY)
    kept.write(partition.state)
    kept.restore(partition, READY)
    partition.apply(KafkaRecord(at("12:01"), b"o1", b"{"))
    partition.state.next = 2
    kept.write(partition.state)

    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        PartitionState.restored(policies_of('[[policy]]\nname = "pickup"\nkind = "ready"\n'), Contents(kept.records))


def test_a_policy_selected_by_a_correction_is_recorded() -> None:
    south = policies_of(
        '[[policy]]\nkind = "ready"\n[[policy]]\nname = "app"\nkind = "ready"\nwhen = { channel = "app" }\n'
    )
    by_app = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna", channel="app")
    kept, partition = StoredChangelog(), Partition(south).arrive(STORY)
    kept.write(partition.state)
    partition.arrive(order("o1").corrected("e1", "12:05", by_app, id="no"))
    kept.write(partition.state)

    with pytest.raises(UnknownPolicy, match="policy app@1, which is missing"):
        PartitionState.restored(READY, Contents(kept.records))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (b"h", "the head of a changelog"),
        (b"r", "a row of counts"),
        (b"s", "a cell of counts"),
        (b"w", "a cell of counts"),
    ],
)
def test_records_of_another_version_are_refused(key: bytes, name: str) -> None:
    records = written(Partition().arrive(STORY.reached("ready", "12:30")))
    stored_key = next(key_of_record for key_of_record in records if key_of_record.startswith(key))
    records[stored_key] = msgspec.msgpack.encode([99, *msgspec.msgpack.decode(records[stored_key])[1:]])

    with pytest.raises(ValueError, match=f"{name}.*stored in version 99; this code reads version 1"):
        PartitionState.restored(READY, Contents(records))


def test_counts_without_a_newer_ruling_are_read() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:30"))
    records = written(partition)
    version, made, parts = msgspec.msgpack.decode(records[b'r["harbour","ready"]'])
    older = [version, made, [part and [part[0][:-1], *part[1:]] for part in parts]]
    records[b'r["harbour","ready"]'] = msgspec.msgpack.encode(older)

    assert PartitionState.restored(READY, Contents(records)).counts.rows == partition.state.counts.rows


def test_a_change_of_one_staff_member_writes_only_that_one() -> None:
    partition = Partition()
    for number in range(30):
        partition.arrive(
            order(f"o{number}").promised("ready", due="12:40", time="12:00", at="harbour", staff=f"s{number}")
        )
    kept = StoredChangelog()
    kept.write(partition.state)
    partition.arrive(order("o7").reached("ready", "12:30", id="bump"))

    assert [key for key in kept.write(partition.state) if key.startswith(b"s")] == [b's["harbour","ready","s7"]']
    assert len(kept.records[b'r["harbour","ready"]']) < 100


def test_restoring_refuses_a_case_of_another_version() -> None:
    records = written(Partition().arrive(STORY))
    records[b"co1"] = b"\x63" + records[b"co1"][1:]

    with pytest.raises(ValueError, match="a case was stored in version 99; this code reads version 2"):
        PartitionState.restored(READY, Contents(records))


def test_an_unknown_type_of_record_is_named() -> None:
    with pytest.raises(ValueError, match="key b'x1'; this code reads"):
        PartitionState.restored(READY, Contents({**written(Partition().arrive(STORY)), b"x1": b""}))


def test_a_changelog_without_its_head_is_refused() -> None:
    records = written(Partition().arrive(STORY))
    del records[b"h"]

    with pytest.raises(ValueError, match="has no head: it was not read to its end"):
        PartitionState.restored(READY, Contents(records))


def both(first: Arrived, second: Arrived) -> Arrived:
    """Merge the arrivals of two cases on one partition."""
    return sorted([*first, *((clock, _renamed(event)) for clock, event in second)], key=lambda arrived: arrived[0])


def _renamed(event: events.CaseEvent) -> events.CaseEvent:
    if isinstance(event, events.Correction) and event.event is not None:
        return replace(event, case="d", event=replace(event.event, case="d"))
    return replace(event, case="d")


@examples(100)
@given(st.builds(both, arrivals(), arrivals()), st.sampled_from([None, MINUTE, 5 * MINUTE]), st.data())
def test_a_restored_partition_continues_like_one_that_never_stopped(
    arrived: Arrived, retention: int | None, data: st.DataObject
) -> None:
    twins = Twins(POLICIES, retention)
    cuts = data.draw(st.lists(st.sampled_from(["on", "on", "write", "reopen"]), min_size=len(arrived)))
    for (clock, event), cut in zip(arrived, cuts, strict=False):
        twins.read(record(event, clock), cut)
    twins.assert_equal(END)


TOWN_POLICIES = ROOT / "streams" / "local" / "town-policies.toml"
SEVEN = parse_instant("2026-03-02T07:00:00Z")


@pytest.fixture(scope="module")
def log() -> list[tuple[Instant, events.CaseEvent]]:
    """Return a morning of the simulated town with eight locations."""
    return [(arrival.at, arrival.event) for arrival in islice(town(7, SEVEN, orders_per_minute=20), 4000)]


def tills_of(log: Arrived) -> FeedLookup:
    """Declare a feed for every other location."""
    shops = sorted({event.location for _, event in log if event.location})
    return {shop: LocationFeed(f"till-{shop}", 5 * MINUTE, 18 * MINUTE) for shop in shops[::2]}


def with_clocks(log: Arrived, feeds: FeedLookup) -> list[KafkaRecord]:
    """Add clock records of every feed to the log, each minute, with twenty minutes of silence in every forty."""
    records: list[KafkaRecord] = []
    last_minute = 0
    for clock, event in log:
        minute = clock // MINUTE
        if minute > last_minute:
            silent = [(minute - 7 * place) % 40 < 20 for place in range(len(feeds))]
            last_minute, upto = minute, to_datetime(clock - 1000)
            tills = [limits.feed for limits, is_silent in zip(feeds.values(), silent, strict=True) if not is_silent]
            records += [record(events.Clock(source=till, at=upto), clock) for till in tills]
        records.append(record(event, clock))
    return records


@pytest.mark.parametrize(
    ("retention", "has_tills"),
    [(None, False), (45 * MINUTE, False), (None, True)],
    ids=["all kept", "aged", "tills that fail"],
)
def test_neither_batches_nor_restarts_change_the_effects_of_a_log(
    log: Arrived, retention: int | None, has_tills: bool
) -> None:
    policies = parse_policies(TOWN_POLICIES.read_text("utf-8"), "the policies of the simulated town")
    feeds = tills_of(log) if has_tills else NO_FEEDS
    records = with_clocks(log, feeds)
    whole = Partition(policies, retention, feeds)
    for incoming in records:
        whole.apply(incoming)
    whole.state.next = len(records)
    assert len(whole.verdicts) > 500
    assert (len(whole.state) < len({event.case for _, event in log})) == (retention is not None)
    for size, restarts in ((1, 97), (7, 11), (1000, 1)):
        partition, kept = Partition(policies, retention, feeds), StoredChangelog()
        for number, start in enumerate(range(0, len(records), size), 1):
            for incoming in records[start : start + size]:
                partition.apply(incoming)
            partition.state.next = min(start + size, len(records))
            kept.write(partition.state)
            if number % restarts == 0:
                kept.restore(partition, policies, retention, feeds)
        assert partition.comparable_effects == whole.comparable_effects
        assert contents_of(partition.state) == contents_of(whole.state)
    ever = [row.on("current").seen >> RULINGS.index(UNCONFIRMED) & 1 for row in whole.state.counts.rows.values()]
    assert any(ever) == has_tills
