"""Explanations: the steps of a promise in order."""

from __future__ import annotations

from schemas.instants import format_instant
from streams.judging.case import Case
from streams.judging.explain import Explanation, explain
from streams.judging.policy import Policies
from streams.judging.settle import add_fact, settle
from tests.histories import READY, Story, at, order, policies_of

STORY = order("o1").promised("ready", due="12:40", time="12:00")
ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')


def explained(
    story: Story,
    now: str = "13:30",
    policies: Policies = READY,
    *,
    complete_until: str = "14:00",
    is_stale: bool = False,
) -> list[Explanation]:
    """Explain all promises of a story at `now`, with the watermark of their feed."""
    case = Case()
    for fact in story.facts(policies):
        add_fact(case, fact, policies, at(now))
    settle(case, policies, at(now), at(complete_until), at(now) if is_stale else 0)
    return explain(case, policies, at(now))


def steps(story: Story, now: str = "13:30", policies: Policies = READY) -> list[str]:
    """Return the steps of the only promise, each as event and effect."""
    [explanation] = explained(story, now, policies)
    return [f"{step.event_id or 'time'}: {step.effect}" for step in explanation.steps]


MADE = "e1: made (written): ready by 2026-03-06T12:40:00.000Z, ready@1"


def test_a_promise_amended_by_us_and_then_kept() -> None:
    story = STORY.taken_by("anna", "12:05").amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50")

    assert steps(story) == [
        MADE,
        "e2: assigned to anna",
        "e3: now due 2026-03-06T13:00:00.000Z, the original due stands",
        "time: the original deadline passed with nothing delivered: broken",
        "e4: delivered 600.000 s before due",
    ]


def test_a_promise_amended_by_the_customer() -> None:
    assert steps(STORY.amended("ready", "12:30", due="13:00", by="customer"))[1:] == [
        "e2: now due 2026-03-06T13:00:00.000Z, at the customer's request",
        "time: the deadline passed with nothing delivered: broken",
    ]


def test_a_delivery_after_the_deadline_stands_after_it() -> None:
    assert steps(STORY.reached("ready", "12:45")) == [
        MADE,
        "time: the deadline passed with nothing delivered: broken",
        "e2: delivered 300.000 s after due",
    ]
    assert steps(STORY.reached("ready", "12:40"))[1:] == ["e2: delivered at due"]


def test_a_deadline_beyond_the_watermark_of_its_feed_breaks_nothing() -> None:
    for is_stale, reason in ((True, "unconfirmed"), (False, "pending")):
        [explanation] = explained(STORY, "13:00", complete_until="12:30", is_stale=is_stale)
        passed = explanation.steps[-1]

        assert (explanation.judged.current.ruling.reason, format_instant(passed.at)) == (
            reason,
            "2026-03-06T12:40:00.001Z",
        )
        assert passed.effect == "the deadline passed; its feed has not reported since, so the promise is still open"


def test_a_recall_and_a_cancellation() -> None:
    story = STORY.reached("ready", "12:20").undone("ready", "12:22").cancelled("12:25", by="customer")

    assert steps(story)[2:] == ["e3: open again: the step that kept it was undone", "e4: cancelled by the customer"]
    assert steps(STORY.withdrawn("ready", "12:10", by="us"))[1:] == ["e2: withdrawn by us"]


def test_an_assumed_promise_that_is_given_later() -> None:
    story = order("o1").ordered("12:00").promised("ready", due="12:40", time="12:05", origin="spoken")

    assert steps(story, "12:10", ASSUMED) == [
        "e1: made (assumed): ready by 2026-03-06T12:15:00.000Z, ready@1",
        "e2: made (spoken): ready by 2026-03-06T12:40:00.000Z, ready@1",
    ]


def test_an_assumed_promise_that_is_removed_and_started_again() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02").ordered("12:10")

    assert steps(story, "12:12", ASSUMED) == [
        "e1: made (assumed): ready by 2026-03-06T12:15:00.000Z, ready@1",
        "e2: removed with the step that started it",
        "e3: made (assumed): ready by 2026-03-06T12:25:00.000Z, ready@1",
    ]


def test_a_correction_is_shown_and_its_event_at_its_own_instant() -> None:
    right = order("o1").reached("ready", "12:39")
    story = STORY.reached("ready", "12:45").corrected("e2", "13:00", right)

    assert steps(story) == [MADE, "e2: delivered 60.000 s before due", "e3: corrects e2"]
    assert steps(story.denied("e2", "13:10"))[-1] == "e4: says that e2 never happened"


def test_a_fact_without_effect_is_shown_as_such() -> None:
    story = STORY.held("payment", "12:05", caused_by="customer").reached("boxed", "12:10")

    assert steps(story, "12:20")[1:] == [
        "e2: hold_started payment: changes nothing here",
        "e3: reached boxed: changes nothing here",
    ]


def test_facts_of_another_subject_are_not_shown() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00")
    story = story.about("cake").promised("ready", due="12:40", time="12:00").reached("ready", "12:30")
    bag, cake = explained(story)

    assert [step.event_id for step in bag.steps] == ["e1", None]
    assert [step.event_id for step in cake.steps] == ["e2", "e3"]


def test_the_opening_of_a_window_is_shown() -> None:
    story = order("o1").promised("ready", opens="12:30", due="12:40", time="12:00")

    assert steps(story, "12:10") == [
        "e1: made (written): ready by 2026-03-06T12:40:00.000Z not before 2026-03-06T12:30:00.000Z, ready@1"
    ]


def test_the_json_has_both_bases_and_the_next_change() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")
    [explanation] = explained(story.amended("ready", "12:30", due="13:00", by="us"), "12:50")
    document = explanation.as_json()

    assert (document["kind"], document["subject"], document["ordinal"]) == ("ready", "", 1)
    assert (document["made"], document["location"], document["staff"]) == (
        "2026-03-06T12:00:00.000Z",
        "harbour",
        "anna",
    )
    assert (document["verdict"], document["due"]) == ("open", "2026-03-06T13:00:00.000Z")
    assert (document["original"]["verdict"], document["original"]["reason"]) == ("broken", "undelivered")
    assert (document["revision"], document["wake_at"]) == (0, "2026-03-06T13:00:00.001Z")
    assert document["steps"][0] == {
        "at": "2026-03-06T12:00:00.000Z",
        "event_id": "e1",
        "effect": "made (written): ready by 2026-03-06T12:40:00.000Z, ready@1; assigned to anna",
    }


def test_revision_and_next_change_are_null_when_there_are_none() -> None:
    [waiting] = explained(STORY, "12:10")
    [kept] = explained(STORY.reached("ready", "12:20"), "12:30")

    assert waiting.as_json()["revision"] is None
    assert (kept.as_json()["wake_at"], kept.as_json()["lateness_seconds"]) == (None, -1200.0)


def test_a_repeated_snapshot_and_one_with_another_due() -> None:
    story = order("o1").stated("ready", due="12:40", time="12:00").stated("ready", due="12:40", time="12:10")

    assert steps(story.stated("ready", due="12:50", time="12:20")) == [
        MADE,
        "e2: states nothing new here",
        "e3: now due 2026-03-06T12:50:00.000Z, the original due stands",
        "time: the original deadline passed with nothing delivered: broken",
        "time: the deadline passed with nothing delivered: broken",
    ]


def test_the_quality_of_a_step_is_shown_unless_measured() -> None:
    story = STORY.reached("boxed", "12:20", quality="status_change").reached("ready", "12:30", quality="proxy")
    [explanation] = explained(story)

    assert steps(story) == [
        MADE,
        "e2: reached boxed (status_change): changes nothing here",
        "e3: delivered 600.000 s before due (proxy)",
    ]
    assert explanation.as_json()["evidence"] == "assumed"
    assert steps(STORY.reached("ready", "12:30", quality="measured"))[-1] == "e2: delivered 600.000 s before due"
