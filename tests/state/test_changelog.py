"""A book that is written down and opened again is the same book."""

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


def test_a_book_in_which_nothing_happened_has_nothing_to_write() -> None:
    book = PartitionState(READY)

    assert (book.has_changes, book.dirty, book.changes()) == (False, 0, [])


def test_what_was_written_is_not_written_again() -> None:
    partition = Partition().arrive(STORY)
    partition.state.next = 1
    assert partition.state.has_changes
    assert partition.state.dirty > 0

    first = partition.state.changes()
    assert (partition.state.has_changes, partition.state.dirty, partition.state.changes()) == (False, 0, [])
    assert first[-1][0] == b"h"
    assert dict(first)[b"co1"] == partition.state.stored_cases()["o1"]


def test_that_time_passes_is_nothing_to_write() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:30"))
    partition.state.changes()
    partition.advance("12:35").advance("12:36")
    assert partition.state.changes() == []

    partition.advance("48:00")
    assert (partition.state.has_changes, partition.state.changes()) == (False, [])


def test_a_deadline_that_passed_in_silence_is_written() -> None:
    partition = Partition().arrive(STORY)
    partition.state.changes()
    partition.advance("12:41")

    assert partition.state.has_changes
    assert b"co1" in StoredChangelog().write(partition.state)


def test_a_record_that_said_nothing_moves_the_head_alone() -> None:
    partition = Partition().arrive(STORY)
    partition.state.changes()
    partition.apply(KafkaRecord(at("12:01"), b"o1", b"{"))
    partition.state.next = 2

    assert [key for key, _ in partition.state.changes()] == [b"h"]


def test_a_count_that_left_every_window_leaves_the_changelog_with_the_next_write() -> None:
    kept, partition = StoredChangelog(), Partition().arrive(STORY.reached("ready", "12:30"))
    kept.write(partition.state)
    cells = {key for key in kept.records if key.startswith(b"w")}
    assert cells

    partition.advance("36:39")
    assert kept.write(partition.state) == []
    partition.arrive(order("o2").ordered("36:40"))
    assert cells <= set(kept.write(partition.state))
    assert not cells & kept.records.keys()


def test_the_deadlines_of_a_reopened_book_come_in_the_order_of_their_times() -> None:
    kept, partition = StoredChangelog(), Partition(READY)
    for name, due in (("o1", "12:40"), ("o2", "12:35"), ("o3", "12:40"), ("o4", "12:30")):
        partition.arrive(order(name).promised("ready", due=due, time="12:00"))
    kept.write(partition.state)
    kept.restore(partition, READY)

    assert [one.case for one in partition.advance("13:00").verdicts] == ["o4", "o2", "o1", "o3"]


def test_a_changelog_that_nobody_wrote_is_a_new_book() -> None:
    assert contents_of(PartitionState.restored(READY, Contents())) == contents_of(PartitionState(READY))


def test_a_book_that_was_judged_by_a_policy_that_is_gone_names_it() -> None:
    records = written(Partition().arrive(STORY))
    renamed = policies_of('[[policy]]\nname = "pickup"\nkind = "ready"\n')

    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        PartitionState.restored(renamed, Contents(records))


def test_a_reopened_book_still_knows_by_which_policies_it_was_judged() -> None:
    kept, partition = StoredChangelog(), Partition().arrive(STORY)
    kept.write(partition.state)
    kept.restore(partition, READY)
    partition.apply(KafkaRecord(at("12:01"), b"o1", b"{"))
    partition.state.next = 2
    kept.write(partition.state)

    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        PartitionState.restored(policies_of('[[policy]]\nname = "pickup"\nkind = "ready"\n'), Contents(kept.records))


def test_a_policy_that_a_correction_brought_without_another_verdict_is_remembered_too() -> None:
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
    ("key", "what"),
    [
        (b"h", "the head of a changelog"),
        (b"r", "a row of counts"),
        (b"s", "a cell of counts"),
        (b"w", "a cell of counts"),
    ],
)
def test_records_of_another_version_of_the_code_are_not_guessed_at(key: bytes, what: str) -> None:
    records = written(Partition().arrive(STORY.reached("ready", "12:30")))
    one = next(known for known in records if known.startswith(key))
    records[one] = msgspec.msgpack.encode([99, *msgspec.msgpack.decode(records[one])[1:]])

    with pytest.raises(ValueError, match=f"{what}.*stored in version 99; this code reads version 1"):
        PartitionState.restored(READY, Contents(records))


def test_counts_from_before_a_ruling_was_thought_of_are_read() -> None:
    partition = Partition().arrive(STORY.reached("ready", "12:30"))
    records = written(partition)
    version, made, parts = msgspec.msgpack.decode(records[b'r["harbour","ready"]'])
    older = [version, made, [part and [part[0][:-1], *part[1:]] for part in parts]]
    records[b'r["harbour","ready"]'] = msgspec.msgpack.encode(older)

    assert PartitionState.restored(READY, Contents(records)).counts.rows == partition.state.counts.rows


def test_a_location_with_many_staff_is_not_written_whole_for_one_of_them() -> None:
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


def test_a_case_of_another_version_of_the_code_is_not_guessed_at() -> None:
    records = written(Partition().arrive(STORY))
    records[b"co1"] = b"\x63" + records[b"co1"][1:]

    with pytest.raises(ValueError, match="a case was stored in version 99; this code reads version 2"):
        PartitionState.restored(READY, Contents(records))


def test_a_record_of_no_known_kind_is_named() -> None:
    with pytest.raises(ValueError, match="key b'x1'; this code knows"):
        PartitionState.restored(READY, Contents({**written(Partition().arrive(STORY)), b"x1": b""}))


def test_a_changelog_without_its_head_is_refused() -> None:
    records = written(Partition().arrive(STORY))
    del records[b"h"]

    with pytest.raises(ValueError, match="has no head: it was not read to its end"):
        PartitionState.restored(READY, Contents(records))


def both(one: Arrived, other: Arrived) -> Arrived:
    """Two cases on one partition."""
    return sorted([*one, *((clock, _renamed(event)) for clock, event in other)], key=lambda arrived: arrived[0])


def _renamed(event: events.CaseEvent) -> events.CaseEvent:
    if isinstance(event, events.Correction) and event.event is not None:
        return replace(event, case="d", event=replace(event.event, case="d"))
    return replace(event, case="d")


@examples(100)
@given(st.builds(both, arrivals(), arrivals()), st.sampled_from([None, MINUTE, 5 * MINUTE]), st.data())
def test_wherever_a_log_is_cut_the_reopened_book_goes_on_as_if_it_had_never_been_away(
    told: Arrived, retention: int | None, data: st.DataObject
) -> None:
    twins = Twins(POLICIES, retention)
    cuts = data.draw(st.lists(st.sampled_from(["on", "on", "write", "reopen"]), min_size=len(told)))
    for (clock, event), cut in zip(told, cuts, strict=False):
        twins.read(record(event, clock), cut)
    twins.assert_equal(END)


TOWN_POLICIES = ROOT / "streams" / "local" / "town-policies.toml"
SEVEN = parse_instant("2026-03-02T07:00:00Z")


@pytest.fixture(scope="module")
def log() -> list[tuple[Instant, events.CaseEvent]]:
    """A morning of the simulated town: eight shops, with all that goes wrong there."""
    return [(arrival.at, arrival.event) for arrival in islice(town(7, SEVEN, orders_per_minute=20), 4000)]


def tills_of(log: Arrived) -> FeedLookup:
    """Every other shop has a till."""
    shops = sorted({event.location for _, event in log if event.location})
    return {shop: LocationFeed(f"till-{shop}", 5 * MINUTE, 18 * MINUTE) for shop in shops[::2]}


def with_clocks(log: Arrived, feeds: FeedLookup) -> list[KafkaRecord]:
    """The log, in which every till says each minute how far it was read, but for twenty minutes in forty."""
    records: list[KafkaRecord] = []
    said = 0
    for clock, event in log:
        minute = clock // MINUTE
        if minute > said:
            silent = [(minute - 7 * place) % 40 < 20 for place in range(len(feeds))]
            said, upto = minute, to_datetime(clock - 1000)
            tills = [limits.feed for limits, is_silent in zip(feeds.values(), silent, strict=True) if not is_silent]
            records += [record(events.Clock(source=till, at=upto), clock) for till in tills]
        records.append(record(event, clock))
    return records


@pytest.mark.parametrize(
    ("retention", "has_tills"),
    [(None, False), (45 * MINUTE, False), (None, True)],
    ids=["all kept", "aged", "tills that fail"],
)
def test_one_log_says_the_same_whatever_the_chunks_and_the_restarts(
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
    ever = [row.on(1).seen >> RULINGS.index(UNCONFIRMED) & 1 for row in whole.state.counts.rows.values()]
    assert any(ever) == has_tills
