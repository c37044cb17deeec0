"""The metrics of a small coffee shop, as Prometheus reads them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from schemas.events import PromisesMade, PromiseTerms, Staff, StaffAssigned, StepReached
from schemas.instants import parse_instant, to_datetime
from streams.config.policies import parse_policies
from streams.metrics.catalogue import RECORD_COUNTERS, WORKER, Metric
from streams.metrics.exposition import UNATTRIBUTED, CommitTimes
from streams.metrics.scrape import Scrape
from streams.records import KafkaRecord
from streams.state.changelog import RecordCounters
from streams.state.partition import PartitionState
from streams.worker.metrics import WorkerCollector
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

NOON = parse_instant("2026-03-06T12:00:00Z")
MINUTE = 60_000
POLICIES = parse_policies('[[policy]]\nkind = "ready"\nat_risk = "2m"\n', "the shop's policies")
CURRENT = {"location": "soho", "kind": "ready", "basis": "current"}


def promised(case: str, due: int, location: str | None = "soho", staff: str | None = "b17") -> KafkaRecord:
    """Return the record at noon that promises `case` for `due` minutes past noon."""
    event = PromisesMade(
        id=f"{case}-made",
        case=case,
        occurred_at=to_datetime(NOON),
        location=location,
        staff=Staff(id=staff) if staff else None,
        promises=[PromiseTerms(kind="ready", due=to_datetime(NOON + due * MINUTE))],
    )
    return KafkaRecord(NOON, case.encode(), msgspec.json.encode(event))


def ready(case: str, at: int, arrives: int | None = None) -> KafkaRecord:
    """Return the record, at minute `arrives`, that `case` was ready `at` minutes past noon."""
    event = StepReached(id=f"{case}-ready", case=case, occurred_at=to_datetime(NOON + at * MINUTE), step="ready")
    return KafkaRecord(NOON + (at if arrives is None else arrives) * MINUTE, case.encode(), msgspec.json.encode(event))


def assigned(case: str, staff: str, at: int, arrives: int | None = None) -> KafkaRecord:
    """Return the record, at minute `arrives`, that `staff` was assigned `case` at `at` minutes past noon."""
    event = StaffAssigned(
        id=f"{case}-{staff}", case=case, occurred_at=to_datetime(NOON + at * MINUTE), staff=Staff(id=staff)
    )
    return KafkaRecord(NOON + (at if arrives is None else arrives) * MINUTE, case.encode(), msgspec.json.encode(event))


def counts(*records: KafkaRecord, until: int = 0) -> PartitionSnapshot:
    """Return the snapshot of a partition that applied these records and advanced to `until` minutes past noon."""
    state = PartitionState(POLICIES)
    for record in records:
        state.apply(record, wall=1 << 50)
    state.advance(NOON + until * MINUTE, 1 << 50)
    return PartitionSnapshot.of(state)


def page(*partitions: PartitionSnapshot, ready: bool = True, commits: CommitTimes | None = None) -> Scrape:
    collector = WorkerCollector()
    collector.snapshot = WorkerSnapshot(ready, dict(enumerate(partitions)), commits=commits or CommitTimes())
    registry = CollectorRegistry()
    registry.register(collector)
    return Scrape(generate_latest(registry).decode())


def test_a_worker_without_an_assignment_is_not_ready() -> None:
    empty = page(ready=False)
    assert empty.sum("promises_ready") == 0
    assert empty.by("promises_state", "location") == {}
    assert empty.by("promises_rejects_total", "reason")["not_json",] == 0


def test_series_start_at_zero_when_the_first_promise_is_made() -> None:
    made = page(counts(promised("o1", due=10)))
    assert made.sum("promises_made_total") == 1
    assert made.by("promises_verdicts_total", "verdict", **CURRENT) == {
        ("kept",): 0,
        ("broken",): 0,
        ("excluded",): 0,
    }
    assert made.by("promises_revised_total", "from", "to", **CURRENT)["broken", "kept"] == 0
    assert made.by("staff_promises_state", "staff", "verdict", basis="current")["b17", "broken"] == 0
    assert made.by("promises_window_due", "window", **CURRENT) == {("15m",): 0, ("1h",): 0, ("24h",): 0}
    assert made.by("promises_state", "verdict", "reason", **CURRENT)["open", "pending"] == 1


def test_a_promise_goes_from_pending_to_at_risk_to_overdue_to_late() -> None:
    def state(*records: KafkaRecord, until: int) -> dict[tuple[str, ...], float]:
        samples = page(counts(*records, until=until)).by("promises_state", "verdict", "reason", **CURRENT)
        return {ruling: count for ruling, count in samples.items() if count}

    order = promised("o1", due=10)
    assert state(order, until=7) == {("open", "pending"): 1}
    assert state(order, until=8) == {("open", "at_risk"): 1}
    assert state(order, until=10) == {("open", "at_risk"): 1}
    assert state(order, until=11) == {("broken", "undelivered"): 1}
    assert state(order, ready("o1", 12), until=12) == {("broken", "late"): 1}


def test_a_late_event_revises_a_verdict_and_is_counted() -> None:
    scrape = page(counts(promised("o1", due=10), ready("o1", 9, arrives=15), until=15))
    assert scrape.sum("promises_verdicts_total", verdict="broken", **CURRENT) == 1
    assert scrape.by("promises_revised_total", "from", "to", **CURRENT)["broken", "kept"] == 1
    assert scrape.sum("promises_state", verdict="kept", **CURRENT) == 1
    assert scrape.sum("promises_state", verdict="broken", **CURRENT) == 0


def test_a_ruling_that_occurred_once_stays_at_zero() -> None:
    def at_risk(*records: KafkaRecord, until: int) -> dict[tuple[str, ...], float]:
        return page(counts(*records, until=until)).by("promises_state", "reason", reason="at_risk", **CURRENT)

    order = promised("o1", due=10)
    assert at_risk(order, until=7) == {}
    assert at_risk(order, until=8) == {("at_risk",): 1}
    assert at_risk(order, ready("o1", 9), until=9) == {("at_risk",): 0}


def test_staff_are_shown_while_they_answer_for_a_promise_or_after_they_were_judged() -> None:
    def staff(*records: KafkaRecord, until: int) -> set[str]:
        scrape = page(counts(*records, until=until))
        return {name for (name,) in scrape.by("staff_promises_state", "staff", basis="current")}

    order = promised("o1", due=10)
    assert staff(order, assigned("o1", "b21", at=1), until=1) == {"b21"}
    assert staff(order, until=11) == {"b17"}
    # That b21 had it in hand before it was due is known a minute after it was broken in the hands of b17.
    assert staff(order, assigned("o1", "b21", at=1, arrives=11), until=12) == {"b17", "b21"}


def test_rolling_counts_follow_the_watermark() -> None:
    day = [promised("o1", due=10), promised("o2", due=12), promised("o3", due=70), ready("o1", 9)]
    at_a_quarter_past = page(counts(*day, until=15))
    assert at_a_quarter_past.sum("promises_window_due", window="15m", **CURRENT) == 2
    assert at_a_quarter_past.sum("promises_window_kept", window="15m", **CURRENT) == 1
    later = page(counts(*day, until=80))
    assert later.by("promises_window_due", "window", **CURRENT) == {("15m",): 1, ("1h",): 1, ("24h",): 3}


def test_lateness_is_a_histogram_around_due() -> None:
    scrape = page(counts(promised("o1", due=10), promised("o2", due=10), ready("o1", 10), ready("o2", 13)))
    buckets = scrape.by("promises_lateness_seconds_bucket", "le", **CURRENT)
    assert buckets["-60.0",] == 0
    assert buckets["0.0",] == 1
    assert buckets["60.0",] == 1
    assert buckets["300.0",] == 2
    assert buckets["+Inf",] == 2


def test_a_promise_without_location_and_staff_is_unattributed() -> None:
    scrape = page(counts(promised("o1", due=10, location=None, staff=None)))
    assert scrape.sum("promises_state", location=UNATTRIBUTED, verdict="open", basis="current") == 1
    assert scrape.sum("staff_promises_state", staff=UNATTRIBUTED, verdict="open", basis="current") == 1


def test_the_watermark_of_a_feed_is_the_earliest_of_all_partitions() -> None:
    def watermarks_of(*minutes: int) -> list[float]:
        partitions = [PartitionSnapshot(feed_watermarks={"till": NOON + minute * MINUTE}) for minute in minutes]
        scrape = page(*partitions, counts(promised("o1", due=10)))
        assert scrape.by("promises_feed_timestamp_seconds", "feed").keys() <= {("till",)}
        return list(scrape.by("promises_feed_timestamp_seconds", "feed").values())

    assert watermarks_of(30, 20, 40) == [(NOON + 20 * MINUTE) / 1000]
    assert watermarks_of() == []


def test_partitions_add_up() -> None:
    one = counts(promised("o1", due=10), ready("o1", 9), until=20)
    other = counts(promised("o2", due=10), KafkaRecord(NOON, b"o3", b"{"), until=30)
    scrape = page(one, other)
    assert scrape.sum("promises_state", verdict="kept", **CURRENT) == 1
    assert scrape.sum("promises_state", verdict="broken", **CURRENT) == 1
    assert scrape.sum("promises_window_due", window="1h", **CURRENT) == 2
    assert scrape.sum("promises_rejects_total") == 1
    assert scrape.by("promises_clock_timestamp_seconds", "partition") == {
        ("0",): (NOON + 20 * MINUTE) / 1000,
        ("1",): (NOON + 30 * MINUTE) / 1000,
    }


@pytest.mark.parametrize("metric", WORKER, ids=lambda metric: metric.name)
def test_every_metric_of_the_catalogue_is_served(metric: Metric) -> None:
    collector = WorkerCollector()
    collector.snapshot = WorkerSnapshot(
        True, {0: replace(counts(promised("o1", due=10)), feed_watermarks={"till": NOON})}
    )
    served = {sample.name for family in collector.collect() for sample in family.samples}
    assert metric.name in served or f"{metric.name}_bucket" in served


def test_every_counter_of_records_has_a_metric() -> None:
    assert {metric.counter for metric in RECORD_COUNTERS} == set(RecordCounters.__struct_fields__)


def test_commit_durations_are_counted_in_their_buckets() -> None:
    commits = CommitTimes()
    commits.observe(0.012)
    commits.observe(0.08)
    scrape = page(commits=commits)

    buckets = {bound: count for (bound,), count in scrape.by("promises_commit_seconds_bucket", "le").items()}
    assert [buckets[bound] for bound in ("0.01", "0.02", "0.05", "0.1", "+Inf")] == [0, 1, 1, 2, 2]
    assert scrape.sum("promises_commit_seconds_count") == 2
    assert scrape.sum("promises_commit_seconds_sum") == pytest.approx(0.092)
