"""The encoding of cases."""

from __future__ import annotations

import pytest

from schemas.instants import from_datetime
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.history import pack, pack_fact, pack_history, unpack_history
from streams.judging.policy import Policies
from streams.judging.settle import add_fact, settle
from streams.state.case_codec import UnknownPolicy, decode, encode, read_wake_at
from tests.histories import READY, Story, at, order, policies_of

RICH = order("o1").about("bag")
RICH = RICH.promised("ready", opens="12:30", due="12:40", time="12:00", at="harbour", origin="spoken")
RICH = RICH.taken_by("anna", "12:05").amended("ready", "12:10", due="13:00", by="us", channel="app")
RICH = RICH.reached("ready", "12:45").corrected("e4", "12:50", order("o1").about("bag").reached("ready", "12:35"))
RICH = RICH.withdrawn("ready", "12:55", by="customer").about("").cancelled("12:58", by="us", segment="new")


STEPS = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:30")
STEPS = STEPS.reached("picked_up", "12:45", quality="proxy")
ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
RENAMED = policies_of('[[policy]]\nname = "pickup"\nkind = "ready"\n')


def case_of(story: Story, policies: Policies = READY, now: str = "13:00") -> Case:
    """Return the case after a story, with all events added at `now`."""
    case = Case()
    for fact in story.facts(policies):
        add_fact(case, fact, policies, at(now))
        settle(case, policies, at(now))
    return case


def case_in_steps(story: Story) -> Case:
    """Return the case after a story, with each event added at its instant."""
    case = Case()
    for event in story.events:
        now = from_datetime(event.occurred_at)
        add_fact(case, admit(event, READY), READY, now)
        settle(case, READY, now)
    return case


def test_a_case_with_all_kinds_of_facts_can_be_decoded() -> None:
    assert decode(encode(case_of(RICH)), READY) == case_of(RICH)


def test_a_case_with_snapshots_and_proxies_can_be_decoded() -> None:
    story = STEPS.stated("ready", due="12:50", time="12:10").amended("ready", "12:20", due="13:00", by="customer")

    assert decode(encode(case_of(story)), READY) == case_of(story)


def test_an_empty_case_can_be_decoded() -> None:
    assert decode(encode(Case()), READY) == Case()


def test_a_decoded_case_continues_like_the_original() -> None:
    story = RICH.denied("e6", "12:59")
    original, restored = case_of(RICH), decode(encode(case_of(RICH)), READY)
    for case in (original, restored):
        add_fact(case, story.facts()[-1], READY, at("13:00"))
        settle(case, READY, at("13:00"))

    assert original == restored


def test_decoding_names_the_policy_that_is_missing() -> None:
    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        decode(encode(case_of(RICH)), RENAMED)


def test_a_case_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="stored in version 99; this code reads version 2"):
        decode(b"\x63" + encode(Case())[1:], READY)


def test_the_timer_is_read_from_the_head_alone() -> None:
    waiting = case_of(order("o1").promised("ready", due="12:40", time="12:00"), now="12:30")

    assert read_wake_at(encode(waiting)) == waiting.wake_at == at("12:40:00.001")


def test_facts_are_stored_without_trailing_defaults() -> None:
    [made, step, known_by_proxy] = STEPS.facts()

    assert len(pack_fact(step)) < len(pack(step)) - 2
    assert len(pack_fact(made)) < len(pack(made))
    assert pack_fact(known_by_proxy) == pack(known_by_proxy)
    assert unpack_history(pack_history([made, step, known_by_proxy]), 3) == [made, step, known_by_proxy]
