"""Random logs with feeds that lag, fail and come back: what is judged follows from what was heard, and from no accident
of reading."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import events
from schemas.instants import Instant
from schemas.words import BASES, UNCONFIRMED
from streams.judging.settle import judge
from streams.state.changelog import Contents
from tests.judging.generated import END, MINUTE, TOWN, settled_by
from tests.state.desk import FOREVER, Desk, holds_together, record, rolling
from tests.state.fed import ONE, SOME, Log, fed, looked_at, read
from tests.state.kept import Kept, Twins
from tests.state.test_any_log import Net, by_staff, net
from tests.state.test_any_log import read as read_at_once

LIMIT = ONE["north"].silent_after


def judged(desk: Desk, kept: Kept) -> Net:
    """What should stand at the clock of the book, from the histories and from what the book has heard."""
    kept.writes(desk.book)
    head = Contents(kept.records).head
    heard, now = head.feeds["till"], desk.book.clock.now
    upto = min(heard.partitions.values(), default=0)
    lapsed = now if now > max(upto, heard.awaited_from) + LIMIT else 0
    found: Net = {}
    case = desk.book.case("c")
    for promise, said in judge(case.history, TOWN, now, upto, lapsed).promises if case else ():
        for basis in BASES:
            found.setdefault((said.location, promise.key.kind, basis), Counter())[said.on(basis).ruling] += 1
    return found


@settled_by(150)
@given(fed(), st.sampled_from([1, 2, 3]))
def test_what_stands_is_the_histories_judged_from_scratch_by_what_was_heard(log: Log, minutes: int) -> None:
    desk, kept = Desk(TOWN, feeds=ONE), Kept()
    least: Instant = 0
    for offset, (clock, event) in enumerate(log, 1):
        looked_at(desk, clock, minutes)
        desk.reads(record(event, clock))
        desk.book.next = offset
        holds_together(desk.book.tally)
        least, before = desk.book.heard.get("till", 0), least
        if least < before:
            return  # what was broken by then stays so, though from scratch it would not be
        assert net(desk) == judged(desk, kept)


@settled_by(150)
@given(fed(), st.data())
def test_once_all_is_heard_no_order_of_arrival_and_no_outage_has_left_a_trace(log: Log, data: st.DataObject) -> None:
    again = data.draw(st.permutations([event for _, event in log]))
    late = data.draw(st.integers(0, 30)) * MINUTE
    plain = read_at_once([(clock, event) for clock, event in log if not isinstance(event, events.Clock)])
    for desk in (read(log, SOME), read([(log[0][0] + late, event) for event in again], SOME)):
        holds_together(desk.book.tally)
        assert net(desk) == net(plain)
        assert by_staff(desk) == by_staff(plain)
        for basis in BASES:
            assert rolling(desk.book.tally.windows, basis) == rolling(plain.book.tally.windows, basis)


@settled_by(150)
@given(fed(), st.sampled_from([None, MINUTE, 5 * MINUTE]), st.sampled_from([1, 4]), st.data())
def test_wherever_a_log_is_cut_and_however_often_the_clock_is_looked_at_the_same_is_said(
    log: Log, retention: int | None, minutes: int, data: st.DataObject
) -> None:
    twins = Twins(TOWN, retention, SOME)
    cuts = data.draw(st.lists(st.sampled_from(["on", "on", "write", "reopen", "look"]), min_size=len(log)))
    for (clock, event), cut in zip(log, cuts, strict=False):
        if cut == "look":
            looked_at(twins.away, clock, minutes)
        twins.read(record(event, clock), cut)
    looked_at(twins.away, END, minutes)
    twins.are_alike(END)


@settled_by(80)
@given(fed())
def test_no_alert_is_raised_twice_and_verdicts_are_numbered_without_a_gap(log: Log) -> None:
    desk = read(log, SOME)
    ids = Counter(alert.id for alert in desk.alerts)
    assert not [one for one, count in ids.items() if count > 1]

    numbers: dict[tuple[str, str, int], int] = {}
    for verdict in desk.verdicts:
        key = verdict.subject, verdict.kind, verdict.ordinal
        assert verdict.revision == numbers.get(key, -1) + 1
        numbers[key] = verdict.revision


@settled_by(80)
@given(fed())
def test_where_no_feed_is_declared_clock_records_are_what_they_were(log: Log) -> None:
    told = [(clock, event) for clock, event in log if not isinstance(event, events.Clock)]
    plain, desk = Desk(TOWN), Desk(TOWN, feeds={"nowhere": ONE["north"]})
    for clock, event in told:
        plain.reads(record(event, clock))
    for clock, said in log:
        desk.reads(record(said, clock))
    for one in (plain, desk):
        one.said += one.book.move(max(END, one.book.clock.now), FOREVER)

    assert desk.heard == plain.heard
    assert desk.book.stored_cases() == plain.book.stored_cases()


def test_the_logs_that_are_tried_have_outages_enough_to_prove_something() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(fed())
    def look(log: Log) -> None:
        desk, ever = Desk(TOWN, feeds=ONE), Counter[str]()
        for clock, event in log:
            desk.reads(record(event, clock))
            for row in net(desk).values():
                ever.update({ruling.reason: 1 for ruling in row})
        seen.update(set(ever))

    look()
    assert seen[UNCONFIRMED.reason] > 25
    assert seen["undelivered"] > 25
