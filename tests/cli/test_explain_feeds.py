"""`promises explain` where a shop is heard of through a feed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from schemas.events import Clock
from streams.cli.explain import explained
from streams.judging.locations import LocationFeed
from tests.cli.command import promises
from tests.histories import READY, at, moment, order
from tests.state.partitions import record

HARBOUR = {"harbour": LocationFeed("till", silent_after=5 * 60_000)}
ORDER = order("o1").promised("ready", due="12:40", time="12:00", at="harbour").events[0]


def last_step(heard: str, until: str) -> tuple[str, str]:
    """How the order stands then, and the last thing that happened to it, where its till was heard of up to `heard`."""
    said = Clock(source="till", at=moment(heard))
    records = [(0, record(ORDER, at("12:00"))), (0, record(said, at(heard)))]
    [found] = explained(records, "o1", READY, at(until), HARBOUR)
    return found.judged.current.ruling.reason, found.steps[-1].effect


def test_a_deadline_that_waits_for_a_silent_till_says_so() -> None:
    reason, effect = last_step(heard="12:30", until="13:00")

    assert reason == "unconfirmed"
    assert effect == "the deadline passed; its feed has not been heard of since, so nothing is known"


def test_a_deadline_that_the_till_was_heard_of_beyond_is_what_it_always_was() -> None:
    assert last_step(heard="12:41", until="13:00") == (
        "undelivered",
        "the deadline passed with nothing delivered: broken",
    )


def test_the_command_knows_feeds_from_the_locations(tmp_path: Path) -> None:
    events, locations = tmp_path / "events.jsonl", tmp_path / "locations.toml"
    events.write_bytes(msgspec.json.encode(ORDER) + b"\n")
    locations.write_text('[[location]]\nid = "harbour"\nfeed = "till"\n', "utf-8")
    asked = ("explain", events, "o1", "--as-of", "2026-03-06T13:00:00Z")

    assert "undelivered" in promises(*asked).out
    assert "unconfirmed" in promises(*asked, "--locations", locations).out
