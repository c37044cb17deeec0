"""The state of a feed: what its records become, its position, and its watermark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas.events import Clock, PromisesMade, StepReached
from schemas.instants import Instant, from_datetime, parse_instant, to_datetime
from schemas.reading import Refused, read_event
from streams.adapters.feed_records import AdaptedRecord, FeedRecord, ThinNotification
from streams.config.feeds import Feed, FeedsError
from streams.intake.feed_adapters import adapters_of
from streams.intake.state import FeedState, UnknownFeedProgress, decode_progress, progress_key
from tests.intake.topic_record import NOON, TopicRecord

WALL = NOON + 3_600_000
TILL = Feed("till", "feeds.till")
PATCHY = Feed("patchy", "feeds.patchy", silence="unknown")


def ready_record(offset: int, at: Instant = NOON, **more: Any) -> TopicRecord:
    """Return a record that the order was ready."""
    event = StepReached(id=str(offset), case="o1", occurred_at=to_datetime(NOON), step="ready", **more)
    return TopicRecord(offset, msgspec.json.encode(event), at)


def state_of(feed: Feed = TILL) -> FeedState:
    return FeedState(feed, 2, adapters_of([feed], {})[feed.name])


def state_with_adapter_result(adapted: AdaptedRecord | None) -> FeedState:
    """Return the state of a feed whose adapter always returns this."""
    return FeedState(TILL, 2, lambda _: adapted)


def reported(state: FeedState, quiet_until: Instant | None, wall: Instant = WALL) -> Instant | None:
    """Return the instant of the clock record that is due; None if none is."""
    clock = state.advance(quiet_until, wall)
    if clock is None:
        return None
    assert (clock.source, clock.partition) == (state.feed.name, 2)
    return from_datetime(clock.at)


def test_canonical_events_pass_as_they_are() -> None:
    state = state_of()
    sent = ready_record(7, location="soho", source="pos")
    assert state.apply(sent, WALL) == AdaptedRecord((read_event(sent.value),), ("canonical",))
    assert state.next == 8
    assert (state.progress.records, state.progress.events) == ({"adapted": 1}, {"step_reached": 1})


def test_a_record_that_is_no_event_is_refused_and_the_next_one_is_read() -> None:
    state = state_of()
    refused = state.apply(TopicRecord(7, b"no event"), WALL)
    assert isinstance(refused, Refused)
    assert (refused.reason, state.next) == ("not_json", 8)
    assert (state.progress.records, state.progress.rejects) == ({"refused": 1}, {"not_json": 1})


def test_a_record_on_which_the_adapter_fails_is_refused() -> None:
    def fail(_: FeedRecord) -> AdaptedRecord:
        raise ZeroDivisionError("a price of nothing")

    state = FeedState(TILL._replace(adapter="square"), 2, fail)
    refused = state.apply(TopicRecord(7), WALL)
    assert isinstance(refused, Refused)
    assert (refused.reason, state.next) == ("bad_value", 8)
    assert "adapter square failed: ZeroDivisionError('a price of nothing')" in refused.detail


def test_a_record_without_a_value_is_ignored_and_counted() -> None:
    state = state_of()
    state.apply(TopicRecord(7, None), WALL)
    assert (state.progress.records, state.progress.ignored) == ({"ignored": 1}, {"tombstone": 1})


def test_clock_records_in_a_feed_are_ignored_because_they_speak_for_the_whole_topic() -> None:
    state = state_of()
    clock = Clock(source="replay", at=to_datetime(NOON))
    assert state.apply(TopicRecord(7, msgspec.json.encode(clock)), WALL) == AdaptedRecord((), ("canonical",), "clock")
    assert (state.progress.records, state.progress.ignored) == ({"ignored": 1}, {"clock": 1})
    made = PromisesMade(id="1", case="o1", occurred_at=to_datetime(NOON))
    assert state_with_adapter_result(AdaptedRecord((clock, made))).apply(TopicRecord(8), WALL) == AdaptedRecord((made,))


def test_ignored_records_are_counted_by_rule_and_notifications_by_kind() -> None:
    ignoring, thin = (
        state_with_adapter_result(AdaptedRecord(ignored="drafts")),
        state_with_adapter_result(AdaptedRecord(thin=(ThinNotification("order", "o1"),))),
    )
    for state in (ignoring, thin):
        state.apply(TopicRecord(7), WALL)
    assert (ignoring.progress.records, ignoring.progress.ignored) == ({"ignored": 1}, {"drafts": 1})
    assert (thin.progress.records, thin.progress.needs_fetch) == ({"needs_fetch": 1}, {"order": 1})
    assert thin.progress.ignored == {}


def test_the_adapter_receives_headers_in_lower_case_and_the_last_of_each_name() -> None:
    received: list[FeedRecord] = []

    def remember_record(record: FeedRecord) -> None:
        received.append(record)

    state = FeedState(TILL, 2, remember_record)
    headers = (("X-Shop", b"soho"), ("x-retry", b"1"), ("X-Retry", b"2"), ("empty", None), ("odd", b"\xff"))
    state.apply(replace(ready_record(7), headers=headers), WALL)
    expected = {"x-shop": "soho", "x-retry": "2", "empty": "", "odd": "\udcff"}
    assert received == [FeedRecord(ready_record(7).value, b"o1", expected, "feeds.till", NOON)]


def test_the_watermark_of_a_feed_that_is_caught_up_is_the_last_answer_of_the_broker() -> None:
    state = state_of()
    assert reported(state, None) is None, "nothing was read yet, and there may be more records"
    assert reported(state, NOON + 5_000) == NOON + 5_000
    assert reported(state, NOON + 4_000) is None, "a watermark does not go back"
    assert reported(state, WALL + 1) == WALL, "nor past the wall clock"


def test_the_watermark_of_a_feed_with_a_backlog_is_before_its_last_record() -> None:
    state = state_of()
    state.apply(ready_record(1, NOON), WALL)
    state.apply(ready_record(2, NOON + 2_000), WALL)
    assert reported(state, None) == NOON + 1_999, "more of the same instant may follow"
    assert reported(state, None) is None
    assert reported(state, NOON + 60_000) == NOON + 60_000


def test_the_watermark_of_an_untrusted_feed_is_its_last_record() -> None:
    state = state_of(PATCHY)
    assert reported(state, WALL) is None
    state.apply(ready_record(1, NOON), WALL)
    assert reported(state, None) == NOON - 1
    assert reported(state, WALL) == NOON
    assert reported(state, WALL) is None


@pytest.mark.parametrize("wrong", [-1, 0, parse_instant("2000-01-01T00:00:00Z") - 1, WALL + 1, 253_370_764_800_000])
@pytest.mark.parametrize("feed", [TILL, PATCHY], ids=lambda feed: feed.name)
def test_an_incredible_timestamp_does_not_advance_the_watermark(wrong: Instant, feed: Feed) -> None:
    state = state_of(feed)
    state.apply(ready_record(1, wrong), WALL)
    assert reported(state, None) is None
    state.apply(ready_record(2, NOON), WALL)
    state.apply(ready_record(3, wrong), WALL)
    assert reported(state, None) == NOON - 1


def test_a_timestamp_ahead_of_the_wall_clock_is_ignored_for_good() -> None:
    state = state_of(PATCHY)
    state.apply(ready_record(1, NOON), WALL)
    state.apply(ready_record(2, WALL + 1_000), WALL)
    assert reported(state, WALL + 60_000, wall=WALL + 60_000) == NOON


def test_the_next_owner_continues_where_the_last_one_was_and_reports_nothing_twice() -> None:
    state = state_of()
    for sent in (ready_record(7), TopicRecord(8, b"no event"), TopicRecord(9, None)):
        state.apply(sent, WALL)
    assert reported(state, NOON + 1_000) == NOON + 1_000
    ((key, stored),) = state.changes()
    assert key == progress_key("feeds.till", 2) == b"feeds.till[2]"
    assert (state.has_changes, state.changes()) == (False, [])
    again = FeedState(TILL, 2, adapters_of([TILL], {})["till"], decode_progress(stored))
    assert again.progress == state.progress
    assert (again.next, again.clock, again.has_changes) == (10, NOON + 1_000, False)
    assert reported(again, None) is None
    assert reported(again, NOON + 1_001) == NOON + 1_001
    assert again.has_changes, "the watermark has to be written too"


def test_an_unknown_stored_progress_is_an_error() -> None:
    for stored in (b'{"version":2,"next":5}', b"no event"):
        with pytest.raises(UnknownFeedProgress, match="the stored progress of a feed"):
            decode_progress(stored)


def test_a_new_feed_is_read_from_the_first_offset_of_its_topic() -> None:
    state = state_of()
    assert (state.fit_topic(100, 120), state.next, state.progress.records) == (0, 100, {})


def test_records_that_the_topic_dropped_unread_are_counted_as_lost() -> None:
    state = state_of()
    state.apply(ready_record(7), WALL)
    assert (state.fit_topic(5, 10), state.next) == (0, 8)
    assert (state.fit_topic(12, 20), state.next) == (4, 12)
    assert state.progress.records == {"adapted": 1, "lost": 4}


def test_a_topic_that_was_recreated_is_read_from_its_beginning() -> None:
    state = state_of()
    state.apply(ready_record(70), WALL)
    assert (state.fit_topic(0, 12), state.next, state.progress.records) == (0, 0, {"adapted": 1})


def test_an_unknown_adapter_is_named() -> None:
    with pytest.raises(FeedsError, match="feed till: there is no adapter 'squash'"):
        adapters_of([TILL._replace(adapter="squash")], {})
