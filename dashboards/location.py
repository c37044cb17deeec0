"""The Location dashboard: kept shares of the chosen locations by kind and staff member, lateness, and reasons."""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import people, queries, shared
from dashboards.frame import ALERTS, LOCATION, Section, dashboard, events, location_variables
from dashboards.panels import COUNT, NO_START, SECONDS, About, Key, Query, cells, rows, shares, stats
from streams.metrics.catalogue import LATENESS, REVISED

_BUCKETS = f"{LATENESS.name}_bucket"


def location() -> Dashboard:
    """Return the dashboard."""
    sections = (
        Section(
            100,
            "Now",
            [
                shared.kept_now(101),
                shared.above_objective_now(102),
                shared.budget_now(103),
                shared.open_now(104),
            ],
        ),
        Section(200, "Trend", [kept_by_kind(201), shared.open_by_reason(202), lateness_over_time(203)]),
        Section(
            300,
            "Where",
            [shared.windows_table(301, "Kinds", [shared.kind_key()], 6), people.staff_table(302)],
        ),
        Section(400, "Why", [shared.why(401), late_by(402, 4), revised(403), shared.explain(404, 24)]),
    )
    about = "How well the chosen locations keep their promises. Choose a staff member in the table to go there."
    built = dashboard(LOCATION, "Location", about, sections)
    for variable in location_variables():
        built = built.with_variable(variable)
    return built.annotations(events(f'{ALERTS},location=~"$location"}}'))


def kept_by_kind(id_: int) -> timeseries.Panel:
    """Return a panel of the kept share of the last hour over time, by kind, with objectives."""
    description = (
        "promises_window_kept / promises_window_due, window 1h, by kind: the share of promises due in the hour before "
        "that are kept on the chosen basis; summed over all workers, then divided. No share if nothing was due. "
        "Dashed: location_kind:promises_objective:ratio, weighted by the promises due. Bars: n."
    )
    return shares(
        About(id_, "Kept share of the last hour, by kind", description, 16, 9),
        Query(queries.share("1h", ("kind",)), "{{kind}}"),
        Query(queries.due("1h", ("kind",)), "n, {{kind}}"),
        Query(queries.objective("1h", ("kind",)), "objective, {{kind}}"),
    )


def lateness_over_time(id_: int) -> heatmap.Panel:
    """Return a heatmap of lateness over time."""
    description = (
        "promises_lateness_seconds on the chosen basis: deliveries by their time after the due time; below 0 is before "
        "it. Each cell is the growth of a bucket within its column, as a difference of sums over all workers, each the "
        "median of five minutes, so that a partition that moves does not count twice."
    )
    grown = queries.grown(_BUCKETS, ("le",), queries.CHOSEN, over="$__interval")
    return cells(About(id_, "Lateness", description, 24), Query(f"clamp_min({grown}, 0)", "{{le}}"), SECONDS)


def late_by(id_: int, width: int) -> stat.Panel:
    """Return a panel of the 50 % and 90 % quantiles of lateness."""
    grown = queries.grown(_BUCKETS, ("le",), queries.CHOSEN)
    description = (
        "Quantiles of promises_lateness_seconds over the time range, within the bounds of its buckets: growth of each "
        "bucket, summed over all workers. Below 0 is before the due time. No value if nothing was delivered."
    )
    quantiles = [(0.5, "half by"), (0.9, "nine of ten by")]
    quantile_queries = [Query(f"histogram_quantile({q}, {grown}) > -Inf", name) for q, name in quantiles]
    return stats(About(id_, "Delivered after the due time", description, width), quantile_queries, SECONDS).no_value(
        NO_START
    )


def revised(id_: int) -> table.Panel:
    """Return a table of verdicts that late or corrected events changed."""
    description = (
        "promises_revised_total: verdicts that changed after the first, because an event came late, was corrected or "
        "moved the promise to another location. Growth over the time range, as a difference of sums over all workers."
    )
    keys = [Key("from", "From"), Key("to", "To")]
    grown = queries.grown(REVISED.name, ("from", "to"), queries.CHOSEN)
    return rows(
        About(id_, "Verdicts revised", description, 8), keys, [Query(f"round({grown})", "Revised", COUNT)], by="From"
    )
