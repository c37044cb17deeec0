"""Tests of `promises explain` for a location with a feed."""

from __future__ import annotations

from pathlib import Path

from schemas.events import Clock
from streams.cli.explain import explanations_of
from streams.judging.locations import LocationFeed
from tests.cli.command import promises
from tests.cli.event_files import write_events
from tests.histories import READY, at, moment, order
from tests.state.partitions import record

HARBOUR = {"harbour": LocationFeed("till", silent_after=5 * 60_000)}
ORDER = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").events[0]


def last_step(heard: str, until: str) -> tuple[str, str]:
    """Return the reason of the order, and its last effect, if its feed was read up to `heard`."""
    clock_record = Clock(source="till", at=moment(heard))
    records = [(0, record(ORDER, at("12:00"))), (0, record(clock_record, at(heard)))]
    [explanation] = explanations_of(records, "o1", READY, at(until), HARBOUR)
    return explanation.judged.current.ruling.reason, explanation.steps[-1].effect


def test_a_deadline_that_waits_for_a_silent_feed_is_unconfirmed() -> None:
    reason, effect = last_step(heard="12:30", until="13:00")

    assert reason == "unconfirmed"
    assert effect == "the deadline passed; its feed has not reported since, so the promise is still open"


def test_a_deadline_before_the_watermark_of_the_feed_is_undelivered() -> None:
    assert last_step(heard="12:41", until="13:00") == (
        "undelivered",
        "the deadline passed with nothing delivered: broken",
    )


def test_the_command_knows_feeds_from_the_locations(tmp_path: Path) -> None:
    events, locations = write_events(tmp_path / "events.jsonl", ORDER), tmp_path / "locations.toml"
    locations.write_text('[[location]]\nid = "harbour"\nfeed = "till"\n', "utf-8")
    arguments = ("explain", events, "o1", "--as-of", "2026-03-06T13:00:00Z")

    assert "undelivered" in promises(*arguments).out
    assert "unconfirmed" in promises(*arguments, "--locations", locations).out
