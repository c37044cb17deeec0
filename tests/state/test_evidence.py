"""The evidence of a verdict: an event, a deadline, or a step that is known only by a proxy."""

from __future__ import annotations

import pytest

from schemas.words import Quality
from tests.histories import order, policies_of
from tests.state.partitions import Partition

HANDED = policies_of('[[policy]]\nkind = "ready"\nkept_by = ["ready", "picked_up"]\n')
STORY = order("o1").promised("ready", due="12:40", time="12:00")


def rulings_of(partition: Partition) -> list[str]:
    return [
        f"{one.revision} {one.current.verdict} / {one.current.reason}, {one.evidence}" for one in partition.verdicts
    ]


@pytest.mark.parametrize(
    ("quality", "evidence"),
    [(None, "event"), ("measured", "event"), ("status_change", "event"), ("proxy", "assumed")],
)
def test_a_verdict_that_depends_on_a_proxy_is_assumed(quality: Quality | None, evidence: str) -> None:
    partition = Partition(HANDED).arrive(STORY.reached("ready", "12:30", quality=quality))

    assert rulings_of(partition) == [f"0 kept / on_time, {evidence}"]


def test_a_proxy_after_the_deadline_is_late_and_assumed() -> None:
    partition = Partition(HANDED).arrive(STORY.reached("picked_up", "12:45", quality="proxy"))

    assert rulings_of(partition) == ["0 broken / undelivered, deadline", "1 broken / late, assumed"]


def test_a_step_measured_after_the_proxy_does_not_count() -> None:
    partition = Partition(HANDED).arrive(STORY.reached("ready", "12:30", quality="proxy").reached("picked_up", "12:35"))

    assert rulings_of(partition) == ["0 kept / on_time, assumed"]


def test_a_step_measured_before_the_proxy_counts_even_if_it_arrives_later() -> None:
    story = STORY.reached("picked_up", "12:35", quality="proxy").reached("ready", "12:30")
    partition = Partition(HANDED).arrive(story, "12:00", "12:35", "12:36")

    assert rulings_of(partition) == ["0 kept / on_time, assumed", "1 kept / on_time, event"]


@pytest.mark.parametrize("first", ["ready", "picked_up"])
def test_of_two_steps_at_one_instant_the_measured_one_counts(first: str) -> None:
    #  two buttons pressed together: one is noted, the other follows from the payment
    second = "picked_up" if first == "ready" else "ready"
    for qualities in (("proxy", None), (None, "proxy")):
        story = STORY.reached(first, "12:30", quality=qualities[0]).reached(second, "12:30", quality=qualities[1])

        assert rulings_of(Partition(HANDED).arrive(story))[-1].endswith("kept / on_time, event")


def test_a_later_measured_step_is_a_revision_that_changes_no_count() -> None:
    story = STORY.reached("ready", "12:30", quality="proxy")
    partition = Partition(HANDED).arrive(story.corrected("e2", "12:50", order("o1").reached("ready", "12:30")))

    assert rulings_of(partition) == ["0 kept / on_time, assumed", "1 kept / on_time, event"]
    assert partition.net() == {"kept": 1}


def test_an_undone_proxy_leaves_no_trace() -> None:
    story = STORY.reached("ready", "12:30", quality="proxy").undone("ready", "12:31").reached("ready", "12:32")
    partition = Partition(HANDED).arrive(story)

    assert rulings_of(partition) == ["0 kept / on_time, assumed", "1 open / pending, event", "2 kept / on_time, event"]


def test_a_cancellation_before_the_proxy_does_not_depend_on_it() -> None:
    story = STORY.cancelled("12:20", by="us").reached("ready", "12:30", quality="proxy")
    partition = Partition(HANDED).arrive(story)

    assert rulings_of(partition) == ["0 broken / cancelled_by_us, event"]


def test_a_proxy_of_one_subject_does_not_count_for_another() -> None:
    story = STORY.about("bag").promised("ready", due="12:40", time="12:00").reached("ready", "12:30", quality="proxy")
    partition = Partition(HANDED).arrive(story.about("").reached("ready", "12:31"))

    assert [(one.subject, one.evidence) for one in partition.verdicts] == [("bag", "assumed"), ("", "event")]


def test_a_stated_promise_is_counted_as_made_once() -> None:
    story = order("o1").stated("ready", due="12:40", time="12:00").stated("ready", due="12:40", time="12:10")
    partition = Partition(HANDED).arrive(story.stated("ready", due="12:50", time="12:20").reached("ready", "12:45"))

    assert (partition.row().made, partition.net(), partition.net(basis="original")) == (1, {"kept": 1}, {"broken": 1})
    assert partition.state.counters.duplicates == 0
