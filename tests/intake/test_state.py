"""A till and a patchy device send records: what each becomes, how far it is read, and what its clock may say."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

NOON = parse_instant("2026-03-06T12:00:00Z")
WALL = NOON + 3_600_000
TILL = Feed("till", "feeds.till")
PATCHY = Feed("patchy", "feeds.patchy", silence="unknown")


@dataclass(frozen=True)
class Sent:
    """A record as it stands in the topic of a feed."""

    offset: int
    value: bytes | None = b""
    timestamp: Instant = NOON
    key: bytes | None = b"o1"
    headers: tuple[tuple[str, bytes | None], ...] = ()


def told(offset: int, at: Instant = NOON, **more: Any) -> Sent:
    """The order was ready."""
    event = StepReached(id=str(offset), case="o1", occurred_at=to_datetime(NOON), step="ready", **more)
    return Sent(offset, msgspec.json.encode(event), at)


def canonical(feed: Feed = TILL) -> FeedState:
    return FeedState(feed, 2, adapters_of([feed], {})[feed.name])


def becoming(adapted: AdaptedRecord | None) -> FeedState:
    """A book of a feed whose every record becomes that."""
    return FeedState(TILL, 2, lambda _: adapted)


def said(state: FeedState, quiet_until: Instant | None, wall: Instant = WALL) -> Instant | None:
    """The instant of the clock record that is due; None: none is."""
    clock = state.advance(quiet_until, wall)
    if clock is None:
        return None
    assert (clock.source, clock.partition) == (state.feed.name, 2)
    return from_datetime(clock.at)


def test_canonical_events_pass_as_they_are() -> None:
    state = canonical()
    sent = told(7, location="soho", source="pos")
    assert state.apply(sent, WALL) == AdaptedRecord((read_event(sent.value),), ("canonical",))
    assert state.next == 8
    assert (state.progress.records, state.progress.events) == ({"adapted": 1}, {"step_reached": 1})


def test_what_is_no_event_is_refused_with_its_reason_and_the_next_is_read() -> None:
    state = canonical()
    refused = state.apply(Sent(7, b"no event"), WALL)
    assert isinstance(refused, Refused)
    assert (refused.reason, state.next) == ("not_json", 8)
    assert (state.progress.records, state.progress.rejects) == ({"refused": 1}, {"not_json": 1})


def test_a_record_that_an_adapter_stumbles_over_is_refused_like_any_other() -> None:
    def stumbles(_: FeedRecord) -> AdaptedRecord:
        raise ZeroDivisionError("a price of nothing")

    state = FeedState(TILL._replace(adapter="square"), 2, stumbles)
    refused = state.apply(Sent(7), WALL)
    assert isinstance(refused, Refused)
    assert (refused.reason, state.next) == ("bad_value", 8)
    assert "adapter square failed: ZeroDivisionError('a price of nothing')" in refused.detail


def test_a_record_without_a_value_is_ignored_and_counted() -> None:
    state = canonical()
    state.apply(Sent(7, None), WALL)
    assert (state.progress.records, state.progress.ignored) == ({"ignored": 1}, {"tombstone": 1})


def test_a_clock_of_somebody_else_is_not_passed_on_for_it_holds_for_the_topic_and_not_for_this_partition() -> None:
    state = canonical()
    beat = Clock(source="replay", at=to_datetime(NOON))
    assert state.apply(Sent(7, msgspec.json.encode(beat)), WALL) == AdaptedRecord((), ("canonical",), "clock")
    assert (state.progress.records, state.progress.ignored) == ({"ignored": 1}, {"clock": 1})
    made = PromisesMade(id="1", case="o1", occurred_at=to_datetime(NOON))
    assert becoming(AdaptedRecord((beat, made))).apply(Sent(8), WALL) == AdaptedRecord((made,))


def test_what_an_adapter_ignores_or_cannot_say_is_counted_by_its_rule_and_kind() -> None:
    ignoring, thin = (
        becoming(AdaptedRecord(ignored="drafts")),
        becoming(AdaptedRecord(thin=(ThinNotification("order", "o1"),))),
    )
    for state in (ignoring, thin):
        state.apply(Sent(7), WALL)
    assert (ignoring.progress.records, ignoring.progress.ignored) == ({"ignored": 1}, {"drafts": 1})
    assert (thin.progress.records, thin.progress.needs_fetch) == ({"needs_fetch": 1}, {"order": 1})
    assert thin.progress.ignored == {}


def test_an_adapter_is_given_the_record_with_headers_in_lower_case_of_which_the_last_counts() -> None:
    given: list[FeedRecord] = []

    def remember(delivered: FeedRecord) -> None:
        given.append(delivered)

    state = FeedState(TILL, 2, remember)
    headers = (("X-Shop", b"soho"), ("x-retry", b"1"), ("X-Retry", b"2"), ("empty", None), ("odd", b"\xff"))
    state.apply(replace(told(7), headers=headers), WALL)
    expected = {"x-shop": "soho", "x-retry": "2", "empty": "", "odd": "\udcff"}
    assert given == [FeedRecord(told(7).value, b"o1", expected, "feeds.till", NOON)]


def test_a_till_that_is_read_to_its_end_is_known_up_to_the_brokers_answer() -> None:
    state = canonical()
    assert said(state, None) is None, "nothing was read yet, and more may be there"
    assert said(state, NOON + 5_000) == NOON + 5_000
    assert said(state, NOON + 4_000) is None, "a clock does not go back"
    assert said(state, WALL + 1) == WALL, "nor beyond the wall"


def test_a_till_with_a_backlog_is_known_up_to_the_last_record_that_was_read() -> None:
    state = canonical()
    state.apply(told(1, NOON), WALL)
    state.apply(told(2, NOON + 2_000), WALL)
    assert said(state, None) == NOON + 1_999, "more of the same instant may follow"
    assert said(state, None) is None
    assert said(state, NOON + 60_000) == NOON + 60_000


def test_a_patchy_device_is_known_up_to_its_last_record_however_long_it_is_silent() -> None:
    state = canonical(PATCHY)
    assert said(state, WALL) is None
    state.apply(told(1, NOON), WALL)
    assert said(state, None) == NOON - 1
    assert said(state, WALL) == NOON
    assert said(state, WALL) is None


@pytest.mark.parametrize("wrong", [-1, 0, parse_instant("2000-01-01T00:00:00Z") - 1, WALL + 1, 253_370_764_800_000])
@pytest.mark.parametrize("feed", [TILL, PATCHY], ids=lambda feed: feed.name)
def test_a_record_that_says_an_impossible_time_moves_no_clock(wrong: Instant, feed: Feed) -> None:
    state = canonical(feed)
    state.apply(told(1, wrong), WALL)
    assert said(state, None) is None
    state.apply(told(2, NOON), WALL)
    state.apply(told(3, wrong), WALL)
    assert said(state, None) == NOON - 1


def test_a_record_that_was_ahead_of_the_wall_when_it_was_read_is_forgotten_when_the_wall_has_passed_it() -> None:
    state = canonical(PATCHY)
    state.apply(told(1, NOON), WALL)
    state.apply(told(2, WALL + 1_000), WALL)
    assert said(state, WALL + 60_000, wall=WALL + 60_000) == NOON


def test_the_next_owner_goes_on_where_the_last_stood_and_says_nothing_twice() -> None:
    state = canonical()
    for sent in (told(7), Sent(8, b"no event"), Sent(9, None)):
        state.apply(sent, WALL)
    assert said(state, NOON + 1_000) == NOON + 1_000
    ((key, stored),) = state.changes()
    assert key == progress_key("feeds.till", 2) == b"feeds.till[2]"
    assert (state.has_changes, state.changes()) == (False, [])
    again = FeedState(TILL, 2, adapters_of([TILL], {})["till"], decode_progress(stored))
    assert again.progress == state.progress
    assert (again.next, again.clock, again.has_changes) == (10, NOON + 1_000, False)
    assert said(again, None) is None
    assert said(again, NOON + 1_001) == NOON + 1_001
    assert again.has_changes, "how far the clock is has to be written, too"


def test_what_a_later_version_or_somebody_else_wrote_is_not_guessed_at() -> None:
    for stored in (b'{"version":2,"next":5}', b"no event"):
        with pytest.raises(UnknownFeedProgress, match="the stored progress of a feed"):
            decode_progress(stored)


def test_a_new_feed_is_read_from_what_its_topic_still_holds() -> None:
    state = canonical()
    assert (state.fit_topic(100, 120), state.next, state.progress.records) == (0, 100, {})


def test_what_a_topic_dropped_before_it_was_read_is_counted_as_lost() -> None:
    state = canonical()
    state.apply(told(7), WALL)
    assert (state.fit_topic(5, 10), state.next) == (0, 8)
    assert (state.fit_topic(12, 20), state.next) == (4, 12)
    assert state.progress.records == {"adapted": 1, "lost": 4}


def test_a_topic_that_was_made_anew_is_read_from_its_beginning() -> None:
    state = canonical()
    state.apply(told(70), WALL)
    assert (state.fit_topic(0, 12), state.next, state.progress.records) == (0, 0, {"adapted": 1})


def test_an_adapter_that_is_not_there_is_named() -> None:
    with pytest.raises(FeedsError, match="feed till: there is no adapter 'squash'"):
        adapters_of([TILL._replace(adapter="squash")], {})
