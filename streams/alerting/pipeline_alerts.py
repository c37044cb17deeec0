"""Alerts on what stands between a customer and a number: feeds, records, clocks, workers."""

from __future__ import annotations

from typing import Final

from schemas.words import Basis
from streams.alerting.annotations import COUNT, DURATION, NAME, Links
from streams.alerting.recording_rules import SILENCE, SILENT_AFTER
from streams.alerting.yaml_documents import AlertingRule, RuleGroup
from streams.metrics.catalogue import CLOCK, EVENTS, FEED, READY, REJECTS, Metric

JOB: Final = "promises"
"""What Prometheus calls the workers: dashboards/prometheus/prometheus.yml."""

_WORKERS: Final = f'up{{job="{JOB}"}}'


def feeds(basis: Basis, links: Links) -> RuleGroup:
    """Feeds that went silent, or were never heard."""
    return RuleGroup("feed-alerts", [_stale(basis, links), _never_heard(basis, links)])


def workers(links: Links) -> RuleGroup:
    """Records that were refused, and workers that lag, recover or are gone."""
    rules = [
        _rejected(links),
        _rejected_at_all(links),
        _behind(links),
        _recovering(links),
        _absent(links),
        _none(links),
    ]
    return RuleGroup("pipeline-alerts", rules)


def _stale(basis: Basis, links: Links) -> AlertingRule:
    text = (
        f"Nothing was heard of the feed {{{{ $labels.feed }}}} of {NAME} for {DURATION}. Its promises that fell due "
        "since are unconfirmed, and its other alerts are held back."
    )
    expr = f"  {SILENCE}\n> on (location, feed)\n  {SILENT_AFTER}\n"
    return AlertingRule("FeedStale", expr, "1m", "5m", {"severity": "critical"}, _of_feed(text, basis, links))


def _never_heard(basis: Basis, links: Links) -> AlertingRule:
    text = f"The feed {{{{ $labels.feed }}}} of {NAME} was never heard of, while workers are up. Is that its name?"
    expr = (
        f"  {SILENT_AFTER}\nunless on (feed)\n  {FEED.name}\n"
        f"and on ()\n  sum({READY.name}) > 0  # without workers nothing is heard of any feed\n"
    )
    return AlertingRule("FeedStale", expr, "15m", "5m", {"severity": "warning"}, _of_feed(text, basis, links))


def _of_feed(text: str, basis: Basis, links: Links) -> dict[str, str]:
    return {
        "summary": "A feed is silent, so what its location did is not known.",
        "description": text,
        "dashboard": links.of_location(basis, with_kind=False),
        "runbook_url": links.of_runbook("FeedStale"),
    }


def _rejected(links: Links) -> AlertingRule:
    name = "RecordsRejected"
    text = f"{COUNT} records were refused in the last hour for the reason {{{{ $labels.reason }}}}, over 1 in 1000."
    expr = (
        f"  {_more(REJECTS, '1h', 'by (reason) ')} >= 5\n"
        f"and on ()\n  {_more(REJECTS, '1h')}\n"
        f">\n  0.001 * ({_more(EVENTS, '1h')})\n"
    )
    return AlertingRule(name, expr, "5m", "5m", {"severity": "warning"}, _of_pipeline(name, text, links))


def _rejected_at_all(links: Links) -> AlertingRule:
    name = "RecordsRejected"
    text = f"{COUNT} records were refused in the last 24 hours for the reason {{{{ $labels.reason }}}}."
    expr = f"{_more(REJECTS, '24h', 'by (reason) ')} >= 3"
    return AlertingRule(name, expr, "15m", "15m", {"severity": "info"}, _of_pipeline(name, text, links))


def _more(counter: Metric, window: str, by: str = "") -> str:
    """By how much a counter of the books grew.

    Not increase(): a worker shows the sum of its partitions, and one that takes over a partition would seem to have
    counted in a moment all that was ever counted there. The sum over all workers never resets, books being durable.
    """
    summed = f"sum {by}" if by else "sum"
    return f"{summed}({counter.name}) - {summed}({counter.name} offset {window})"


def _behind(links: Links) -> AlertingRule:
    text = f"The partition that is furthest behind knows what happened up to {DURATION} ago. All numbers are of then."
    # A partition that nobody owns has no clock any more: the last one known keeps falling behind.
    expr = f"  time() - min(max by (partition) (last_over_time({CLOCK.name}[1h])))\n>\n  300\n"
    return AlertingRule(
        "ClockBehind", expr, "2m", "5m", {"severity": "critical"}, _of_pipeline("ClockBehind", text, links)
    )


def _recovering(links: Links) -> AlertingRule:
    text = "The worker {{ $labels.instance }} has been reading its state back for more than 10 minutes."
    name = "RecoveringTooLong"
    return AlertingRule(
        name, f"{READY.name} == 0", "10m", "1m", {"severity": "warning"}, _of_pipeline(name, text, links)
    )


def _absent(links: Links) -> AlertingRule:
    text = (
        "The worker {{ $labels.instance }} answered {{ $value | humanizePercentage }} of the scrapes of the last 5 "
        "minutes. The others have its partitions, or will."
    )
    expr = f"avg_over_time({_WORKERS}[5m]) < 0.5"
    return AlertingRule(
        "WorkerAbsent", expr, "1m", "5m", {"severity": "warning"}, _of_pipeline("WorkerAbsent", text, links)
    )


def _none(links: Links) -> AlertingRule:
    text = f"{COUNT} workers answer: nothing is judged, and no other alert can come."
    expr = f"(count({_WORKERS} == 1) or vector(0)) < 1"
    return AlertingRule(
        "WorkerAbsent", expr, "2m", "1m", {"severity": "critical"}, _of_pipeline("WorkerAbsent", text, links)
    )


SUMMARIES: Final = {
    "RecordsRejected": "Records are refused, so promises or deliveries may be missing.",
    "ClockBehind": "Judging is behind, so the numbers are of earlier.",
    "RecoveringTooLong": "A worker does not get ready, so the promises of its partitions are not counted.",
    "WorkerAbsent": "A worker is gone.",
}
"""The summary of each alert of the group `pipeline-alerts`."""


def _of_pipeline(alert: str, text: str, links: Links) -> dict[str, str]:
    return {
        "summary": SUMMARIES[alert],
        "description": text,
        "dashboard": links.of_pipeline(),
        "runbook_url": links.of_runbook(alert),
    }
