"""Cases as bytes."""

from __future__ import annotations

import msgspec
import pytest

from streams.book.codec import UnknownPolicy, decode, encode
from streams.judging.case import Case
from streams.judging.settle import settle, take
from tests.histories import READY, Story, at, order, rules

RICH = order("o1").about("bag")
RICH = RICH.promised("ready", opens="12:30", due="12:40", time="12:00", at="harbour", origin="spoken")
RICH = RICH.taken_by("anna", "12:05").amended("ready", "12:10", due="13:00", by="us", channel="app")
RICH = RICH.reached("ready", "12:45").corrected("e4", "12:50", order("o1").about("bag").reached("ready", "12:35"))
RICH = RICH.withdrawn("ready", "12:55", by="customer").about("").cancelled("12:58", by="us", segment="new")


def told(story: Story) -> Case:
    case = Case()
    for fact in story.facts():
        take(case, fact, READY, at("13:00"))
        settle(case, READY, at("13:00"))
    return case


def test_a_case_with_all_that_a_case_can_have_comes_back_as_it_was() -> None:
    assert decode(encode(told(RICH)), READY) == told(RICH)


def test_a_case_without_anything_comes_back_too() -> None:
    assert decode(encode(Case()), READY) == Case()


def test_a_case_that_comes_back_goes_on_as_if_it_had_never_been_away() -> None:
    story = RICH.denied("e6", "12:59")
    stayed, away = told(RICH), decode(encode(told(RICH)), READY)
    for case in (stayed, away):
        take(case, story.facts()[-1], READY, at("13:00"))
        settle(case, READY, at("13:00"))

    assert stayed == away


def test_state_of_a_policy_that_is_gone_names_it() -> None:
    renamed = rules('[[policy]]\nname = "pickup"\nkind = "ready"\n')
    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        decode(encode(told(RICH)), renamed)


def test_state_of_another_version_of_the_code_is_not_guessed_at() -> None:
    fields = msgspec.msgpack.decode(encode(Case()))
    with pytest.raises(ValueError, match="stored in version 99; this code reads version 1"):
        decode(msgspec.msgpack.encode([99, *fields[1:]]), READY)
