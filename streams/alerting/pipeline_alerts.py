"""Alerts on the pipeline: feeds, rejected records, watermarks and workers."""

from __future__ import annotations

from typing import Final

from schemas.words import Basis
from streams.alerting.annotations import COUNT, DURATION, NAME, Links
from streams.alerting.recording_rules import SILENCE, SILENT_AFTER
from streams.alerting.yaml_documents import AlertingRule, RuleGroup
from streams.metrics.catalogue import CLOCK, EVENTS, FEED, READY, REJECTS, Metric

JOB: Final = "promises"
"""The job of the workers in Prometheus, see dashboards/prometheus/prometheus.yml."""

_WORKERS: Final = f'up{{job="{JOB}"}}'


def feeds(basis: Basis, links: Links) -> RuleGroup:
    """Return the alerts on feeds that went silent or never sent anything."""
    return RuleGroup("feed-alerts", [_stale_feed(basis, links), _unknown_feed(basis, links)])


def workers(links: Links) -> RuleGroup:
    """Return the alerts on rejected records, and on workers that lag, recover for too long or are absent."""
    rules = [
        _many_rejects(links),
        _some_rejects(links),
        _clock_behind(links),
        _recovering(links),
        _absent(links),
        _all_absent(links),
    ]
    return RuleGroup("pipeline-alerts", rules)


def _stale_feed(basis: Basis, links: Links) -> AlertingRule:
    text = (
        f"The feed {{{{ $labels.feed }}}} of {NAME} has been silent for {DURATION}. Promises that fell due since then "
        "are unconfirmed, and its other alerts are inhibited."
    )
    expr = f"  {SILENCE}\n> on (location, feed)\n  {SILENT_AFTER}\n"
    return AlertingRule(
        alert="FeedStale",
        expr=expr,
        pending_for="1m",
        keep_firing_for="5m",
        labels={"severity": "critical"},
        annotations=_of_feed(text, basis, links),
    )


def _unknown_feed(basis: Basis, links: Links) -> AlertingRule:
    text = f"The feed {{{{ $labels.feed }}}} of {NAME} has never sent anything while workers are up. Check its name."
    expr = (
        f"  {SILENT_AFTER}\nunless on (feed)\n  {FEED.name}\n"
        f"and on ()\n  sum({READY.name}) > 0  # without workers, every feed is silent\n"
    )
    return AlertingRule(
        alert="FeedStale",
        expr=expr,
        pending_for="15m",
        keep_firing_for="5m",
        labels={"severity": "warning"},
        annotations=_of_feed(text, basis, links),
    )


def _of_feed(text: str, basis: Basis, links: Links) -> dict[str, str]:
    return {
        "summary": "A feed is silent, so the events of its location are unknown.",
        "description": text,
        "dashboard": links.of_location(basis, with_kind=False),
        "runbook_url": links.of_runbook("FeedStale"),
    }


def _many_rejects(links: Links) -> AlertingRule:
    name = "RecordsRejected"
    text = f"{COUNT} records were refused in the last hour for the reason {{{{ $labels.reason }}}}, over 1 in 1000."
    expr = (
        f"  {_increase(REJECTS, '1h', 'by (reason) ')} >= 5\n"
        f"and on ()\n  {_increase(REJECTS, '1h')}\n"
        f">\n  0.001 * ({_increase(EVENTS, '1h')})\n"
    )
    return _pipeline_alert(name, text, links, expr=expr, pending_for="5m", keep_firing_for="5m", severity="warning")


def _some_rejects(links: Links) -> AlertingRule:
    name = "RecordsRejected"
    text = f"{COUNT} records were refused in the last 24 hours for the reason {{{{ $labels.reason }}}}."
    expr = f"{_increase(REJECTS, '24h', 'by (reason) ')} >= 3"
    return _pipeline_alert(name, text, links, expr=expr, pending_for="15m", keep_firing_for="15m", severity="info")


def _increase(counter: Metric, window: str, by: str = "") -> str:
    """Return the growth of a counter in partition state.

    increase() would be wrong: a worker exports the sum over its partitions, so taking over a partition would look like
    counting its whole past at once. The sum over all workers never resets, because partition state is durable.
    """
    summed = f"sum {by}" if by else "sum"
    return f"{summed}({counter.name}) - {summed}({counter.name} offset {window})"


def _clock_behind(links: Links) -> AlertingRule:
    text = f"The watermark of the slowest partition is {DURATION} behind, so all numbers may be that old."
    # A partition without an owner exports no watermark, so the last known one is used and falls behind.
    expr = f"  time() - min(max by (partition) (last_over_time({CLOCK.name}[1h])))\n>\n  300\n"
    return _pipeline_alert(
        "ClockBehind", text, links, expr=expr, pending_for="2m", keep_firing_for="5m", severity="critical"
    )


def _recovering(links: Links) -> AlertingRule:
    text = "The worker {{ $labels.instance }} has been recovering its state for more than 10 minutes."
    name = "RecoveringTooLong"
    return _pipeline_alert(
        name, text, links, expr=f"{READY.name} == 0", pending_for="10m", keep_firing_for="1m", severity="warning"
    )


def _absent(links: Links) -> AlertingRule:
    text = (
        "The worker {{ $labels.instance }} answered {{ $value | humanizePercentage }} of the scrapes of the last 5 "
        "minutes. Other workers take over its partitions."
    )
    expr = f"avg_over_time({_WORKERS}[5m]) < 0.5"
    return _pipeline_alert(
        "WorkerAbsent", text, links, expr=expr, pending_for="1m", keep_firing_for="5m", severity="warning"
    )


def _all_absent(links: Links) -> AlertingRule:
    text = f"{COUNT} workers are up: nothing is judged, and no other alert can fire."
    expr = f"(count({_WORKERS} == 1) or vector(0)) < 1"
    return _pipeline_alert(
        "WorkerAbsent", text, links, expr=expr, pending_for="2m", keep_firing_for="1m", severity="critical"
    )


SUMMARIES: Final = {
    "RecordsRejected": "Records are refused, so promises or deliveries may be missing.",
    "ClockBehind": "Judging is behind, so the numbers are old.",
    "RecoveringTooLong": "A worker does not finish recovery, so the promises of its partitions are not counted.",
    "WorkerAbsent": "A worker does not respond.",
}
"""The summary of each alert of the group `pipeline-alerts`."""


def _pipeline_alert(
    alert: str, text: str, links: Links, *, expr: str, pending_for: str, keep_firing_for: str, severity: str
) -> AlertingRule:
    """Return an alert of the group `pipeline-alerts`."""
    annotations = {
        "summary": SUMMARIES[alert],
        "description": text,
        "dashboard": links.of_pipeline(),
        "runbook_url": links.of_runbook(alert),
    }
    return AlertingRule(
        alert=alert,
        expr=expr,
        pending_for=pending_for,
        keep_firing_for=keep_firing_for,
        labels={"severity": severity},
        annotations=annotations,
    )
