"""The selection of policies, and assumed promises."""

from __future__ import annotations

import pytest

from streams.judging.policy import Attributes
from tests.histories import at, order, policies_of

ASSUMED = policies_of("""
[[policy]]
kind = "ready"
assumed = { starts_with = "ordered", within = "15m" }
""")

SHOPS = policies_of("""
[[policy]]
name = "any"
kind = "ready"
grace = "1m"

[[policy]]
name = "downtown"
kind = "ready"
grace = "2m"
when = { location = "downtown" }

[[policy]]
name = "downtown-app"
kind = "ready"
grace = "3m"
when = { location = ["downtown", "harbour"], channel = "app" }
""")

VERSIONS = policies_of("""
[[policy]]
kind = "ready"
grace = "5m"

[[policy]]
kind = "ready"
version = 2
effective_from = 2026-03-06T12:00:00Z
""")


def test_an_order_without_a_promise_gets_the_assumed_one_of_the_policy() -> None:
    story = order("o1").ordered("12:00")
    promise, judged = story.promise("12:05", ASSUMED)

    assert promise.origin == "assumed"
    assert judged.original.due == at("12:15")
    assert story.reached("ready", "12:15").ruling("12:30", ASSUMED) == "kept / on_time"
    assert story.reached("ready", "12:16").ruling("12:30", ASSUMED) == "broken / late"


@pytest.mark.parametrize("said_at", ["11:59", "12:00", "12:03"])
def test_a_given_promise_replaces_the_assumed_one_before_and_after_it(said_at: str) -> None:
    story = order("o1").ordered("12:00").promised("ready", due="12:40", origin="spoken", time=said_at)
    promise, judged = story.promise("12:20", ASSUMED)

    assert (promise.origin, judged.original.due, judged.current.due) == ("spoken", at("12:40"), at("12:40"))


def test_an_assumed_promise_has_the_subject_of_its_step() -> None:
    story = order("o1").about("bag").ordered("12:00").about("cake").ordered("12:10")

    assert story.promise("12:12", ASSUMED, subject="bag")[1].original.due == at("12:15")
    assert story.promise("12:12", ASSUMED, subject="cake")[1].original.due == at("12:25")


def test_ordering_twice_does_not_give_more_time() -> None:
    story = order("o1").ordered("12:00").ordered("12:10")

    assert story.promise("12:12", ASSUMED)[1].original.due == at("12:15")


def test_without_a_promise_nothing_is_judged() -> None:
    story = order("o1").nothing_promised("12:00").reached("ready", "12:10")

    assert story.judgement("13:00").promises == ()


@pytest.mark.parametrize(
    ("shop", "channel", "expected"),
    [
        ("uptown", None, "any@1"),
        ("downtown", None, "downtown@1"),
        ("downtown", "web", "downtown@1"),
        ("downtown", "app", "downtown-app@1"),
        ("harbour", "app", "downtown-app@1"),
        ("harbour", "web", "any@1"),
        (None, "app", "any@1"),
    ],
)
def test_the_policy_that_names_most_attributes_judges(shop: str | None, channel: str | None, expected: str) -> None:
    story = order("o1").promised("ready", due="12:40", time="12:00", at=shop, channel=channel)

    assert story.promise("12:10", SHOPS)[0].policy.id == expected


def test_attributes_of_an_earlier_event_count_for_a_later_promise() -> None:
    story = order("o1").ordered("12:00", at="downtown").promised("ready", due="12:40", channel="app", time="12:05")

    assert story.promise("12:10", SHOPS)[0].policy.id == "downtown-app@1"


def test_attributes_of_the_promise_itself_override_those_of_the_case() -> None:
    story = order("o1").ordered("12:00", at="downtown").about("bag")
    story = story.promised("ready", due="12:40", at="uptown", time="12:05")

    promise, judged = story.promise("12:10", SHOPS)
    assert (promise.policy.id, judged.location) == ("any@1", "uptown")


def test_of_two_equally_specific_policies_the_first_in_the_file_judges() -> None:
    text = """
    [[policy]]
    name = "by-shop"
    kind = "ready"
    when = { location = "downtown" }

    [[policy]]
    name = "by-channel"
    kind = "ready"
    when = { channel = "app" }
    """

    assert policies_of(text).policy_for("ready", Attributes("downtown", "app"), at("12:00")).id == "by-shop@1"


def test_a_more_specific_policy_without_assumed_promise_prevents_the_general_one() -> None:
    policies = policies_of("""
    [[policy]]
    kind = "ready"
    assumed = { starts_with = "ordered", within = "15m" }

    [[policy]]
    name = "tasting-menu"
    kind = "ready"
    when = { location = "harbour" }
    """)

    assert order("o1").ordered("12:00", at="harbour").judgement("13:00", policies).promises == ()
    assert order("o2").ordered("12:00", at="downtown").ruling("13:00", policies) == "broken / undelivered"


@pytest.mark.parametrize(
    ("made", "policy", "says"),
    [
        ("11:59:59.999", "ready@1", "kept / in_grace"),
        ("12:00", "ready@2", "broken / late"),
    ],
)
def test_the_version_in_force_when_a_promise_was_made_judges_it_for_good(made: str, policy: str, says: str) -> None:
    story = order("o1").promised("ready", due="12:40", time=made).reached("ready", "12:42")

    assert story.promise("13:00", VERSIONS)[0].policy.id == policy
    assert story.ruling("13:00", VERSIONS) == says


def test_an_amendment_does_not_change_the_version_of_the_policy() -> None:
    story = order("o1").promised("ready", due="12:40", time="11:00").amended("ready", "12:30", due="12:50", by="us")

    assert story.promise("12:31", VERSIONS)[0].policy.id == "ready@1"
    assert story.reached("ready", "12:54").ruling("13:00", VERSIONS, "current") == "kept / in_grace"


def test_if_no_policy_applies_the_least_specific_one_judges() -> None:
    policies = policies_of("""
    [[policy]]
    name = "app-downtown"
    kind = "ready"
    when = { location = "downtown", channel = "app" }

    [[policy]]
    name = "downtown"
    kind = "ready"
    when = { location = "downtown" }
    """)

    assert policies.policy_for("ready", Attributes("uptown"), at("12:00")).id == "downtown@1"


def test_a_promise_older_than_every_policy_is_judged_by_the_first_version() -> None:
    policies = policies_of("""
    [[policy]]
    kind = "ready"
    effective_from = 2026-03-06T12:00:00Z

    [[policy]]
    kind = "ready"
    version = 2
    effective_from = 2026-03-06T13:00:00Z
    """)

    assert policies.policy_for("ready", Attributes(), at("11:00")).id == "ready@1"
    with pytest.raises(KeyError):
        policies.policy_for("delivered", Attributes(), at("11:00"))


def test_each_promise_of_a_case_is_judged_by_its_own_policy() -> None:
    policies = policies_of('[[policy]]\nkind = "ready"\n[[policy]]\nkind = "delivered"\n')
    story = order("o1").promised("ready", due="12:20", time="12:00").promised("delivered", due="12:40")
    story = story.promised("delivered", due="12:50", ordinal=2).reached("ready", "12:25").reached("delivered", "12:45")

    assert story.ruling("13:00", policies, kind="ready") == "broken / late"
    assert story.ruling("13:00", policies, kind="delivered", ordinal=1) == "broken / late"
    assert story.ruling("13:00", policies, kind="delivered", ordinal=2) == "kept / on_time"


def test_one_step_may_keep_promises_of_several_kinds_and_the_first_of_several_steps_counts() -> None:
    policies = policies_of("""
    [[policy]]
    kind = "ready"
    kept_by = ["ready", "picked_up"]

    [[policy]]
    kind = "delivered"
    kept_by = ["picked_up"]
    """)
    story = order("o1").promised("ready", due="12:20", time="12:00").promised("delivered", due="12:20")
    bumped = story.reached("ready", "12:10").reached("picked_up", "12:30")

    assert bumped.ruling("13:00", policies, kind="ready") == "kept / on_time"
    assert bumped.ruling("13:00", policies, kind="delivered") == "broken / late"
    assert story.reached("picked_up", "12:15").ruling("13:00", policies, kind="ready") == "kept / on_time"
