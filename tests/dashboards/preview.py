"""The dashboards as plain pages, to be looked at where there is no Grafana.

`python -m tests.dashboards.preview FOLDER` writes them; any browser shows them. A real Prometheus with three hours of
two workers answers; the pages show titles, places, units, legends and numbers as the dashboards give them. Colours,
fonts and everything that Grafana does in the browser are not Grafana's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Final

from tests.dashboards.reading import DASHBOARDS, Json, chosen
from tests.dashboards.server import Prometheus, Row, prometheus

_COLORS: Final = ("#3274d9", "#e0752d", "#56a64b", "#b877d9", "#e02f44", "#1f9ca8", "#8e8e8e", "#a0522d", "#d4a017")
_WIDTH, _HEIGHT = 1000, 300
_PAGE: Final = Template("""<!doctype html><meta charset="utf-8"><title>$title</title><style>
body { font: 14px sans-serif; background: #f4f5f5; margin: 8px }
main { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 30px; gap: 8px }
section { background: white; border: 1px solid #ddd; padding: 6px; overflow: hidden }
section { display: flex; flex-flow: column } svg { flex: 1; min-height: 0 }
td, th { padding: 3px 12px; text-align: left }
h1 { font-size: 18px; margin: 4px } h2 { font-size: 14px; margin: 0 } h3 { font-size: 16px; margin: 0 }
.stats { display: flex; gap: 24px; flex: 1; align-items: center; justify-content: space-around }
.stats b { font-size: 26px; display: block }
.bar { background: #8e8e8e55; white-space: nowrap; margin: 2px } pre { white-space: pre-wrap; margin: 0 }
</style><h1>$title</h1><main>$panels</main>""")


def shown(value: float, unit: str) -> str:
    """Return a number in its unit, about as Grafana writes it."""
    if unit == "percentunit":
        return f"{100 * value:.1f} %"
    if unit == "s":
        return f"{value / 60:.1f} min" if abs(value) >= 60 else f"{value:.3g} s"
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    return f"{value:.3g} c/s" if unit == "cps" else f"{value:,.0f}"


def legend(template: str, labels: Json) -> str:
    """Return the legend of a series."""
    for name, value in labels.items():
        template = template.replace(f"{{{{{name}}}}}", value)
    return template


def unit_of(panel: Json, ref: str, title: str = "") -> str:
    """Return the unit of a query or a column, by the panel's overrides."""
    for rule in panel["fieldConfig"]["overrides"]:
        if rule["matcher"]["options"] in (ref, title):
            for one in rule["properties"]:
                if one["id"] == "unit":
                    return str(one["value"])
    return str(panel["fieldConfig"]["defaults"]["unit"])


def stat(panel: Json, server: Prometheus) -> str:
    """Return values with their names."""
    result = [
        f"<div><b>{shown(float(row['value'][1]), unit_of(panel, target['refId']))}</b>"
        f"{escape(legend(target['legendFormat'], row['metric']))}</div>"
        for target in panel["targets"]
        for row in server.now(chosen(target["expr"]))
    ]
    return f"<div class=stats>{''.join(result)}</div>"


def bargauge(panel: Json, server: Prometheus) -> str:
    """Return a bar for each value."""
    (target,) = panel["targets"]
    result = server.now(chosen(target["expr"]))
    most = max((abs(float(row["value"][1])) for row in result), default=1) or 1
    return "".join(
        f"<div class=bar style='width:{100 * abs(float(row['value'][1])) / most:.0f}%'>"
        f"{escape(legend(target['legendFormat'], row['metric']))}: {float(row['value'][1]):.0f}</div>"
        for row in sorted(result, key=lambda row: str(row["metric"]))
    )


def table(panel: Json, server: Prometheus) -> str:
    """Return rows by their labels, with the final names of columns."""
    (changes,) = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
    names = {
        name: changes["renameByName"][name] for name in sorted(changes["indexByName"], key=changes["indexByName"].get)
    }
    keys = [name for name in names if not name.startswith("Value") and name != "display_name"]
    rows: dict[tuple[str, ...], Json] = {}
    for target in panel["targets"]:
        title = names.get(f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value", "Name")
        for row in server.now(chosen(target["expr"])):
            place = rows.setdefault(
                tuple(row["metric"][key] for key in keys), {names[key]: row["metric"][key] for key in keys}
            )
            place[title] = row["metric"].get("display_name") or float(row["value"][1])
    (by,) = [one["displayName"] for one in panel["options"]["sortBy"]]
    ordered = sorted(rows.values(), key=lambda row: (by not in row, row.get(by, 0)))
    head = "".join(f"<th>{escape(title)}</th>" for title in names.values())
    body = "".join(f"<tr>{''.join(_cells(panel, row, list(names.values())))}</tr>" for row in ordered)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cells(panel: Json, row: Json, titles: Sequence[str]) -> Iterator[str]:
    for title in titles:
        value = row.get(title, "")
        yield f"<td>{shown(value, unit_of(panel, '', title)) if isinstance(value, float) else escape(value)}</td>"


def timeseries(panel: Json, server: Prometheus) -> str:
    """Return lines, each scaled with those of its unit, and the last value of each."""
    result = [
        (legend(target["legendFormat"], row["metric"]), unit_of(panel, target["refId"]), _points(row))
        for target in panel["targets"]
        for row in server.over_time(chosen(target["expr"]), minutes=180, step=120)
    ]
    lines, names = [], []
    for color, (name, unit, points) in zip(_COLORS * 9, result, strict=False):
        same = [value for _, its, others in result if its == unit for _, value in others]
        low, high = min(0.0, *same), max(same) or 1.0
        drawn = " ".join(
            f"{_WIDTH * (at - server.end + 10800) / 10800:.0f},{_HEIGHT * (high - value) / (high - low):.0f}"
            for at, value in points
        )
        lines.append(f"<polyline fill=none stroke='{color}' stroke-width=2 points='{drawn}'/>")
        last = f"{shown(points[-1][1], unit)} (to {shown(high, unit)})"
        names.append(f"<span style='color:{color}'>&#9644; {escape(name)}: {last}</span>")
    return f"{_drawing(lines)}<div>{' &nbsp; '.join(names)}</div>"


def heatmap(panel: Json, server: Prometheus) -> str:
    """Return a heatmap: one row for each bucket, the lowest at the bottom."""
    (target,) = panel["targets"]
    rows = server.over_time(chosen(target["expr"]), minutes=180, step=300)
    rows.sort(key=lambda row: float(row["metric"]["le"]))
    counts = [[value for _, value in _points(row)] for row in rows]
    single = [counts[0], *([b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(counts))]
    most = max(max(row) for row in single) or 1.0
    high, wide = _HEIGHT / len(rows), _WIDTH / len(single[0])
    cells = [
        f"<rect x={wide * x:.0f} y={_HEIGHT - high * (y + 1):.0f} width={wide:.0f} height={high:.0f} fill='#e0752d'"
        f" opacity={max(0.0, value) / most:.2f} />"
        for y, row in enumerate(single)
        for x, value in enumerate(row)
    ]
    names = [shown(float(row["metric"]["le"]), "s") for row in rows]
    return f"{_drawing(cells)}<div>from the bottom: {', '.join(names)}</div>"


def text(panel: Json, _: Prometheus) -> str:
    """Return text."""
    return f"<pre>{escape(panel['options']['content'])}</pre>"


def row(_: Json, __: Prometheus) -> str:
    """Return only the title."""
    return ""


KINDS: Final = {one.__name__: one for one in (stat, bargauge, table, timeseries, heatmap, text, row)}


def _points(row: Row) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in row["values"]]


def _drawing(parts: Sequence[str]) -> str:
    return f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' preserveAspectRatio=none>{''.join(parts)}</svg>"


def page(dashboard: Json, server: Prometheus) -> str:
    """Return a whole dashboard."""
    return _PAGE.substitute(title=escape(dashboard["title"]), panels="".join(_panels(dashboard, server)))


def _panels(dashboard: Json, server: Prometheus) -> Iterator[str]:
    for panel in dashboard["panels"]:
        at = {"x": 0, "y": 0} | panel["gridPos"]
        place = f"grid-column:{at['x'] + 1}/span {at['w']};grid-row:{at['y'] + 1}/span {at['h']}"
        inside = KINDS[panel["type"]](panel, server)
        yield f"<section style='{place}' title='{escape(panel.get('description', ''))}'>"
        yield f"<h2>{escape(panel['title'])}</h2>{inside}</section>"


def main(folder: Path) -> None:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as data, prometheus(Path(data)) as server:
        for name, dashboard in DASHBOARDS.items():
            (folder / f"{name}.html").write_text(page(dashboard, server), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
