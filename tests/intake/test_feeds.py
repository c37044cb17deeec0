"""A till and a patchy device bring their records through intake to a worker: what is judged, and when."""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from kafka.partitioner.default import murmur2
from prometheus_client.parser import text_string_to_metric_families

from schemas.events import Clock, Record
from schemas.instants import Instant, from_datetime, to_datetime
from streams.kafka.topics import EVENTS, REJECTS
from streams.metrics import catalogue
from streams.metrics.scrape import Scrape
from streams.wall_clock import wall_clock
from tests.cli.command import promises
from tests.support.debian import Unavailable, program
from tests.worker.answers import UNREACHABLE, assert_error
from tests.worker.records import PARTITIONS, Order, SentRecord, read, send, verdicts
from tests.worker.workers import Intake, Worker, until

HOUR = 3_600_000
AWAY = 120_000 if os.environ.get("PROMISES_SLOW") else 8_000
"""How long intake is away, in milliseconds, with the time that it takes to end."""

TIME_TO_END = 6_000

LOCATIONS = """
[[location]]
id = "soho"
feed = "till"

[[location]]
id = "quay"
feed = "patchy"
"""


class Town(NamedTuple):
    """A Kafka, and who works there."""

    bootstrap: str
    intake: Intake
    worker: Worker

    def sends(self, *records: SentRecord, feed: str = "till") -> None:
        """Records come in by a feed."""
        send(self.bootstrap, *records, topic=f"feeds.{feed}")

    def until_judged(self, location: str, verdict: str, number: int = 1) -> Scrape:
        state = {"location": location, "basis": "current", "verdict": verdict}
        return self.worker.until(
            lambda page: page.sum("promises_state", **state) == number, f"{number} {verdict} at {location}"
        )


@pytest.fixture(scope="module")
def town(bootstrap: str, feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    directory = tmp_path_factory.mktemp("town")
    locations = directory / "locations.toml"
    locations.write_text(LOCATIONS, "utf-8")
    known = ("--locations", locations)
    with (
        Worker(bootstrap, directory, *known) as worker,
        Intake(bootstrap, directory, feeds, *known, "--log", "json") as intake,
    ):
        intake.until_ready()
        worker.until_ready()
        yield Town(bootstrap, intake, worker)


def test_an_order_of_a_till_is_judged_and_silence_breaks_the_promise_that_nobody_kept(town: Town) -> None:
    made = wall_clock()
    kept, forgotten = Order("kept", "soho"), Order("forgotten", "soho")
    town.sends(*(order.promised(made, made + 1_500) for order in (kept, forgotten)), kept.reached("ready", made))
    town.until_judged("soho", "kept")
    town.until_judged("soho", "broken")
    (broken,) = [one for one in verdicts(town.bootstrap, "soho") if one.case == "forgotten"]
    assert (broken.current.reason, broken.evidence) == ("undelivered", "deadline")
    assert from_datetime(broken.decided_at) >= made + 1_500


def test_what_a_feed_brings_that_is_no_event_is_kept_as_it_came_with_all_that_is_known_of_it(town: Town) -> None:
    headers = (("X-Signature", b"s3cr3t"), ("X-Retry", b"1"), ("X-Retry", b"2"))
    before = town.intake.page().sum("promises_intake_records_total", feed="till", outcome="ignored")
    beat = msgspec.json.encode(Clock(source="replay", at=to_datetime(wall_clock())))
    odd = SentRecord(b"o-1", b"no event", partition=2, headers=headers)
    town.sends(odd, SentRecord(b"o-2", None), SentRecord(None, beat), SentRecord(None, None, partition=1))
    page = town.intake.until(
        lambda page: page.sum("promises_intake_records_total", feed="till", outcome="ignored") == before + 3,
        "two without a value and a clock of somebody else are ignored",
    )
    assert page.by("promises_intake_ignored_total", "rule", feed="till") == {("tombstone",): 2, ("clock",): 1}
    assert page.sum("promises_intake_rejects_total", feed="till", reason="not_json") == 1
    (kept,) = [held for held in read(town.bootstrap, REJECTS.name) if held.value == b"no event"]
    told = dict(kept.headers)
    assert (kept.key, told["reason"], told["feed"], told["adapter"]) == (b"o-1", b"not_json", b"till", b"generic")
    assert (told["topic"], told["partition"]) == (b"feeds.till", b"2")
    assert int(told["offset"]) >= 0
    assert abs(int(told["timestamp"]) - wall_clock()) < HOUR
    own = [(name, value) for name, value in kept.headers if name.startswith("original.")]
    assert own == [(f"original.{name}", value) for name, value in headers]


def test_a_feed_whose_silence_says_nothing_moves_with_its_records_only_and_never_beyond_the_wall(town: Town) -> None:
    made = wall_clock()
    order, other = Order("patchy-1", "quay"), Order("patchy-2", "quay")
    town.sends(order.promised(made, made + 500, arrives=made), feed="patchy")
    ahead = other.promised(made, made + 500, arrives=made + HOUR)  # by a device that is an hour ahead of everybody
    town.sends(ahead, feed="patchy")
    town.until_judged("quay", "open", 2)
    town.worker.until(lambda page: min(clocks(page)) > made + 1_500, "the clock of the worker is beyond the due")
    assert town.worker.page().sum("promises_state", location="quay", verdict="open", basis="current") == 2
    beats = [SentRecord(None, b"still here", made + 1_000, partition) for partition in range(PARTITIONS)]
    town.sends(*beats, feed="patchy")
    page = town.until_judged("quay", "broken", 2)
    assert page.by("promises_feed_timestamp_seconds", "feed", feed="patchy") == {("patchy",): (made + 1_000) / 1000}


def clocks(page: Scrape) -> list[Instant]:
    found = page.by("promises_clock_timestamp_seconds", "partition").values()
    return [round(1000 * seconds) for seconds in found] or [0]


def test_while_intake_is_away_nothing_is_called_broken_and_a_backlog_is_read_first(town: Town) -> None:
    begin = wall_clock()
    away = range(begin + TIME_TO_END, begin + AWAY, (AWAY - TIME_TO_END) // 20)
    orders = {Order(f"away-{number}", "soho"): due for number, due in enumerate(away)}
    forgotten = Order("away-and-forgotten", "soho")
    before = town.worker.page().sum("promises_made_total", location="soho")
    town.sends(*(order.promised(begin, due) for order, due in orders.items()), forgotten.promised(begin, begin + AWAY))
    town.worker.until(
        lambda page: page.sum("promises_made_total", location="soho") == before + len(orders) + 1, "all are known"
    )
    assert town.intake.stop(10) == 0
    assert wall_clock() < min(orders.values()), "it was away before any of them was due"
    noise = (Order(f"noise-{number}", "elsewhere").reached("started", begin) for number in range(10_000))
    town.sends(*noise)
    town.sends(*(order.reached("ready", due) for order, due in orders.items()))
    town.worker.until(lambda page: min(clocks(page)) > begin + AWAY + 1_000, "every promise is long due")
    page = town.worker.page()
    assert page.sum("promises_state", location="soho", verdict="broken", basis="current") == 1, "as before"
    town.intake.start()
    town.until_judged("soho", "kept", len(orders) + 1)
    town.until_judged("soho", "broken", 2)
    broken = {one.case for one in verdicts(town.bootstrap, "soho") if one.current.verdict == "broken"}
    assert broken == {"forgotten", "away-and-forgotten"}, "no other ever was"


def test_no_clock_record_comes_before_an_event_that_it_vouches_for(town: Town) -> None:
    """Whatever the stories before did: what is read of promise.events after a clock record is younger than it says."""
    said: dict[tuple[int, int], Instant] = defaultdict(int)
    number = 0
    for held in read(town.bootstrap, EVENTS.name):
        event = msgspec.json.decode(held.value or b"", type=Record)
        if isinstance(event, Clock):
            if event.source == "till":
                at = from_datetime(event.at)
                assert said[held.partition, event.partition] < at <= held.timestamp <= wall_clock()
                said[held.partition, event.partition] = at
        elif event.location in ("soho", "elsewhere"):
            number += 1
            came_by = (murmur2(held.key) & 0x7FFFFFFF) % PARTITIONS
            assert held.timestamp > said[held.partition, came_by], event
    assert number > 10_000
    assert len(said) == PARTITIONS * PARTITIONS, "each partition was told of each"


def test_the_page_has_what_the_catalogue_lists_for_intake_and_promtool_likes_it(town: Town) -> None:
    page = town.intake.text()
    families = list(text_string_to_metric_families(page))
    types = {metric.name.removesuffix("_total"): (metric.type, metric.help) for metric in catalogue.INTAKE}
    assert {family.name: (family.type, family.documentation) for family in families} == types
    labels = {metric.name: frozenset(metric.labels) for metric in catalogue.INTAKE}
    for one in (one for family in families for one in family.samples):
        assert one.name not in labels or frozenset(one.labels) <= labels[one.name]
    try:
        promtool = program("prometheus", "promtool")
    except Unavailable as reason:
        pytest.skip(str(reason))
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_topic_of_a_feed_that_was_never_created(town: Town, tmp_path: Path) -> None:
    bootstrap, feeds = town.bootstrap, tmp_path / "feeds.toml"
    feeds.write_text('[[feed]]\nname = "square"\n', "utf-8")
    answer = promises("intake", "--bootstrap", bootstrap, "--feeds", feeds)
    told = f"{bootstrap} has no topic feeds.square; create what is missing: promises topics --bootstrap {bootstrap}"
    assert_error(answer, UNREACHABLE, f"{told} --feeds {feeds}")
    found = promises("check", "--bootstrap", bootstrap, "--feeds", feeds)
    (missing,) = [line for line in found.out.splitlines() if line.startswith("error: ")]
    assert missing.startswith("error: feeds.square: is not there; create it: promises topics")
    assert promises("check", "--bootstrap", bootstrap).code == 0


def test_an_intake_says_who_it_is_and_ends_when_it_is_asked_to(town: Town) -> None:
    until(lambda: town.intake.page().sum("promises_intake_lag_records") == 0, "all is read")
    assert town.intake.stop(10) == 0
    said = [json.loads(line) for line in town.intake.log.read_text().splitlines()]
    assert said[0]["message"].startswith("adapting feeds.till, feeds.patchy to promise.events on")
    assert [line for line in said if line["level"] in ("ERROR", "CRITICAL")] == []
