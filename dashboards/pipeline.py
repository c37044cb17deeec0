"""The Pipeline health dashboard: whether the numbers of the other dashboards are complete and current."""

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
    "between workers does not count twice. Empty if Prometheus has no data from the start."
)
_CLOCK = (
    "Now minus promises_clock_timestamp_seconds: events of the partition since then are not judged yet. After an "
    "outage, it shows how much is still to be read."
)
_FEED = (
    "Now minus promises_feed_timestamp_seconds, the time up to which the feed was read according to its clock records."
)
_SCRAPE = "scrape_duration_seconds and scrape_samples_scraped, which Prometheus stores for every scrape."
_OURS = f"and on (instance, job) {READY.name}"


def pipeline() -> Dashboard:
    """Return the dashboard."""
    sections = (
        Section(100, "Now", [workers(101), clock_behind(102), feed_behind(103), rejected(104), unconfirmed(105)]),
        Section(200, "Trend", [records(201), commits(202), clocks(203), feeds(204), scrapes(205)]),
        Section(300, "Where", [workers_table(301)]),
        Section(400, "Why", [rejects(401), repeated(402)]),
    )
    about = "Whether the other dashboards are complete and current: workers, watermarks, feeds, rejects, scrapes."
    return dashboard(PIPELINE, "Pipeline health", about, sections).annotations(events(f"{ALERTS}}}"))


def workers(id_: int) -> stat.Panel:
    """Return a panel of the number of workers, and of those that have recovered all their partitions."""
    description = f"{READY.name}: workers that respond, and those that have recovered all their partitions."
    query = [Query(f"count({READY.name})", "workers"), Query(f"sum({READY.name})", "recovered")]
    return stats(About(id_, "Workers", description, 5, 5), query, COUNT)


def clock_behind(id_: int) -> stat.Panel:
    """Return a panel of the slowest watermark of a partition."""
    query = Query(f"time() - min({CLOCK.name})", "slowest partition")
    return stats(About(id_, "Clock behind", _CLOCK, 5, 5), [query], SECONDS)


def feed_behind(id_: int) -> stat.Panel:
    """Return a panel of the slowest feed."""
    query = Query(f"time() - min({FEED.name})", "slowest feed")
    return stats(About(id_, "Feed behind", _FEED, 5, 5), [query], SECONDS)


def rejected(id_: int) -> stat.Panel:
    """Return a panel of the number of rejected records."""
    description = f"{REJECTS.name}: records that were sent to promise.rejects in the time range. {_GROWTH}"
    panel = stats(
        About(id_, "Rejected", description, 5, 5), [Query(f"round({grown(REJECTS.name, ())})", "records")], COUNT
    )
    return panel.thresholds(thresholds((None, GOOD), (1, BAD))).no_value(NO_START)


def unconfirmed(id_: int) -> stat.Panel:
    """Return a panel of promises that cannot be judged because a feed is behind."""
    description = (
        f'{STATE.name}{{reason="unconfirmed"}}: past due, but the feed of the location is behind, so it is not known '
        "yet whether they were kept. By the current promise."
    )
    query = Query(total(STATE.name, (), 'basis="current"', 'reason="unconfirmed"'), "promises")
    return stats(About(id_, "Unconfirmed", description, 4, 5), [query], COUNT)


def records(id_: int) -> timeseries.Panel:
    """Return a panel of accepted records per second."""
    description = f"{EVENTS.name}: accepted records by type, duplicates among them, over five minutes. {_GROWTH}"
    query = Query(per_second(EVENTS, ("type",)), "{{type}}")
    return lines(About(id_, "Records accepted", description, 12, 9), [query], PER_SECOND).min(0)


def commits(id_: int) -> timeseries.Panel:
    """Return a panel of the duration of commits."""
    description = (
        f"Quantiles of {COMMIT.name} over all workers: the time until a step was durable. These counters start with "
        "the process, so rate() is correct here."
    )
    buckets = f"sum by (le) (rate({COMMIT.name}_bucket[$__rate_interval]))"
    query = [Query(f"histogram_quantile({q}, {buckets}) > -Inf", name) for q, name in ((0.5, "p50"), (0.99, "p99"))]
    return lines(About(id_, "Commits", description, 12, 9), query, SECONDS).min(0)


def clocks(id_: int) -> timeseries.Panel:
    """Return a panel of the ten slowest partitions."""
    query = Query(f"topk(10, time() - min by (partition) ({CLOCK.name}))", "partition {{partition}}")
    return lines(About(id_, "Clock behind, ten slowest partitions", _CLOCK, 8), [query], SECONDS).min(0)


def feeds(id_: int) -> timeseries.Panel:
    """Return a panel of how far each feed is behind."""
    query = Query(f"time() - min by (feed) ({FEED.name})", "{{feed}}")
    return lines(About(id_, "Feeds behind", _FEED, 8), [query], SECONDS).min(0)


def scrapes(id_: int) -> timeseries.Panel:
    """Return a panel of the duration of scrapes."""
    query = Query(f"max by (instance) (scrape_duration_seconds {_OURS})", "{{instance}}")
    return lines(About(id_, "Scrapes", _SCRAPE, 8), [query], SECONDS).min(0)


def workers_table(id_: int) -> table.Panel:
    """Return a table of all workers."""
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
    """Return a panel of rejected records by reason."""
    description = f"{REJECTS.name} by reason: records added to promise.rejects in the time range. {_GROWTH}"
    return bars(
        About(id_, "Rejected, by reason", description, 12), Query(grown(REJECTS.name, ("reason",)), "{{reason}}")
    )


def repeated(id_: int) -> timeseries.Panel:
    """Return a panel of duplicate records per second."""
    description = f"{DUPLICATES.name}: accepted records without a new fact, over five minutes. {_GROWTH}"
    query = Query(per_second(DUPLICATES, ()), "duplicates")
    return lines(About(id_, "Duplicates", description, 12), [query], PER_SECOND).min(0)
