"""Why is it judged so? The answer reads like the story of the promise."""

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
    story: Story, now: str = "13:30", policies: Policies = READY, *, known: str = "14:00", is_stale: bool = False
) -> list[Explanation]:
    """All promises of the story at `now`, of which is known what happened up to `known`."""
    case = Case()
    for fact in story.facts(policies):
        add_fact(case, fact, policies, at(now))
    settle(case, policies, at(now), at(known), at(now) if is_stale else 0)
    return explain(case, policies, at(now))


def steps(story: Story, now: str = "13:30", policies: Policies = READY) -> list[str]:
    """The steps of the only promise: event and effect."""
    [one] = explained(story, now, policies)
    return [f"{step.event_id or 'time'}: {step.effect}" for step in one.steps]


MADE = "e1: made (written): ready by 2026-03-06T12:40:00.000Z, ready@1"


def test_a_promise_put_off_and_then_kept() -> None:
    story = STORY.taken_by("anna", "12:05").amended("ready", "12:30", due="13:00", by="us").reached("ready", "12:50")

    assert steps(story) == [
        MADE,
        "e2: in hand of anna",
        "e3: now due 2026-03-06T13:00:00.000Z, the original due stands",
        "time: the original deadline passed with nothing delivered: broken",
        "e4: delivered 600.000 s before due",
    ]


def test_a_promise_put_off_for_the_customer() -> None:
    assert steps(STORY.amended("ready", "12:30", due="13:00", by="customer"))[1:] == [
        "e2: now due 2026-03-06T13:00:00.000Z, at the customer's wish",
        "time: the deadline passed with nothing delivered: broken",
    ]


def test_a_delivery_after_the_deadline_stands_after_it() -> None:
    assert steps(STORY.reached("ready", "12:45")) == [
        MADE,
        "time: the deadline passed with nothing delivered: broken",
        "e2: delivered 300.000 s after due",
    ]
    assert steps(STORY.reached("ready", "12:40"))[1:] == ["e2: delivered at due"]


def test_a_deadline_whose_feed_was_not_heard_of_since_breaks_nothing() -> None:
    for is_stale, reason in ((True, "unconfirmed"), (False, "pending")):
        [one] = explained(STORY, "13:00", known="12:30", is_stale=is_stale)
        passed = one.steps[-1]

        assert (one.judged.current.ruling.reason, format_instant(passed.at)) == (reason, "2026-03-06T12:40:00.001Z")
        assert passed.effect == "the deadline passed; its feed has not been heard of since, so nothing is known"


def test_a_recall_and_a_cancellation() -> None:
    story = STORY.reached("ready", "12:20").undone("ready", "12:22").cancelled("12:25", by="customer")

    assert steps(story)[2:] == ["e3: open again: what kept it was undone", "e4: cancelled by the customer"]
    assert steps(STORY.withdrawn("ready", "12:10", by="us"))[1:] == ["e2: withdrawn by us"]


def test_an_assumed_promise_that_is_said_outright_later() -> None:
    story = order("o1").ordered("12:00").promised("ready", due="12:40", time="12:05", origin="spoken")

    assert steps(story, "12:10", ASSUMED) == [
        "e1: made (assumed): ready by 2026-03-06T12:15:00.000Z, ready@1",
        "e2: made (spoken): ready by 2026-03-06T12:40:00.000Z, ready@1",
    ]


def test_an_assumed_promise_that_fell_and_came_again() -> None:
    story = order("o1").ordered("12:00").undone("ordered", "12:02").ordered("12:10")

    assert steps(story, "12:12", ASSUMED) == [
        "e1: made (assumed): ready by 2026-03-06T12:15:00.000Z, ready@1",
        "e2: the promise falls with the step that started it",
        "e3: made (assumed): ready by 2026-03-06T12:25:00.000Z, ready@1",
    ]


def test_a_correction_is_named_and_its_truth_stands_where_it_happened() -> None:
    right = order("o1").reached("ready", "12:39")
    story = STORY.reached("ready", "12:45").corrected("e2", "13:00", right)

    assert steps(story) == [MADE, "e2: delivered 60.000 s before due", "e3: corrects e2"]
    assert steps(story.denied("e2", "13:10"))[-1] == "e4: says that e2 never happened"


def test_what_changes_nothing_says_so() -> None:
    story = STORY.held("payment", "12:05", caused_by="customer").reached("boxed", "12:10")

    assert steps(story, "12:20")[1:] == [
        "e2: hold_started payment: changes nothing here",
        "e3: reached boxed: changes nothing here",
    ]


def test_what_happened_to_another_bag_is_not_told() -> None:
    story = order("o1").about("bag").promised("ready", due="12:40", time="12:00")
    story = story.about("cake").promised("ready", due="12:40", time="12:00").reached("ready", "12:30")
    bag, cake = explained(story)

    assert [step.event_id for step in bag.steps] == ["e1", None]
    assert [step.event_id for step in cake.steps] == ["e2", "e3"]


def test_a_window_says_when_it_opens() -> None:
    story = order("o1").promised("ready", opens="12:30", due="12:40", time="12:00")

    assert steps(story, "12:10") == [
        "e1: made (written): ready by 2026-03-06T12:40:00.000Z not before 2026-03-06T12:30:00.000Z, ready@1"
    ]


def test_as_json_it_has_both_bases_and_the_next_look() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")
    [one] = explained(story.amended("ready", "12:30", due="13:00", by="us"), "12:50")
    told = one.as_json()

    assert (told["kind"], told["subject"], told["ordinal"]) == ("ready", "", 1)
    assert (told["made"], told["location"], told["staff"]) == ("2026-03-06T12:00:00.000Z", "harbour", "anna")
    assert (told["verdict"], told["due"]) == ("open", "2026-03-06T13:00:00.000Z")
    assert (told["original"]["verdict"], told["original"]["reason"]) == ("broken", "undelivered")
    assert (told["revision"], told["wake_at"]) == (0, "2026-03-06T13:00:00.001Z")
    assert told["steps"][0] == {
        "at": "2026-03-06T12:00:00.000Z",
        "event_id": "e1",
        "effect": "made (written): ready by 2026-03-06T12:40:00.000Z, ready@1; in hand of anna",
    }


def test_before_its_first_verdict_and_after_its_last_change_nothing_is_shown() -> None:
    [waiting] = explained(STORY, "12:10")
    [kept] = explained(STORY.reached("ready", "12:20"), "12:30")

    assert waiting.as_json()["revision"] is None
    assert (kept.as_json()["wake_at"], kept.as_json()["lateness_seconds"]) == (None, -1200.0)


def test_a_till_that_says_the_same_again_and_then_another_due() -> None:
    story = order("o1").stated("ready", due="12:40", time="12:00").stated("ready", due="12:40", time="12:10")

    assert steps(story.stated("ready", due="12:50", time="12:20")) == [
        MADE,
        "e2: states nothing new here",
        "e3: now due 2026-03-06T12:50:00.000Z, the original due stands",
        "time: the original deadline passed with nothing delivered: broken",
        "time: the deadline passed with nothing delivered: broken",
    ]


def test_how_the_time_of_a_step_is_known_where_it_was_not_measured() -> None:
    story = STORY.reached("boxed", "12:20", quality="status_change").reached("ready", "12:30", quality="proxy")
    [explanation] = explained(story)

    assert steps(story) == [
        MADE,
        "e2: reached boxed (status_change): changes nothing here",
        "e3: delivered 600.000 s before due (proxy)",
    ]
    assert explanation.as_json()["evidence"] == "assumed"
    assert steps(STORY.reached("ready", "12:30", quality="measured"))[-1] == "e2: delivered 600.000 s before due"
