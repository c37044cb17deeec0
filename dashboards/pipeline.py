"""Pipeline health: whether what the other dashboards show is whole and fresh."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.frame import ALERTS, PIPELINE, Section, dashboard, events
from dashboards.panels import (
    BAD,
    COUNT,
    GOOD,
    NO_START,
    PER_SECOND,
    SECONDS,
    YES_NO,
    About,
    Key,
    Query,
    bars,
    lines,
    rows,
    stats,
    thresholds,
)
from dashboards.queries import grown, per_second, total
from streams.metrics.catalogue import CLOCK, COMMIT, DUPLICATES, EVENTS, FEED, READY, REJECTS, STATE

_GROWTH = (
    "Growth as a difference of sums over all workers, each the median of five minutes, so that a partition that moves "
    "between workers does not count twice. Empty, where Prometheus holds nothing of the start."
)
_CLOCK = (
    "Now less promises_clock_timestamp_seconds: nothing of the partition that happened since is judged. After a "
    "standstill it is what is still to be read."
)
_FEED = "Now less promises_feed_timestamp_seconds: up to when the feed has been read, as its clock records say."
_SCRAPE = "scrape_duration_seconds and scrape_samples_scraped, which Prometheus keeps of every scrape."
_OURS = f"and on (instance, job) {READY.name}"


def pipeline() -> Dashboard:
    """The whole dashboard."""
    sections = (
        Section(100, "Now", [workers(101), clock_behind(102), feed_behind(103), rejected(104), unconfirmed(105)]),
        Section(200, "Trend", [records(201), commits(202), clocks(203), feeds(204), scrapes(205)]),
        Section(300, "Where", [workers_table(301)]),
        Section(400, "Why", [rejects(401), repeated(402)]),
    )
    about = "Whether what the other dashboards show is whole and fresh: workers, clocks, feeds, rejects, scrapes."
    return dashboard(PIPELINE, "Pipeline health", about, sections).annotations(events(f"{ALERTS}}}"))


def workers(id_: int) -> stat.Panel:
    """How many workers there are, and how many have read all that they own."""
    description = f"{READY.name}: workers that answer, and those of them whose every partition is recovered."
    found = [Query(f"count({READY.name})", "workers"), Query(f"sum({READY.name})", "recovered")]
    return stats(About(id_, "Workers", description, 5, 5), found, COUNT)


def clock_behind(id_: int) -> stat.Panel:
    """The slowest clock."""
    found = Query(f"time() - min({CLOCK.name})", "slowest partition")
    return stats(About(id_, "Clock behind", _CLOCK, 5, 5), [found], SECONDS)


def feed_behind(id_: int) -> stat.Panel:
    """The slowest feed."""
    found = Query(f"time() - min({FEED.name})", "slowest feed")
    return stats(About(id_, "Feed behind", _FEED, 5, 5), [found], SECONDS)


def rejected(id_: int) -> stat.Panel:
    """How many records were refused."""
    description = f"{REJECTS.name}: records that were sent to promise.rejects in the time range. {_GROWTH}"
    panel = stats(
        About(id_, "Rejected", description, 5, 5), [Query(f"round({grown(REJECTS.name, ())})", "records")], COUNT
    )
    return panel.thresholds(thresholds((None, GOOD), (1, BAD))).no_value(NO_START)


def unconfirmed(id_: int) -> stat.Panel:
    """Promises that cannot be judged because a feed is behind."""
    description = (
        f'{STATE.name}{{reason="unconfirmed"}}: past due, but the feed of the location is behind, so that nobody knows '
        "yet whether they were kept. By the current promise."
    )
    found = Query(total(STATE.name, (), 'basis="current"', 'reason="unconfirmed"'), "promises")
    return stats(About(id_, "Unconfirmed", description, 4, 5), [found], COUNT)


def records(id_: int) -> timeseries.Panel:
    """How many records a second."""
    description = f"{EVENTS.name}: accepted records by type, duplicates among them, over five minutes. {_GROWTH}"
    found = Query(per_second(EVENTS, ("type",)), "{{type}}")
    return lines(About(id_, "Records accepted", description, 12, 9), [found], PER_SECOND).min(0)


def commits(id_: int) -> timeseries.Panel:
    """How long it takes until what was judged is in Kafka."""
    description = (
        f"Quantiles of {COMMIT.name}, over all workers: how long one step took to become durable. Of the process, so "
        "rate() is right here."
    )
    buckets = f"sum by (le) (rate({COMMIT.name}_bucket[$__rate_interval]))"
    found = [Query(f"histogram_quantile({q}, {buckets}) > -Inf", name) for q, name in ((0.5, "p50"), (0.99, "p99"))]
    return lines(About(id_, "Commits", description, 12, 9), found, SECONDS).min(0)


def clocks(id_: int) -> timeseries.Panel:
    """The ten partitions that are furthest behind."""
    found = Query(f"topk(10, time() - min by (partition) ({CLOCK.name}))", "partition {{partition}}")
    return lines(About(id_, "Clock behind, ten slowest partitions", _CLOCK, 8), [found], SECONDS).min(0)


def feeds(id_: int) -> timeseries.Panel:
    """How far each feed is behind."""
    found = Query(f"time() - min by (feed) ({FEED.name})", "{{feed}}")
    return lines(About(id_, "Feeds behind", _FEED, 8), [found], SECONDS).min(0)


def scrapes(id_: int) -> timeseries.Panel:
    """What a scrape costs."""
    found = Query(f"max by (instance) (scrape_duration_seconds {_OURS})", "{{instance}}")
    return lines(About(id_, "Scrapes", _SCRAPE, 8), [found], SECONDS).min(0)


def workers_table(id_: int) -> table.Panel:
    """Every worker with what it owns."""
    description = f"{READY.name}, {CLOCK.name} by worker. {_CLOCK} {_SCRAPE}"
    columns = [
        Query(f"max by (instance) ({READY.name})", "Recovered", YES_NO),
        Query(f"count by (instance) ({CLOCK.name})", "Partitions"),
        Query(f"time() - min by (instance) ({CLOCK.name})", "Behind", SECONDS),
        Query(f"max by (instance) (scrape_duration_seconds {_OURS})", "Scrape", SECONDS),
        Query(f"max by (instance) (scrape_samples_scraped {_OURS})", "Samples"),
    ]
    return rows(About(id_, "Workers", description, 24), [Key("instance", "Worker")], columns, by="Worker")


def rejects(id_: int) -> bargauge.Panel:
    """Why records were refused."""
    description = f"{REJECTS.name} by reason, in the time range: what promise.rejects holds more. {_GROWTH}"
    return bars(
        About(id_, "Rejected, by reason", description, 12), Query(grown(REJECTS.name, ("reason",)), "{{reason}}")
    )


def repeated(id_: int) -> timeseries.Panel:
    """How many records say nothing new."""
    description = f"{DUPLICATES.name}: accepted records that said nothing new, over five minutes. {_GROWTH}"
    found = Query(per_second(DUPLICATES, ()), "duplicates")
    return lines(About(id_, "Duplicates", description, 12), [found], PER_SECOND).min(0)
