"""The screen of the demo: rates and counts of every location and every staff member, from /metrics. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.judging.measures import kept_rate
from streams.metrics.scrape import Scrape

_CURRENT = {"basis": "current"}


def screen(scrape: Scrape, url: str) -> RenderableType:
    """Return the whole screen for a terminal."""
    records = scrape.sum("promises_events_total")
    rejects = scrape.sum("promises_rejects_total")
    made = scrape.sum("promises_made_total")
    head = f"{made:.0f} promises made, {records:.0f} records, {rejects:.0f} rejected\nmetrics: {url}\n"
    return Group(Text(head), _locations(scrape), _staff(scrape))


def _locations(scrape: Scrape) -> Table:
    table = _table("location", "due, 15 min", "kept", "all: kept", "broken", "open", "at risk", "overdue")
    names = sorted(scrape.by("promises_state", "location"))
    for (name,) in names:
        recent = {"window": "15m", "location": name, **_CURRENT}
        due, kept = scrape.sum("promises_window_due", **recent), scrape.sum("promises_window_kept", **recent)
        labels = {"location": name, **_CURRENT}
        table.add_row(
            name,
            f"{due:.0f}",
            _rate(kept, due - kept),
            *(_count(scrape, verdict=verdict, **labels) for verdict in ("kept", "broken", "open")),
            *(_count(scrape, reason=reason, **labels) for reason in ("at_risk", "undelivered")),
        )
    return table


def _staff(scrape: Scrape) -> Table:
    """Return rates with their counts in two columns, ordered by location and id, because this is not a ranking."""
    counts = scrape.by("staff_promises_state", "location", "staff", "verdict", **_CURRENT)
    members = sorted({key[:2] for key in counts})
    half = (len(members) + 1) // 2
    both = Table.grid(padding=(1, 4, 0, 0))
    both.add_row(*(_staff_table(counts, part) for part in (members[:half], members[half:])))
    return both


def _staff_table(counts: Mapping[tuple[str, ...], float], members: Sequence[tuple[str, ...]]) -> Table:
    table = _table("staff", "location", "judged", "kept")
    for location, staff in members:
        kept, broken = (counts.get((location, staff, verdict), 0) for verdict in ("kept", "broken"))
        table.add_row(staff, location, f"{kept + broken:.0f}", _rate(kept, broken))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("location", "staff") else "right")
    return table


def _count(scrape: Scrape, **labels: str) -> str:
    return f"{scrape.sum('promises_state', **labels):.0f}"


def _rate(kept: float, broken: float) -> Text:
    rate = kept_rate(int(kept), int(broken))
    if rate is None:
        return Text("-")
    return Text(f"{rate:.1%}", style="green" if rate >= 0.9 else "yellow" if rate >= 0.75 else "red")
