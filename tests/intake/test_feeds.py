"""Records of a till and of a patchy device go through intake to a worker: the verdicts, and their time."""

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
DOWN = 120_000 if os.environ.get("PROMISES_SLOW") else 8_000
"""The time in milliseconds that intake is down, including the time to end."""

TIME_TO_END = 6_000

LOCATIONS = """
[[location]]
id = "soho"
feed = "till"

[[location]]
id = "quay"
feed = "patchy"
"""


class Deployment(NamedTuple):
    """A Kafka with a worker and intake."""

    bootstrap: str
    intake: Intake
    worker: Worker

    def send_records(self, *records: SentRecord, feed: str = "till") -> None:
        """Send records to the topic of a feed."""
        send(self.bootstrap, *records, topic=f"feeds.{feed}")

    def until_judged(self, location: str, verdict: str, number: int = 1) -> Scrape:
        state = {"location": location, "basis": "current", "verdict": verdict}
        return self.worker.until(
            lambda page: page.sum("promises_state", **state) == number, f"{number} {verdict} at {location}"
        )


@pytest.fixture(scope="module")
def deployment(bootstrap: str, feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    directory = tmp_path_factory.mktemp("deployment")
    locations = directory / "locations.toml"
    locations.write_text(LOCATIONS, "utf-8")
    with_locations = ("--locations", locations)
    with (
        Worker(bootstrap, directory, *with_locations) as worker,
        Intake(bootstrap, directory, feeds, *with_locations, "--log", "json") as intake,
    ):
        intake.until_ready()
        worker.until_ready()
        yield Deployment(bootstrap, intake, worker)


def test_an_event_keeps_a_promise_and_silence_breaks_another(deployment: Deployment) -> None:
    made = wall_clock()
    kept, forgotten = Order("kept", "soho"), Order("forgotten", "soho")
    deployment.send_records(
        *(order.promised(made, made + 1_500) for order in (kept, forgotten)), kept.reached("ready", made)
    )
    deployment.until_judged("soho", "kept")
    deployment.until_judged("soho", "broken")
    (broken,) = [verdict for verdict in verdicts(deployment.bootstrap, "soho") if verdict.case == "forgotten"]
    assert (broken.current.reason, broken.evidence) == ("undelivered", "deadline")
    assert from_datetime(broken.decided_at) >= made + 1_500


def test_a_record_that_is_no_event_is_rejected_as_it_came_with_all_headers(deployment: Deployment) -> None:
    headers = (("X-Signature", b"s3cr3t"), ("X-Retry", b"1"), ("X-Retry", b"2"))
    before = deployment.intake.page().sum("promises_intake_records_total", feed="till", outcome="ignored")
    clock = msgspec.json.encode(Clock(source="replay", at=to_datetime(wall_clock())))
    odd = SentRecord(b"o-1", b"no event", partition=2, headers=headers)
    deployment.send_records(odd, SentRecord(b"o-2", None), SentRecord(None, clock), SentRecord(None, None, partition=1))
    page = deployment.intake.until(
        lambda page: page.sum("promises_intake_records_total", feed="till", outcome="ignored") == before + 3,
        "two records without a value and a clock record are ignored",
    )
    assert page.by("promises_intake_ignored_total", "rule", feed="till") == {("tombstone",): 2, ("clock",): 1}
    assert page.sum("promises_intake_rejects_total", feed="till", reason="not_json") == 1
    (reject,) = [record for record in read(deployment.bootstrap, REJECTS.name) if record.value == b"no event"]
    headers_written = dict(reject.headers)
    assert (reject.key, headers_written["reason"], headers_written["feed"], headers_written["adapter"]) == (
        b"o-1",
        b"not_json",
        b"till",
        b"generic",
    )
    assert (headers_written["topic"], headers_written["partition"]) == (b"feeds.till", b"2")
    assert int(headers_written["offset"]) >= 0
    assert abs(int(headers_written["timestamp"]) - wall_clock()) < HOUR
    own = [(name, value) for name, value in reject.headers if name.startswith("original.")]
    assert own == [(f"original.{name}", value) for name, value in headers]


def test_the_watermark_of_an_untrusted_feed_follows_its_records_and_never_passes_the_wall_clock(
    deployment: Deployment,
) -> None:
    made = wall_clock()
    order, other = Order("patchy-1", "quay"), Order("patchy-2", "quay")
    deployment.send_records(order.promised(made, made + 500, arrives=made), feed="patchy")
    ahead = other.promised(made, made + 500, arrives=made + HOUR)  # by a device whose clock is an hour ahead
    deployment.send_records(ahead, feed="patchy")
    deployment.until_judged("quay", "open", 2)
    deployment.worker.until(
        lambda page: min(clocks(page)) > made + 1_500, "the watermark of the worker has passed the due time"
    )
    assert deployment.worker.page().sum("promises_state", location="quay", verdict="open", basis="current") == 2
    records = [SentRecord(None, b"still here", made + 1_000, partition) for partition in range(PARTITIONS)]
    deployment.send_records(*records, feed="patchy")
    page = deployment.until_judged("quay", "broken", 2)
    assert page.by("promises_feed_timestamp_seconds", "feed", feed="patchy") == {("patchy",): (made + 1_000) / 1000}


def clocks(page: Scrape) -> list[Instant]:
    watermarks = page.by("promises_clock_timestamp_seconds", "partition").values()
    return [round(1000 * seconds) for seconds in watermarks] or [0]


def test_while_intake_is_down_no_promise_is_broken_and_the_backlog_is_read_first(deployment: Deployment) -> None:
    begin = wall_clock()
    down = range(begin + TIME_TO_END, begin + DOWN, (DOWN - TIME_TO_END) // 20)
    orders = {Order(f"down-{number}", "soho"): due for number, due in enumerate(down)}
    forgotten = Order("down-and-forgotten", "soho")
    before = deployment.worker.page().sum("promises_made_total", location="soho")
    deployment.send_records(
        *(order.promised(begin, due) for order, due in orders.items()), forgotten.promised(begin, begin + DOWN)
    )
    deployment.worker.until(
        lambda page: page.sum("promises_made_total", location="soho") == before + len(orders) + 1, "all are known"
    )
    assert deployment.intake.stop(10) == 0
    assert wall_clock() < min(orders.values()), "it was down before any of them was due"
    noise = (Order(f"noise-{number}", "elsewhere").reached("started", begin) for number in range(10_000))
    deployment.send_records(*noise)
    deployment.send_records(*(order.reached("ready", due) for order, due in orders.items()))
    deployment.worker.until(lambda page: min(clocks(page)) > begin + DOWN + 1_000, "every promise is long due")
    page = deployment.worker.page()
    assert page.sum("promises_state", location="soho", verdict="broken", basis="current") == 1, "as before"
    deployment.intake.start()
    deployment.until_judged("soho", "kept", len(orders) + 1)
    deployment.until_judged("soho", "broken", 2)
    broken = {verdict.case for verdict in verdicts(deployment.bootstrap, "soho") if verdict.current.verdict == "broken"}
    assert broken == {"forgotten", "down-and-forgotten"}, "no other promise was ever broken"


def test_no_clock_record_precedes_an_event_that_it_covers(deployment: Deployment) -> None:
    """After the other tests of this file: events behind a clock record are younger than its instant."""
    watermarks: dict[tuple[int, int], Instant] = defaultdict(int)
    number = 0
    for record in read(deployment.bootstrap, EVENTS.name):
        event = msgspec.json.decode(record.value or b"", type=Record)
        if isinstance(event, Clock):
            if event.source == "till":
                at = from_datetime(event.at)
                assert watermarks[record.partition, event.partition] < at <= record.timestamp <= wall_clock()
                watermarks[record.partition, event.partition] = at
        elif event.location in ("soho", "elsewhere"):
            number += 1
            feed_partition = (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
            assert record.timestamp > watermarks[record.partition, feed_partition], event
    assert number > 10_000
    assert len(watermarks) == PARTITIONS * PARTITIONS, (
        "every partition has clock records of every partition of the feed"
    )


def test_the_page_has_exactly_the_metrics_of_the_catalogue_and_promtool_accepts_it(deployment: Deployment) -> None:
    page = deployment.intake.text()
    families = list(text_string_to_metric_families(page))
    types = {metric.name.removesuffix("_total"): (metric.type, metric.help) for metric in catalogue.INTAKE}
    assert {family.name: (family.type, family.documentation) for family in families} == types
    labels = {metric.name: frozenset(metric.labels) for metric in catalogue.INTAKE}
    for sample in (sample for family in families for sample in family.samples):
        assert sample.name not in labels or frozenset(sample.labels) <= labels[sample.name]
    try:
        promtool = program("prometheus", "promtool")
    except Unavailable as reason:
        pytest.skip(str(reason))
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_missing_topic_of_a_feed_is_named(deployment: Deployment, tmp_path: Path) -> None:
    bootstrap, feeds = deployment.bootstrap, tmp_path / "feeds.toml"
    feeds.write_text('[[feed]]\nname = "square"\n', "utf-8")
    answer = promises("intake", "--bootstrap", bootstrap, "--feeds", feeds)
    message = (
        f"{bootstrap} has no topic feeds.square; create the missing topics: promises topics --bootstrap {bootstrap}"
    )
    assert_error(answer, UNREACHABLE, f"{message} --feeds {feeds}")
    answer_of_check = promises("check", "--bootstrap", bootstrap, "--feeds", feeds)
    (missing,) = [line for line in answer_of_check.out.splitlines() if line.startswith("error: ")]
    assert missing.startswith("error: feeds.square: does not exist; create it: promises topics")
    assert promises("check", "--bootstrap", bootstrap).code == 0


def test_intake_logs_its_feeds_and_ends_on_a_signal(deployment: Deployment) -> None:
    until(lambda: deployment.intake.page().sum("promises_intake_lag_records") == 0, "all is read")
    assert deployment.intake.stop(10) == 0
    lines = [json.loads(line) for line in deployment.intake.log.read_text().splitlines()]
    assert lines[0]["message"].startswith("adapting feeds.till, feeds.patchy to promise.events on")
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL")] == []
