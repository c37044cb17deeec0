"""Every metric, once: name, type, labels, unit and help. Collector, documents, dashboards and tests read it here."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from schemas.events import TAGS, Clock
from schemas.reading import REFUSAL_REASONS


class Metric(NamedTuple):
    """A metric as Prometheus shows it.

    labels: in the order of the samples. unit: what a value of 1 means. known: for a metric of TOTALS or INTAKE_TOTALS,
    the values of its last label that are exposed at 0 from the start.
    """

    name: str
    type: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    unit: str
    help: str
    known: tuple[str, ...] = ()


_ROW: Final = ("location", "kind", "basis")

STATE: Final = Metric(
    "promises_state",
    "gauge",
    (*_ROW, "verdict", "reason"),
    "promises",
    "Promises as they stand at the clock: net, after all revisions.",
)
STAFF_STATE: Final = Metric(
    "staff_promises_state",
    "gauge",
    ("location", "staff", "kind", "basis", "verdict"),
    "promises",
    "Promises as they stand at the clock, by the staff member who answers for them.",
)
MADE: Final = Metric(
    "promises_made_total", "counter", ("location", "kind"), "promises", "Promises that were made, given or assumed."
)
VERDICTS: Final = Metric(
    "promises_verdicts_total",
    "counter",
    (*_ROW, "verdict"),
    "promises",
    "First verdicts. First + revised into a verdict - revised out of it = promises_state.",
)
REVISED: Final = Metric(
    "promises_revised_total",
    "counter",
    (*_ROW, "from", "to"),
    "promises",
    "Verdicts that changed after the first. none: the promise moved to or from another location, or is no more.",
)
LATENESS: Final = Metric(
    "promises_lateness_seconds",
    "histogram",
    _ROW,
    "seconds",
    "Actual minus due at the first delivery known; negative is before due.",
)
WINDOW_KEPT: Final = Metric(
    "promises_window_kept",
    "gauge",
    (*_ROW, "window"),
    "promises",
    "Promises that fell due in the window before the clock and stand as kept.",
)
WINDOW_DUE: Final = Metric(
    "promises_window_due",
    "gauge",
    (*_ROW, "window"),
    "promises",
    "Promises that fell due in the window before the clock and stand as kept or broken.",
)
EVENTS: Final = Metric(
    "promises_events_total",
    "counter",
    ("type",),
    "records",
    "Records that were accepted, duplicates among them.",
    known=tuple(TAGS.values()),
)
DUPLICATES: Final = Metric(
    "promises_duplicates_total", "counter", (), "records", "Accepted records that said nothing new."
)
REJECTS: Final = Metric(
    "promises_rejects_total",
    "counter",
    ("reason",),
    "records",
    "Records that were refused, sent to promise.rejects.",
    known=REFUSAL_REASONS,
)
CLOCK: Final = Metric(
    "promises_clock_timestamp_seconds",
    "gauge",
    ("partition",),
    "seconds since 1970",
    "The instant up to which the partition knows what happened.",
)
FEED: Final = Metric(
    "promises_feed_timestamp_seconds",
    "gauge",
    ("feed",),
    "seconds since 1970",
    "The instant up to which a declared feed was heard of, in the partition that heard least; none before it ever was.",
)
COMMIT: Final = Metric(
    "promises_commit_seconds",
    "histogram",
    (),
    "seconds",
    "How long this worker took to make a step durable: what was judged is in Kafka for good.",
)
READY: Final = Metric(
    "promises_ready",
    "gauge",
    (),
    "0 or 1",
    "1 when every partition that this worker owns is recovered; also when it owns none.",
)

INTAKE_RECORDS: Final = Metric(
    "promises_intake_records_total",
    "counter",
    ("feed", "outcome"),
    "records",
    "Records of feeds that were read. lost: their topic dropped them before.",
    known=("adapted", "ignored", "needs_fetch", "refused", "lost"),
)
INTAKE_EVENTS: Final = Metric(
    "promises_intake_events_total",
    "counter",
    ("feed", "type"),
    "events",
    "Events sent to promise.events.",
    known=tuple(tag for kind, tag in TAGS.items() if kind is not Clock),
)
INTAKE_REJECTS: Final = Metric(
    "promises_intake_rejects_total",
    "counter",
    ("feed", "reason"),
    "records",
    "Records of feeds that were refused, sent to promise.rejects.",
    known=REFUSAL_REASONS,
)
INTAKE_IGNORED: Final = Metric(
    "promises_intake_ignored_total",
    "counter",
    ("feed", "rule"),
    "records",
    "Records that are nobody's business, by the rule of the adapter that says so.",
)
INTAKE_NEEDS_FETCH: Final = Metric(
    "promises_intake_needs_fetch_total",
    "counter",
    ("feed", "kind"),
    "notifications",
    "What has to be fetched from the vendor first, sent to promise.needs_fetch.",
)
INTAKE_LAG: Final = Metric(
    "promises_intake_lag_records",
    "gauge",
    ("feed", "partition"),
    "records",
    "Offsets between what was read of a partition of the feed and its end.",
)
INTAKE_CLOCK: Final = Metric(
    "promises_intake_clock_timestamp_seconds",
    "gauge",
    ("feed", "partition"),
    "seconds since 1970",
    "The instant up to which a partition of the feed was said to be read.",
)
INTAKE_COMMIT: Final = Metric(
    "promises_intake_commit_seconds",
    "histogram",
    (),
    "seconds",
    "How long this intake took to make a step durable: what was adapted is in Kafka for good.",
)
INTAKE_READY: Final = Metric(
    "promises_intake_ready",
    "gauge",
    (),
    "0 or 1",
    "1 when every partition of a feed that this intake owns is open; also when it owns none.",
)

ROW_TOTALS: Final = {"made": MADE}
"""The counters by location and kind, by their field of `streams.state.rows.CountRow`."""

TOTALS: Final = {"events": EVENTS, "duplicates": DUPLICATES, "rejects": REJECTS}
"""The counters of whole partitions, by their field of `streams.state.changelog.Totals`."""

WORKER: Final = (
    STATE,
    STAFF_STATE,
    *ROW_TOTALS.values(),
    VERDICTS,
    REVISED,
    LATENESS,
    WINDOW_KEPT,
    WINDOW_DUE,
    *TOTALS.values(),
    CLOCK,
    FEED,
    COMMIT,
    READY,
)
"""What a worker serves."""

INTAKE_TOTALS: Final = {
    "records": INTAKE_RECORDS,
    "events": INTAKE_EVENTS,
    "rejects": INTAKE_REJECTS,
    "ignored": INTAKE_IGNORED,
    "needs_fetch": INTAKE_NEEDS_FETCH,
}
"""The counters of feeds, by their field of `streams.intake.state.FeedProgress`."""

INTAKE: Final = (
    *INTAKE_TOTALS.values(),
    INTAKE_LAG,
    INTAKE_CLOCK,
    INTAKE_COMMIT,
    INTAKE_READY,
)
"""What intake serves."""

GATEWAY_REQUESTS: Final = Metric(
    "promises_gateway_requests_total",
    "counter",
    ("feed", "status"),
    "requests",
    "Requests by the status that they were answered with: 200 and 201 when Kafka has what they said.",
)
GATEWAY_SECONDS: Final = Metric(
    "promises_gateway_request_seconds",
    "histogram",
    ("feed",),
    "seconds",
    "From the first line of a request to the end of its answer.",
)
GATEWAY_KAFKA: Final = Metric(
    "promises_gateway_kafka_seconds",
    "histogram",
    (),
    "seconds",
    "How long a record waited until all replicas of Kafka had it, or it was given up.",
)
GATEWAY_IN_FLIGHT: Final = Metric(
    "promises_gateway_in_flight", "gauge", (), "requests", "Requests that are not answered yet."
)
GATEWAY_READY: Final = Metric(
    "promises_gateway_ready", "gauge", (), "0 or 1", "1 while Kafka answers and has every topic of the feeds."
)

GATEWAY: Final = (GATEWAY_REQUESTS, GATEWAY_SECONDS, GATEWAY_KAFKA, GATEWAY_IN_FLIGHT, GATEWAY_READY)
"""What the gateway serves."""

CATALOGUE: Final = WORKER + INTAKE + GATEWAY
