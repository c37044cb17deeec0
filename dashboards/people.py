"""Panels of staff members: shares always with their n, sorted by id, so that no panel is a ranking."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, text, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import queries, shared
from dashboards.frame import ALERTS, STAFF, Section, dashboard, events, link, location_variables, staff_variable
from dashboards.panels import COUNT, NO_START, SHARE, About, Key, N, Query, lines, note, rows, shares, stats
from dashboards.shared import location_key
from streams.metrics.catalogue import STAFF_STATE

CHOSEN: Final = f'{queries.CHOSEN},staff=~"$staff"'
_JUDGED = 'verdict=~"kept|broken"'
_KEPT = 'verdict="kept"'
_GROWN = (
    "In the range: the growth of staff_promises_state over the time range, kept / (kept + broken), summed over all "
    "workers, each sum the median of five minutes, then divided. Empty if Prometheus has no data from the start. "
    "Revisions of older verdicts could give a share below 0 or above 1; it is limited to these. No share if nothing "
    "was judged."
)
_EVER = "Ever: the current staff_promises_state, kept / (kept + broken), on the chosen basis."
NOT_A_RANK = """A share is only as reliable as its **n**: of 5 promises, one more broken one moves it by 20 points. Work
is not assigned at random: people with difficult orders keep fewer promises. This page is for asking *what happened
here*, not for saying who is better, and it is sorted by id."""


def grown_share(matchers: str, by: tuple[str, ...], over: str) -> str:
    """Return the kept share of the promises judged in the time range, limited to 0 to 1."""
    kept = queries.grown(STAFF_STATE.name, by, matchers, _KEPT, over=over)
    return f"clamp(({kept}) / ({judged(matchers, by, over)} > 0), 0, 1)"


def judged(matchers: str, by: tuple[str, ...], over: str) -> str:
    """Return the growth of the number of kept and broken verdicts in the time range."""
    return f"({queries.grown(STAFF_STATE.name, by, matchers, _JUDGED, over=over)})"


def share_ever(matchers: str, by: tuple[str, ...]) -> str:
    """Return the kept share of all promises ever judged."""
    kept, of = (queries.total(STAFF_STATE.name, by, matchers, verdict) for verdict in (_KEPT, _JUDGED))
    return f"{kept} / ({of} > 0)"


def columns(matchers: str, by: tuple[str, ...]) -> list[Query]:
    """Return the shares and counts of a table of staff members."""
    return [
        Query(grown_share(matchers, by, "$__range"), "Kept in range", SHARE),
        Query(f"round({judged(matchers, by, '$__range')})", "n in range"),
        Query(share_ever(matchers, by), "Kept ever", SHARE),
        Query(queries.total(STAFF_STATE.name, by, matchers, _JUDGED), "n ever"),
        Query(queries.total(STAFF_STATE.name, by, matchers, 'verdict="open"'), "Open"),
    ]


def staff_key() -> Key:
    """Return the key for rows by staff member, each with a link to the staff dashboard."""
    to = link(STAFF, "basis", "kind", "location", "staff=${__data.fields.Staff:percentencode}")
    return Key("staff", "Staff", ("Open this staff member", to))


def staff_table(id_: int, matchers: str = queries.CHOSEN) -> table.Panel:
    """Return a table of the accountable staff members with their counts."""
    about = About(
        id=id_, title="Staff, by id", description=f"{_GROWN} {_EVER} Sorted by id: never a rank.", width=24, height=9
    )
    return rows(about, [staff_key()], columns(matchers, ("staff",)), by="Staff")


def kept_in_range(id_: int) -> stat.Panel:
    """Return a panel of the kept share in the time range and its n."""
    query = [
        Query(grown_share(CHOSEN, (), "$__range"), "kept"),
        Query(f"round({judged(CHOSEN, (), '$__range')})", N, COUNT),
    ]
    return stats(
        About(
            id=id_,
            title="Kept, in the time range",
            description=f"The chosen staff together. {_GROWN}",
            width=8,
            height=5,
        ),
        query,
        SHARE,
    ).no_value(NO_START)


def kept_ever(id_: int) -> stat.Panel:
    """Return a panel of the kept share of all promises and its n."""
    ever = queries.total(STAFF_STATE.name, (), CHOSEN, _JUDGED)
    query = [Query(share_ever(CHOSEN, ()), "kept"), Query(ever, N, COUNT)]
    return stats(
        About(id=id_, title="Kept, ever", description=f"The chosen staff together. {_EVER}", width=8, height=5),
        query,
        SHARE,
    )


def open_now(id_: int) -> stat.Panel:
    """Return a panel of the open promises of the chosen staff."""
    description = 'staff_promises_state{verdict="open"}: open promises of the chosen staff.'
    query = Query(queries.total(STAFF_STATE.name, (), CHOSEN, 'verdict="open"'), "open")
    return stats(About(id=id_, title="Open promises", description=description, width=8, height=5), [query], COUNT)


def kept_over_time(id_: int) -> timeseries.Panel:
    """Return a panel of the kept share of the preceding day over time."""
    description = (
        "The chosen staff together: growth of staff_promises_state over the 24 h before each point, kept / (kept + "
        "broken), on the chosen basis; summed over all workers, each sum the median of five minutes, then divided. "
        "Bars: n. No share if nothing was judged."
    )
    return shares(
        About(id=id_, title="Kept share of the day before", description=description, width=24, height=9),
        Query(grown_share(CHOSEN, (), "1d"), "kept"),
        Query(judged(CHOSEN, (), "1d"), N),
    )


def locations_table(id_: int) -> table.Panel:
    """Return a table of locations and kinds for which the chosen staff are accountable."""
    about = About(
        id=id_, title="Locations and kinds of the chosen staff", description=f"{_GROWN} {_EVER}", width=24, height=9
    )
    return rows(about, [location_key(), Key("kind", "Kind")], columns(CHOSEN, ("location", "kind")), by="Location")


def verdicts_over_time(id_: int) -> timeseries.Panel:
    """Return a panel of verdicts other than kept over time."""
    description = "staff_promises_state of the chosen staff by verdict, without kept, summed over all workers."
    query = Query(queries.total(STAFF_STATE.name, ("verdict",), CHOSEN, 'verdict!="kept"'), "{{verdict}}")
    return (
        lines(About(id=id_, title="Not kept, ever, and open", description=description, width=12), [query], COUNT)
        .min(0)
        .decimals(0)
    )


def limits_note(id_: int) -> text.Panel:
    """Return the text on the limits of these numbers."""
    return note(
        About(id=id_, title="Before you compare people", description="What these numbers cannot say.", width=12),
        NOT_A_RANK,
    )


def staff() -> Dashboard:
    """Return the dashboard."""
    now = [kept_in_range(101), kept_ever(102), open_now(103)]
    why = [verdicts_over_time(401), limits_note(402), shared.explain(403, 24)]
    sections = (
        Section(100, "Now", now),
        Section(200, "Trend", [kept_over_time(201)]),
        Section(300, "Where", [staff_table(301, CHOSEN), locations_table(302)]),
        Section(400, "Why", why),
    )
    about = "Promises of the chosen staff members. Ids, never names; shares always with their n; never a ranking."
    built = dashboard(STAFF, "Staff", about, sections)
    for variable in (*location_variables(), staff_variable()):
        built = built.with_variable(variable)
    return built.annotations(events(f'{ALERTS},location=~"$location"}}'))
