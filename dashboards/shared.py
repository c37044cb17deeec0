"""Panels of several dashboards, for the locations and kinds chosen by their variables."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, stat, table, text, timeseries
from grafana_foundation_sdk.models.common import BigValueColorMode

from dashboards import queries
from dashboards.frame import LOCATION, link
from dashboards.panels import (
    BAD,
    COUNT,
    GOOD,
    SHARE,
    About,
    Key,
    N,
    Names,
    Query,
    bars,
    lines,
    note,
    rows,
    shares,
    stats,
    thresholds,
)
from streams.alerting.recording_rules import INFO

_DIVIDED = "Summed over all workers and the chosen locations and kinds, then divided. No share if nothing was due."
_BY_DUE = (
    "promises_window_kept / promises_window_due: the share of kept ones among the promises that fell due in the window "
    "before the watermark and are judged, on the chosen basis, revisions included."
)
_OBJECTIVE = (
    "The objective is location_kind:promises_objective:ratio of all locations and kinds, weighted by the promises due."
)
_STEADY = (
    "Growth over the time range: the sum over all workers now minus that at its start, each the median of five "
    "minutes, so that a partition that moves between workers does not count twice. Empty if Prometheus has no "
    "data from the start."
)
OF_ONE_ORDER = """To see why one order was judged as it was, ask for its case (its key on `promise.events`, `case` in
`promise.verdicts` and `promise.alerts`):

```
promises explain CASE --bootstrap HOST:PORT
```

It prints all known facts in order of occurrence, and the effect of each on the promise."""


def kept_now(id_: int) -> stat.Panel:
    """Return a panel of the kept share of the last hour and its n."""
    about = About(id_, "Kept, last hour", f"{_BY_DUE} {_DIVIDED} n is the number of promises due.", 6, 5)
    return stats(about, [Query(queries.share("1h"), "kept"), Query(queries.due("1h"), N, COUNT)], SHARE)


def above_objective_now(id_: int) -> stat.Panel:
    """Return a panel of the kept share of the last hour minus the objective."""
    about = About(
        id_, "Above the objective", f"The kept share of the last hour minus the objective. {_OBJECTIVE}", 4, 5
    )
    panel = stats(about, [Query(queries.above_objective("1h"), "last hour")], SHARE)
    return panel.color_mode(BigValueColorMode.VALUE).thresholds(thresholds((None, BAD), (0, GOOD)))


def budget_now(id_: int) -> stat.Panel:
    """Return a panel of the remaining budget of a day."""
    description = (
        "1 - broken / allowed over the last 24 h by due time: broken is promises_window_due - promises_window_kept, "
        "allowed is due x (1 - objective), by location and kind, summed first, then divided. Below 0: overdrawn."
    )
    query = Query(queries.budget_left("24h"), "left")
    panel = stats(About(id_, "Budget left, 24 h", description, 4, 5), [query], SHARE)
    return panel.color_mode(BigValueColorMode.VALUE).thresholds(thresholds((None, BAD), (0, GOOD)))


def open_now(id_: int, width: int = 10) -> stat.Panel:
    """Return a panel of the open promises by reason."""
    description = (
        'promises_state{verdict="open"} by reason, summed over all workers: pending, at_risk, and unconfirmed '
        "(past due while the feed of the location is behind: a problem of the feed, not of the shop)."
    )
    query = Query(queries.state(("reason",), 'verdict="open"'), "{{reason}}")
    return stats(About(id_, "Open promises", description, width, 5), [query], COUNT)


def kept_by_window(id_: int) -> timeseries.Panel:
    """Return a panel of the kept share over time, by window."""
    description = f"{_BY_DUE} {_DIVIDED} {_OBJECTIVE} Bars: n of the last hour."
    return shares(
        About(id_, "Kept share", description, 16, 9),
        Query(queries.share_by_window(), "{{window}}"),
        Query(queries.due("1h"), "n, 1h"),
        Query(queries.objective("1h"), "objective"),
    )


def open_by_reason(id_: int) -> timeseries.Panel:
    """Return a panel of the open promises over time, by reason."""
    description = 'promises_state{verdict="open"} by reason, summed over all workers, on the chosen basis.'
    query = Query(queries.state(("reason",), 'verdict="open"'), "{{reason}}")
    return lines(About(id_, "Open promises over time", description, 8, 9), [query], COUNT).min(0).decimals(0)


def windows_table(id_: int, title: str, keys: list[Key], height: int, names: Names | None = None) -> table.Panel:
    """Return a table of shares with their n by labels, furthest below the objective first."""
    by = [key.label for key in keys]
    columns = [
        Query(queries.share("1h", by), "Kept 1 h", SHARE),
        Query(queries.due("1h", by), "n 1 h"),
        Query(queries.objective("1h", by), "Objective", SHARE),
        Query(queries.above_objective("1h", by), "Above", SHARE),
        Query(queries.share("24h", by), "Kept 24 h", SHARE),
        Query(queries.due("24h", by), "n 24 h"),
        Query(queries.state(by, 'verdict="open"', 'reason="at_risk"'), "At risk"),
    ]
    description = f"{_BY_DUE} {_DIVIDED} {_OBJECTIVE} Above: kept share of the last hour minus the objective."
    return rows(About(id_, title, description, 24, height), keys, columns, by="Above", names=names)


def location_key() -> Key:
    """Return the key for rows by location, each with a link to its dashboard."""
    to = link(LOCATION, "basis", "kind", "location=${__data.fields.Location:percentencode}")
    return Key("location", "Location", ("Open this location", to))


def location_names() -> Names:
    """Return the display names of the chosen locations."""
    known = f"{INFO} and on (location) {queries.state(('location',))}"
    return Names(f"max by (location, display_name) ({known})", "display_name", "Name")


def kind_key() -> Key:
    """Return the key for rows by kind, each with a link to that kind in the chosen locations."""
    to = link(LOCATION, "basis", "location", "kind=${__data.fields.Kind:percentencode}")
    return Key("kind", "Kind", ("Open this kind", to))


def why(id_: int) -> bargauge.Panel:
    """Return a panel of broken and excluded promises by reason."""
    description = (
        "promises_state of broken and excluded promises, by reason, on the chosen basis. "
        f"{_STEADY} Negative: more promises left this reason than got it; undelivered becomes late with the delivery."
    )
    grown = queries.grown("promises_state", ("verdict", "reason"), queries.CHOSEN, 'verdict=~"broken|excluded"')
    return bars(About(id_, "Why not kept, in the time range", description, 12), Query(grown, "{{verdict}}, {{reason}}"))


def explain(id_: int, width: int = 12) -> text.Panel:
    """Return the text on how to explain a single order."""
    about = About(id_, "One order", "How to explain a number by its orders: promises explain.", width)
    return note(about, OF_ONE_ORDER)
