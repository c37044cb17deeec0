"""The Overview dashboard: kept shares of all locations now and over time, the worst locations, and reasons."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import shared
from dashboards.frame import ALERTS, OVERVIEW, Section, dashboard, events, location_variables
from dashboards.panels import SECONDS, About, Key, Query, rows, stats
from streams.metrics.catalogue import CLOCK

_ALERTS = f'{ALERTS},location=~"$location|"}}'


def overview() -> Dashboard:
    """Return the dashboard."""
    sections = (
        Section(
            100,
            "Now",
            [
                shared.kept_now(101),
                shared.above_objective_now(102),
                shared.budget_now(103),
                shared.open_now(104, width=6),
                behind(105),
                firing(106),
            ],
        ),
        Section(200, "Trend", [shared.kept_by_window(201), shared.open_by_reason(202)]),
        Section(
            300,
            "Where",
            [
                locations(301),
                shared.windows_table(302, "Kinds", [shared.kind_key()], 6),
            ],
        ),
        Section(400, "Why", [shared.why(401), shared.explain(402)]),
    )
    about = "How well all locations keep their promises. Choose a location in the table to go there."
    built = dashboard(OVERVIEW, "Overview", about, sections)
    for variable in location_variables():
        built = built.with_variable(variable)
    return built.annotations(events(_ALERTS))


def locations(id_: int) -> table.Panel:
    """Return a table of all locations, worst first. Locations may be ranked; people may not."""
    title, keys = "Locations, furthest below the objective first", [shared.location_key()]
    return shared.windows_table(id_, title, keys, 10, shared.location_names())


def behind(id_: int) -> stat.Panel:
    """Return a panel of the maximum age of the numbers."""
    description = (
        "Now minus the lowest promises_clock_timestamp_seconds of all partitions; later events are not judged yet. "
        "See Pipeline health."
    )
    query = Query(f"time() - min({CLOCK.name})", "slowest partition")
    return stats(About(id_, "Clock behind", description, 4, 5), [query], SECONDS)


def firing(id_: int) -> table.Panel:
    """Return a table of the alerts that fire now."""
    description = "ALERTS of Prometheus: alerts of our rules that fire now, for the chosen locations or the pipeline."
    keys = [
        Key("alertname", "Alert"),
        Key("severity", "Severity"),
        Key("location", "Location", shared.location_key().link),
        Key("kind", "Kind"),
    ]
    count = f"count by (alertname, severity, location, kind) ({_ALERTS})"
    return rows(About(id_, "Alerts firing", description, 24, 5), keys, [Query(count, "Firing")], by="Severity")
