"""The catalogue of all metrics: name, type, labels, unit and help of each. Code, documents and dashboards use it.

Add a metric with one call of `add` in the section of the process that serves it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple


class Metric(NamedTuple):
    """A metric as Prometheus shows it.

    labels: the names of the labels, in the order of the samples. unit: the meaning of a value of 1.
    counter: the field of the state that the metric shows; empty if it is computed. Of a worker it is a field of
    `streams.state.rows.CountRow` for a metric by location and kind, and of `streams.state.changelog.RecordCounters` for
    any other. Of intake it is a field of `streams.intake.state.FeedProgress`.
    """

    name: str
    type: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    unit: str
    help: str
    counter: str = ""


class _Section(list[Metric]):
    """The metrics that one process serves, in the order of the documentation."""

    def add(
        self,
        name: str,
        type: Literal["gauge", "counter", "histogram"],
        labels: tuple[str, ...],
        unit: str,
        help: str,
        counter: str = "",
    ) -> Metric:
        """Add a metric and return it."""
        self.append(Metric(name=name, type=type, labels=labels, unit=unit, help=help, counter=counter))
        return self[-1]


_worker: Final = _Section()
_intake: Final = _Section()
_gateway: Final = _Section()

_ROW: Final = ("location", "kind", "basis")

STATE: Final = _worker.add(
    "promises_state",
    "gauge",
    (*_ROW, "verdict", "reason"),
    "promises",
    "Promises by their current verdict and reason: net, after all revisions.",
)
STAFF_STATE: Final = _worker.add(
    "staff_promises_state",
    "gauge",
    ("location", "staff", "kind", "basis", "verdict"),
    "promises",
    "Promises by their current verdict and by the accountable staff member.",
)
MADE: Final = _worker.add(
    "promises_made_total",
    "counter",
    ("location", "kind"),
    "promises",
    "Promises that were made, whether stated or assumed.",
    counter="made",
)
VERDICTS: Final = _worker.add(
    "promises_verdicts_total",
    "counter",
    (*_ROW, "verdict"),
    "promises",
    "First verdicts. First + revised into a verdict - revised out of it = promises_state.",
)
REVISED: Final = _worker.add(
    "promises_revised_total",
    "counter",
    (*_ROW, "from", "to"),
    "promises",
    "Verdicts that changed after the first. none: the promise moved to or from another location, or no longer exists.",
)
LATENESS: Final = _worker.add(
    "promises_lateness_seconds",
    "histogram",
    _ROW,
    "seconds",
    "Actual time minus due time when the delivery first became known; negative is before due.",
)
WINDOW_KEPT: Final = _worker.add(
    "promises_window_kept",
    "gauge",
    (*_ROW, "window"),
    "promises",
    "Promises that fell due in the window before the watermark and are kept.",
)
WINDOW_DUE: Final = _worker.add(
    "promises_window_due",
    "gauge",
    (*_ROW, "window"),
    "promises",
    "Promises that fell due in the window before the watermark and are kept or broken.",
)
EVENTS: Final = _worker.add(
    "promises_events_total",
    "counter",
    ("type",),
    "records",
    "Accepted records, including duplicates.",
    counter="events",
)
DUPLICATES: Final = _worker.add(
    "promises_duplicates_total",
    "counter",
    (),
    "records",
    "Accepted records that added nothing new.",
    counter="duplicates",
)
REJECTS: Final = _worker.add(
    "promises_rejects_total",
    "counter",
    ("reason",),
    "records",
    "Refused records, sent to promise.rejects.",
    counter="rejects",
)
CLOCK: Final = _worker.add(
    "promises_clock_timestamp_seconds",
    "gauge",
    ("partition",),
    "seconds since 1970",
    "The watermark of the partition: the instant up to which it knows what happened.",
)
FEED: Final = _worker.add(
    "promises_feed_timestamp_seconds",
    "gauge",
    ("feed",),
    "seconds since 1970",
    "The watermark of a declared feed, the earliest over all partitions; absent until the feed first reports.",
)
COMMIT: Final = _worker.add(
    "promises_commit_seconds",
    "histogram",
    (),
    "seconds",
    "The duration of the transactions of this worker.",
)
READY: Final = _worker.add(
    "promises_ready",
    "gauge",
    (),
    "0 or 1",
    "1 when all partitions of this worker are recovered, and when it has none.",
)

INTAKE_RECORDS: Final = _intake.add(
    "promises_intake_records_total",
    "counter",
    ("feed", "outcome"),
    "records",
    "Records of feeds by outcome. lost: the topic dropped them before they were read.",
    counter="records",
)
INTAKE_EVENTS: Final = _intake.add(
    "promises_intake_events_total",
    "counter",
    ("feed", "type"),
    "events",
    "Events sent to promise.events.",
    counter="events",
)
INTAKE_REJECTS: Final = _intake.add(
    "promises_intake_rejects_total",
    "counter",
    ("feed", "reason"),
    "records",
    "Refused records of feeds, sent to promise.rejects.",
    counter="rejects",
)
INTAKE_IGNORED: Final = _intake.add(
    "promises_intake_ignored_total",
    "counter",
    ("feed", "rule"),
    "records",
    "Records without a meaning for any promise, by the rule of the adapter that ignored them.",
    counter="ignored",
)
INTAKE_NEEDS_FETCH: Final = _intake.add(
    "promises_intake_needs_fetch_total",
    "counter",
    ("feed", "kind"),
    "notifications",
    "Notifications whose content has to be fetched from the vendor, sent to promise.needs_fetch.",
    counter="needs_fetch",
)
INTAKE_LAG: Final = _intake.add(
    "promises_intake_lag_records",
    "gauge",
    ("feed", "partition"),
    "records",
    "Offsets between the last record read of a partition of the feed and the end of the partition.",
)
INTAKE_CLOCK: Final = _intake.add(
    "promises_intake_clock_timestamp_seconds",
    "gauge",
    ("feed", "partition"),
    "seconds since 1970",
    "The watermark of a partition of the feed, as last reported to promise.events.",
)
INTAKE_COMMIT: Final = _intake.add(
    "promises_intake_commit_seconds",
    "histogram",
    (),
    "seconds",
    "The duration of the transactions of this intake process.",
)
INTAKE_READY: Final = _intake.add(
    "promises_intake_ready",
    "gauge",
    (),
    "0 or 1",
    "1 when all partitions of feeds that this intake process owns are recovered, and when it owns none.",
)

GATEWAY_REQUESTS: Final = _gateway.add(
    "promises_gateway_requests_total",
    "counter",
    ("feed", "status"),
    "requests",
    "Requests by the status of the response; 200 and 201 mean that Kafka has stored the content.",
)
GATEWAY_SECONDS: Final = _gateway.add(
    "promises_gateway_request_seconds",
    "histogram",
    ("feed",),
    "seconds",
    "From the first line of a request to the end of its response.",
)
GATEWAY_KAFKA: Final = _gateway.add(
    "promises_gateway_kafka_seconds",
    "histogram",
    (),
    "seconds",
    "The wait for a record until all replicas of Kafka have it, or until the gateway gives up.",
)
GATEWAY_IN_FLIGHT: Final = _gateway.add(
    "promises_gateway_in_flight", "gauge", (), "requests", "Requests that have no response yet."
)
GATEWAY_READY: Final = _gateway.add(
    "promises_gateway_ready", "gauge", (), "0 or 1", "1 while Kafka answers and has every topic of the feeds."
)

WORKER: Final = tuple(_worker)
"""The metrics of a worker."""

INTAKE: Final = tuple(_intake)
"""The metrics of intake."""

GATEWAY: Final = tuple(_gateway)
"""The metrics of the gateway."""

CATALOGUE: Final = WORKER + INTAKE + GATEWAY

_BY_ROW: Final = ("location", "kind")

ROW_COUNTERS: Final = tuple(metric for metric in WORKER if metric.counter and metric.labels == _BY_ROW)
"""The counters by location and kind."""

RECORD_COUNTERS: Final = tuple(metric for metric in WORKER if metric.counter and metric.labels != _BY_ROW)
"""The counters of the records of a partition."""

FEED_COUNTERS: Final = tuple(metric for metric in INTAKE if metric.counter)
"""The counters of the records of a feed."""
