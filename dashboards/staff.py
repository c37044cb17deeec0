"""The Staff dashboard: the promises of the chosen staff members; shares always with their n, never a ranking."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import people, shared
from dashboards.frame import ALERTS, STAFF, Section, dashboard, events, location_variables, staff_variable


def staff() -> Dashboard:
    """Return the dashboard."""
    now = [people.kept_in_range(101), people.kept_ever(102), people.open_now(103)]
    why = [people.verdicts_over_time(401), people.not_a_rank(402), shared.explain(403, 24)]
    sections = (
        Section(100, "Now", now),
        Section(200, "Trend", [people.kept_over_time(201)]),
        Section(300, "Where", [people.staff_table(301, people.CHOSEN), people.locations_table(302)]),
        Section(400, "Why", why),
    )
    about = "Promises of the chosen staff members. Ids, never names; shares always with their n; never a ranking."
    built = dashboard(STAFF, "Staff", about, sections)
    for variable in (*location_variables(), staff_variable()):
        built = built.with_variable(variable)
    return built.annotations(events(f'{ALERTS},location=~"$location"}}'))
