"""Panels of staff members: a share always beside its n, in the order of their ids, so that nobody reads a rank."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import stat, table, text, timeseries

from dashboards import queries
from dashboards.frame import STAFF, link
from dashboards.panels import COUNT, NO_START, SHARE, About, Key, N, Query, lines, note, rows, shares, stats
from dashboards.shared import location_key
from streams.metrics.catalogue import STAFF_STATE

CHOSEN: Final = f'{queries.CHOSEN},staff=~"$staff"'
_JUDGED = 'verdict=~"kept|broken"'
_KEPT = 'verdict="kept"'
_GROWN = (
    "In the range: the growth of staff_promises_state over the time range, kept / (kept + broken), summed over all "
    "workers, each sum the median of five minutes, then divided. Empty, where Prometheus holds nothing of the start. A "
    "share beyond 0 or 1, which revisions of older verdicts can make, is cut there. Nothing judged: no share."
)
_EVER = "Ever: staff_promises_state as it stands now, kept / (kept + broken), on the chosen basis."
NOT_A_RANK = """A share is worth what its **n** is worth: of 5 promises, one more broken moves it by 20 points. Work is
not handed out at random: whoever gets the hard orders keeps fewer. This page is for asking *what happened here*, not
for saying who is better, and it sorts by id alone."""


def grown_share(matchers: str, by: tuple[str, ...], over: str) -> str:
    """The share of what was judged in the time, cut to 0 to 1."""
    kept = queries.grown(STAFF_STATE.name, by, matchers, _KEPT, over=over)
    return f"clamp(({kept}) / ({judged(matchers, by, over)} > 0), 0, 1)"


def judged(matchers: str, by: tuple[str, ...], over: str) -> str:
    """How many verdicts kept or broken there are more than at the start of the time."""
    return f"({queries.grown(STAFF_STATE.name, by, matchers, _JUDGED, over=over)})"


def share_ever(matchers: str, by: tuple[str, ...]) -> str:
    """The share of all that was ever judged."""
    kept, of = (queries.total(STAFF_STATE.name, by, matchers, verdict) for verdict in (_KEPT, _JUDGED))
    return f"{kept} / ({of} > 0)"


def columns(matchers: str, by: tuple[str, ...]) -> list[Query]:
    """Shares and counts of a table about staff."""
    return [
        Query(grown_share(matchers, by, "$__range"), "Kept in range", SHARE),
        Query(f"round({judged(matchers, by, '$__range')})", "n in range"),
        Query(share_ever(matchers, by), "Kept ever", SHARE),
        Query(queries.total(STAFF_STATE.name, by, matchers, _JUDGED), "n ever"),
        Query(queries.total(STAFF_STATE.name, by, matchers, 'verdict="open"'), "Open"),
    ]


def staff_key() -> Key:
    """Rows by staff member, each a way down to them."""
    to = link(STAFF, "basis", "kind", "location", "staff=${__data.fields.Staff:percentencode}")
    return Key("staff", "Staff", ("Open this staff member", to))


def staff_table(id_: int, matchers: str = queries.CHOSEN) -> table.Panel:
    """Whoever answers for promises, with their counts."""
    about = About(id_, "Staff, by id", f"{_GROWN} {_EVER} Sorted by id: never a rank.", 24, 9)
    return rows(about, [staff_key()], columns(matchers, ("staff",)), by="Staff")


def kept_in_range(id_: int) -> stat.Panel:
    """The share of the time range, and its n."""
    found = [
        Query(grown_share(CHOSEN, (), "$__range"), "kept"),
        Query(f"round({judged(CHOSEN, (), '$__range')})", N, COUNT),
    ]
    return stats(
        About(id_, "Kept, in the time range", f"The chosen staff together. {_GROWN}", 8, 5), found, SHARE
    ).no_value(NO_START)


def kept_ever(id_: int) -> stat.Panel:
    """The share of everything, and its n."""
    ever = queries.total(STAFF_STATE.name, (), CHOSEN, _JUDGED)
    found = [Query(share_ever(CHOSEN, ()), "kept"), Query(ever, N, COUNT)]
    return stats(About(id_, "Kept, ever", f"The chosen staff together. {_EVER}", 8, 5), found, SHARE)


def open_now(id_: int) -> stat.Panel:
    """What the chosen staff still owe."""
    description = 'staff_promises_state{verdict="open"}: promises that the chosen staff still have to keep.'
    found = Query(queries.total(STAFF_STATE.name, (), CHOSEN, 'verdict="open"'), "open")
    return stats(About(id_, "Open promises", description, 8, 5), [found], COUNT)


def kept_over_time(id_: int) -> timeseries.Panel:
    """The share of the day before, over time."""
    description = (
        "The chosen staff together: growth of staff_promises_state over the 24 h before each point, kept / (kept + "
        "broken), on the chosen basis; summed over all workers, each sum the median of five minutes, then divided. "
        "Bars: n. Nothing judged: no share."
    )
    return shares(
        About(id_, "Kept share of the day before", description, 24, 9),
        Query(grown_share(CHOSEN, (), "1d"), "kept"),
        Query(judged(CHOSEN, (), "1d"), N),
    )


def places_table(id_: int) -> table.Panel:
    """Where the chosen staff answer for what."""
    about = About(id_, "Locations and kinds of the chosen staff", f"{_GROWN} {_EVER}", 24, 9)
    return rows(about, [location_key(), Key("kind", "Kind")], columns(CHOSEN, ("location", "kind")), by="Location")


def verdicts_over_time(id_: int) -> timeseries.Panel:
    """What became of the promises, as they stand."""
    description = "staff_promises_state of the chosen staff by verdict, but for kept, summed over all workers."
    found = Query(queries.total(STAFF_STATE.name, ("verdict",), CHOSEN, 'verdict!="kept"'), "{{verdict}}")
    return lines(About(id_, "Not kept, ever, and open", description, 12), [found], COUNT).min(0).decimals(0)


def not_a_rank(id_: int) -> text.Panel:
    """What these numbers do not say."""
    return note(About(id_, "Before you compare people", "What these numbers cannot say.", 12), NOT_A_RANK)
