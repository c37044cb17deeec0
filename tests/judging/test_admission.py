"""Admission: events that become facts, and events that are refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec import structs

from schemas.events import PromisesMade, PromiseTerms
from schemas.instants import to_datetime
from schemas.reading import Refused
from streams.judging.admission import admit
from streams.judging.history import Fact, FactType, Terms
from tests.histories import READY, Story, at, order, policies_of

JUDGING = policies_of('[[policy]]\nkind = "ready"\ndue_before_made = "judge"\n')
ONE_SHOP = policies_of("""
[[policy]]
kind = "ready"

[[policy]]
name = "harbour"
kind = "ready"
due_before_made = "judge"
when = { location = "harbour" }
""")
PROMISED = order("o1").promised("ready", due="12:40", time="12:00")
BACKWARDS = order("o1").promised("ready", due="11:59:59.999", time="12:00")


def test_a_fact_has_only_the_fields_that_judging_needs() -> None:
    story = order("o1").about("bag").promised("ready", opens="12:30", due="12:40", time="12:00", at="harbour")
    story = story.about("cake").reached("ready", "12:35", staff="anna", channel="app", segment="new")

    assert story.facts() == [
        Fact(
            at("12:00"), FactType.MADE, "e1", "bag", location="harbour",
            terms=(Terms("ready", 1, at("12:30"), at("12:40"), "written"),),
        ),
        Fact(at("12:35"), FactType.REACHED, "e2", "cake", "ready", "anna", "", "app", "new"),
    ]  # fmt: skip


REFUSED = {
    "a kind that nobody judges": (
        order("o1").promised("warm", due="12:40", time="12:00"),
        "unknown_kind", "no policy judges promises of kind 'warm'; there are policies for ready",
    ),
    "another due of such a kind": (PROMISED.amended("warm", "12:10", due="13:00", by="us"), "unknown_kind", "'warm'"),
    "the withdrawal of such a kind": (PROMISED.withdrawn("warm", "12:10", by="us"), "unknown_kind", "'warm'"),
    "a due before the promise": (BACKWARDS, "due_before_made", 'due_before_made = "judge"'),
    "a window that opens after its due": (
        order("o1").promised("ready", opens="12:41", due="12:40", time="12:00"),
        "bad_time", "the window of ready opens after it is due",
    ),
    "another window that does": (
        PROMISED.amended("ready", "12:10", opens="13:01", due="13:00", by="us"), "bad_time", "opens after it is due",
    ),
    "a correction with a refused event": (PROMISED.corrected("e1", "12:10", BACKWARDS), "due_before_made", "11:59:59"),
    "a due in the year 2120": (order("o1").promised("ready", due="830000:00", time="12:00"), "bad_time", "due: 2120"),
    "an event in the year 2120": (order("o1").reached("ready", "830000:00"), "bad_time", "occurred_at: 2120"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_event_that_cannot_be_judged_is_refused_with_its_reason(name: str) -> None:
    story, reason, detail = REFUSED[name]
    with pytest.raises(Refused) as refused:
        admit(story.events[-1], READY)

    assert refused.value.reason == reason
    assert detail in refused.value.detail


def test_the_event_of_a_correction_must_have_the_same_id_and_case() -> None:
    elsewhere = PROMISED.corrected("e1", "12:10", order("o2").reached("ready", "12:05"))
    with pytest.raises(Refused, match="must have the corrected id") as refused:
        admit(elsewhere.events[-1], READY)

    assert refused.value.reason == "bad_value"


def test_a_due_at_the_instant_of_the_promise_is_accepted() -> None:
    story = order("o1").promised("ready", due="12:00", time="12:00")

    assert story.ruling("12:00") == "open / pending"
    assert story.ruling("12:00:00.001") == "broken / undelivered"


def test_a_due_before_the_promise_is_judged_if_the_policy_allows_it() -> None:
    assert BACKWARDS.ruling("12:00", JUDGING) == "broken / undelivered"


@pytest.mark.parametrize(("shop", "is_taken"), [("harbour", True), ("downtown", False), (None, False)])
def test_the_policy_of_the_shop_decides_on_a_due_before_the_promise(shop: str | None, is_taken: bool) -> None:
    story: Story = order("o1").promised("ready", due="11:00", time="12:00", at=shop)
    if is_taken:
        assert admit(story.events[0], ONE_SHOP).location == "harbour"
    else:
        with pytest.raises(Refused, match="due_before_made"):
            admit(story.events[0], ONE_SHOP)


def made(*terms: PromiseTerms, occurred_at: datetime) -> PromisesMade:
    return PromisesMade(id="e1", case="o1", occurred_at=occurred_at, promises=list(terms))


def test_a_due_in_the_same_millisecond_as_the_promise_is_accepted() -> None:
    noon = to_datetime(at("12:00"))
    terms = PromiseTerms(kind="ready", due=noon + timedelta(microseconds=400))
    assert admit(made(terms, occurred_at=noon + timedelta(microseconds=600)), READY).terms[0].due == at("12:00")


def test_two_promises_of_one_kind_in_one_event_need_different_ordinals() -> None:
    noon = to_datetime(at("12:00"))
    first, second = (PromiseTerms(kind="ready", due=noon + timedelta(hours=hours)) for hours in (1, 2))
    with pytest.raises(Refused, match="bad_value: two promises of one kind have the same ordinal"):
        admit(made(first, second, occurred_at=noon), READY)
    numbered = structs.replace(second, ordinal=2)
    assert [terms.ordinal for terms in admit(made(first, numbered, occurred_at=noon), READY).terms] == [1, 2]
