"""Closed cases expire after the retention; their counts stay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import NEVER, Instant
from schemas.words import BASES
from streams.judging.case import Case
from streams.state.changelog import Contents
from streams.state.partition import PartitionState
from tests.histories import READY, order
from tests.judging.generated import END, MINUTE, POLICIES, Arrived, arrivals, examples
from tests.state.changelogs import StoredChangelog, contents_of
from tests.state.partitions import FOREVER, Partition, assert_counts_add_up, record

HOUR = 60 * MINUTE
STORY = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")
READY_EARLY = STORY.reached("ready", "12:10")


def test_a_case_expires_at_the_retention_after_its_last_due() -> None:
    #  12:00     12:10   12:40   13:40
    #  promised  ready   due     an hour later
    partition = Partition(retention=HOUR).arrive(READY_EARLY).advance("13:40")
    assert len(partition.state) == 1

    partition.advance("13:40:00.001")
    assert len(partition.state) == 0
    assert partition.net("harbour") == {"kept": 1}


def test_a_fact_on_the_fast_path_postpones_the_expiry() -> None:
    partition = Partition(retention=HOUR).arrive(
        READY_EARLY.reached("picked_up", "13:00").reached("washed_up", "13:20")
    )
    assert len(partition.advance("14:20").state) == 1
    assert len(partition.advance("14:20:00.001").state) == 0


def test_a_case_with_an_open_promise_never_expires() -> None:
    later = READY_EARLY.about("bag").promised("ready", due="36:00", time="12:20")
    partition = Partition(retention=HOUR).arrive(later).advance("36:00")
    assert len(partition.state) == 1
    assert len(partition.advance("37:00:00.002").state) == 0
    assert partition.net("harbour") == {"kept": 1, "broken": 1}


def test_a_case_that_was_opened_again_expires_after_it_closes_again() -> None:
    partition = Partition(retention=HOUR).arrive(READY_EARLY).advance("13:00")
    recalled = (
        order("o1").undone("ready", "13:00", id="recall").amended("ready", "13:01", due="15:00", by="us", id="new")
    )
    partition.arrive(recalled)
    assert len(partition.advance("15:59").state) == 1
    assert len(partition.advance("16:00:00.001").state) == 0


def test_a_denied_due_does_not_postpone_the_expiry() -> None:
    partition = Partition(retention=HOUR).arrive(READY_EARLY.denied("e1", "12:20"))
    assert len(partition.advance("13:20").state) == 1
    assert len(partition.advance("13:20:00.001").state) == 0


def test_a_case_without_a_promise_expires_too() -> None:
    partition = Partition(retention=HOUR).arrive(order("o1").reached("opened", "12:00")).advance("13:00")
    assert len(partition.state) == 1
    assert len(partition.advance("13:00:00.001").state) == 0


def test_an_expired_case_is_deleted_from_the_changelog_with_the_next_write() -> None:
    kept, partition = StoredChangelog(), Partition(retention=HOUR).arrive(READY_EARLY)
    kept.write(partition.state)
    assert b"co1" in kept.records

    partition.advance("14:00")
    assert partition.state.has_changes
    assert kept.write(partition.state) == [b"co1", b"h"]
    assert b"co1" not in kept.records


def test_an_event_of_an_expired_case_is_refused_and_not_counted_again() -> None:
    partition = Partition(retention=HOUR).arrive(READY_EARLY).advance("14:00")
    partition.arrive(READY_EARLY, "14:00", "14:00")

    assert partition.refusals == ["too_late", "too_late"]
    assert partition.state.counters.rejects == {"too_late": 2}
    assert (len(partition.state), partition.row("harbour").made, partition.net("harbour")) == (0, 1, {"kept": 1})


def test_the_refusal_names_the_instant_and_the_retention() -> None:
    partition = Partition(retention=HOUR).advance("14:00")
    partition.arrive(STORY, "14:00")

    assert "occurred_at: 2026-03-06T12:00:00.000Z is older than the retention of closed cases (3600 s" in str(
        partition.effects[0]
    )


def test_a_late_event_of_a_known_case_is_accepted() -> None:
    partition = Partition(retention=HOUR).arrive(STORY.amended("ready", "12:05", due="15:00", by="us"))
    partition.advance("14:30").arrive(order("o1").reached("ready", "12:10", id="bump"), "14:31")

    assert partition.refusals == []
    assert partition.net("harbour") == {"kept": 1}


def test_an_event_just_within_the_retention_begins_a_case() -> None:
    partition = Partition(retention=HOUR).advance("13:00").arrive(STORY, "13:00")

    assert partition.refusals == []
    assert partition.net("harbour") == {"broken": 1}


def test_without_a_retention_nothing_expires_and_nothing_is_too_late() -> None:
    partition = Partition().arrive(READY_EARLY).advance("900:00").arrive(order("o2").ordered("12:00"), "900:00")

    assert (len(partition.state), partition.refusals) == (2, [])


def test_cases_of_a_restored_partition_expire_at_the_same_instant() -> None:
    kept, partition = StoredChangelog(), Partition(retention=HOUR).arrive(READY_EARLY)
    kept.write(partition.state)
    kept.restore(partition, READY, HOUR)

    assert len(partition.advance("13:40").state) == 1
    assert len(partition.advance("13:40:00.001").state) == 0


def is_at_rest(case: Case, until: Instant) -> bool:
    """Return whether a case has no open promise and no fact ahead, and all its facts and dues are before `until`."""
    promises = case.state.promises.values()
    dues = [window.due for promise in promises for window in (promise.original, promise.current)]
    judged = [case.judged[key] for key in case.state.promises]
    is_open = any(one.on(basis).ruling.verdict == "open" for one in judged for basis in BASES)
    is_over = not is_open and case.next_fact_at == NEVER
    return is_over and all(instant < until for instant in (*dues, *(fact.at for fact in case.history)))


@examples(100)
@given(arrivals(), st.integers(0, 20))
def test_expiry_changes_no_count_and_affects_exactly_the_closed_cases(arrived: Arrived, minutes: int) -> None:
    retention, partition, kept = minutes * MINUTE, Partition(POLICIES, minutes * MINUTE), StoredChangelog()
    for offset, (clock, event) in enumerate([*arrived, (END + HOUR, arrived[0][1])], 1):
        kept.write(partition.state)
        remembering = PartitionState.restored(POLICIES, Contents(kept.records))
        assert partition.state.advance(clock, FOREVER) == remembering.advance(clock, FOREVER)
        found, all_cases = contents_of(partition.state), contents_of(remembering)
        cases, known = found.pop("cases"), all_cases.pop("cases")
        assert found == all_cases
        assert cases == {name: stored for name, stored in known.items() if name in cases}
        case = remembering.case("c")
        if case is not None:
            assert is_at_rest(case, clock - retention) == (partition.state.case("c") is None)
        partition.apply(record(event, clock))
        partition.state.next = offset
        assert_counts_add_up(partition.state.counts)
    assert len(partition.state) == 0
