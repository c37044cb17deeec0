"""Tests that the committed position of a partition restores exactly the alerts that are not settled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.notifier.progress import CommittedPosition, Progress


def read(progress: Progress, offsets: range | list[int]) -> list[int]:
    """Return the offsets that wait after these were read."""
    return [offset for offset in offsets if progress.read(offset)]


def test_alerts_settled_in_order_are_one_offset() -> None:
    progress = Progress(CommittedPosition(100))
    assert read(progress, range(100, 103)) == [100, 101, 102]
    for offset in (100, 101, 102):
        progress.settle(offset)
    assert progress.position == CommittedPosition(103)


def test_an_alert_that_is_refused_stays_and_the_others_are_not_repeated() -> None:
    before = Progress(CommittedPosition(100))
    read(before, range(100, 110))
    for offset in (100, 101, 103, 104, 105, 107, 108, 109):
        before.settle(offset)
    assert before.position == CommittedPosition(102, "8 4")
    after = Progress(before.position)
    assert read(after, range(102, 112)) == [102, 106, 110, 111]


def test_a_restart_before_all_was_read_again_forgets_nothing() -> None:
    position = CommittedPosition(102, "8 4")
    progress = Progress(position)
    assert read(progress, [102, 103]) == [102]
    assert progress.position == position
    progress.settle(102)
    assert progress.position == CommittedPosition(106, "4")


def test_offsets_that_hold_no_record_are_passed_over() -> None:
    """Ends of transactions have offsets too."""
    progress = Progress(CommittedPosition(10))
    assert read(progress, [11, 14, 15]) == [11, 14, 15]
    progress.settle(11)
    assert Progress(progress.position).read(14)


def test_deleted_records_do_not_wait() -> None:
    progress = Progress(CommittedPosition(102, "8 4"))
    assert read(progress, [106, 110]) == [106, 110]
    progress.settle(106)
    progress.settle(110)
    assert progress.position == CommittedPosition(111)


def test_a_text_of_another_format_is_ignored() -> None:
    for text in ("consumed by hand", "-4 -2", "٣", "{}"):
        assert Progress(CommittedPosition(7, text)).position == CommittedPosition(7)


def test_a_thousand_waiting_alerts_fit_into_the_limit_of_kafka() -> None:
    progress = Progress(CommittedPosition(0))
    settled = range(0, 2_000_000, 1000)
    for offset in range(0, 2_000_000, 500):
        progress.read(offset)
    for offset in settled:
        progress.settle(offset)
    assert len(progress.position.text) < 4096
    again = Progress(progress.position)
    waits = [offset for offset in range(0, 2_000_000, 500) if offset >= progress.position.offset and again.read(offset)]
    assert set(range(500, 2_000_000, 1000)) <= set(waits)


@given(
    st.lists(st.integers(0, 40), unique=True, min_size=1).map(sorted),
    st.data(),
)
def test_whenever_it_is_killed_nothing_is_lost_and_nothing_settled_comes_again(
    offsets: list[int], data: st.DataObject
) -> None:
    settled: set[int] = set()
    start = CommittedPosition(0)
    for _ in range(data.draw(st.integers(1, 4), "lives")):
        progress = Progress(start)
        to = data.draw(st.integers(0, len(offsets)), "reads so many")
        held = [offset for offset in offsets if offset >= start.offset][:to]
        waiting = read(progress, held)
        assert not settled.intersection(waiting)
        assert {offset for offset in held if offset not in waiting} <= settled
        for offset in data.draw(st.lists(st.sampled_from(waiting), unique=True) if waiting else st.just([]), "settles"):
            progress.settle(offset)
            settled.add(offset)
        start = progress.position
    last = Progress(start)
    assert set(read(last, [offset for offset in offsets if offset >= start.offset])) == set(offsets) - settled
