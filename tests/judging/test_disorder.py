"""Events out of order, duplicates, and events with one id: only the instants of occurrence matter."""

from __future__ import annotations

from streams.judging.admission import admit
from streams.judging.case import Case, PromiseKey
from streams.judging.history import History, KnownHistory, insert
from streams.judging.settle import add_fact, settle
from tests.histories import READY, Story, at, history_of, order, policies_of

ASSUMED = policies_of('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
THE_ORDER = PromiseKey("", "ready", 1)


def rulings_after(story: Story, *clock: str) -> tuple[Case, list[str]]:
    """Add the events of a story at these instants. Return the case and its ruling after each."""
    case, rulings = Case(), []
    for event, now in zip(story.events, clock, strict=True):
        add_fact(case, admit(event, READY), READY, at(now))
        settle(case, READY, at(now))
        judged = case.judged.get(THE_ORDER)
        rulings.append(" / ".join(judged.current.ruling) if judged and not judged.retracted else "nothing")
    return case, rulings


def test_a_delivery_that_arrives_before_its_promise_waits_for_it() -> None:
    story = order("o1").reached("ready", "12:30").promised("ready", due="12:40", time="12:00")
    _, rulings = rulings_after(story, "12:31", "12:35")

    assert rulings == ["nothing", "kept / on_time"]


def test_a_delivery_that_happened_before_its_promise_keeps_it() -> None:
    story = order("o1").reached("ready", "11:50").promised("ready", due="12:40", time="12:00")

    assert story.ruling("12:10") == "kept / on_time"
    assert story.promise("12:10")[1].original.lateness == -50 * 60_000


def test_a_late_event_of_a_timely_delivery_is_a_numbered_revision() -> None:
    #  12:00      12:38                     12:40   12:50
    #  promised   ready (nobody tells us)   due     now they do
    story = order("o1").promised("ready", due="12:40", time="12:00").nothing_promised("12:41").reached("ready", "12:38")
    case, rulings = rulings_after(story, "12:00", "12:41", "12:50")

    assert rulings == ["open / pending", "broken / undelivered", "kept / on_time"]
    assert case.judged[THE_ORDER].revision == 1


def test_a_given_promise_replaces_the_assumed_one_in_any_order_of_arrival() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:03").ordered("12:00")
    promise, judged = story.promise("12:20", ASSUMED)

    assert (promise.origin, judged.current.due) == ("written", at("12:40"))


def test_a_repeated_event_is_a_duplicate() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:30")
    case = Case()
    additions = [add_fact(case, fact, READY, at("13:00")) for fact in [*story.facts(), *story.facts()]]

    assert additions == ["changed", "changed", "duplicate", "duplicate"]
    assert len(case.history) == 2


def test_add_fact_returns_whether_the_state_changed() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at="harbour", staff="anna")
    story = story.reached("boxed", "12:10").held("payment", "12:11", caused_by="us").taken_by("anna", "12:12")
    story = story.taken_by("ben", "12:13").reached("ready", "12:20").reached("ready", "12:21").undone("ready", "12:22")
    case = Case()
    additions = [add_fact(case, fact, READY, at("13:00")) for fact in story.facts()]

    assert additions == [
        "changed", "unchanged", "unchanged", "unchanged", "changed", "changed", "unchanged", "changed",
    ]  # fmt: skip


def test_of_two_events_with_one_id_the_later_one_counts() -> None:
    early = order("o1").reached("ready", "12:38", id="bump").facts()
    late = order("o1").reached("ready", "12:44", id="bump").facts()
    promised = order("o1").promised("ready", due="12:40", time="12:00").facts()

    assert history_of([*promised, *early, *late]) == history_of([*late, *promised, *early]) == [*promised, *late]


def test_replacing_an_event_undoes_the_effect_of_the_replaced_one() -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:38", id="bump")
    story = story.reached("ready", "12:44", id="bump")
    case, rulings = rulings_after(story, "12:00", "12:38", "12:44")

    assert rulings == ["open / pending", "kept / on_time", "broken / late"]
    assert case.judged[THE_ORDER].revision == 1


def test_one_id_in_two_cases_is_two_events() -> None:
    first = order("o1").promised("ready", due="12:40", time="12:00", id="x")
    second = order("o2").promised("ready", due="12:50", time="12:00", id="x")

    assert first.promise("12:10")[1].current.due != second.promise("12:10")[1].current.due


def test_a_promise_comes_before_its_delivery_at_the_same_instant() -> None:
    story = order("o1").reached("ready", "12:00").promised("ready", due="12:00", time="12:00")

    assert story.ruling("12:01") == "kept / on_time"


def test_an_event_in_the_future_counts_from_its_instant() -> None:
    #  12:30                  12:35        12:40
    #  a "ready" of 12:35     so it is     due
    story = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:35")
    case, rulings = rulings_after(story, "12:00", "12:30")

    assert rulings == ["open / pending", "open / pending"]
    assert case.wake_at == at("12:35")
    settle(case, READY, at("12:35"))
    assert case.judged[THE_ORDER].current.ruling == ("kept", "on_time")


def test_a_known_history_has_the_facts_until_that_instant() -> None:
    facts = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:30").facts()

    assert KnownHistory.at(facts, at("12:00")) == (facts[:1], at("12:30"))
    assert KnownHistory.at(facts, at("11:59")) == ([], at("12:00"))


def test_a_history_is_sorted_in_any_order_of_arrival() -> None:
    facts = order("o1").ordered("12:00").reached("ready", "12:10").undone("ready", "12:05").facts()
    history: History = []
    for fact in reversed(facts):
        assert insert(history, fact)

    assert [fact.at for fact in history] == [at("12:00"), at("12:05"), at("12:10")]
