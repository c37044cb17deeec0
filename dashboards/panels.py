"""The house style: what every stat, line, bar, table and text has in common, so that a panel says what is its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import Final, NamedTuple, Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions as HeatmapColors
from grafana_foundation_sdk.builders.heatmap import YAxisConfig as HeatmapAxis
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    SortOrder,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
COUNT: Final = units.LocaleFormat
SHARE: Final = units.PercentUnit
SECONDS: Final = units.Seconds
PER_SECOND: Final = units.CountsPerSecond
SINCE_1970: Final = units.DatetimeISO
YES_NO: Final = units.BoolYesNo
GOOD, BAD, PLAIN = "green", "red", "#8e8e8e"
NO_START: Final = "no data from the start of the time range"
"""What a panel of growth says where it is empty."""

N: Final = "n"
"""The legend of how many promises a share is made of."""


class About(NamedTuple):
    """What every panel has. id: never changes, because links hold it. description: how the numbers are made."""

    id: int
    title: str
    description: str
    width: int
    height: int = 8


class Query(NamedTuple):
    """One query of a panel. legend: what its values are called. unit: where it is not the panel's."""

    expr: str
    legend: str
    unit: str | None = None


class Key(NamedTuple):
    """A label that the rows of a table are told apart by. link: where a click on its value leads."""

    label: str
    title: str
    link: tuple[str, str] | None = None


class Names(NamedTuple):
    """What the rows of a table are called, beside what tells them apart: a label of the series that `expr` gives."""

    expr: str
    label: str
    title: str


class _Panel(Protocol):
    def id(self, id_val: int) -> Self: ...
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...


_P = TypeVar("_P", bound=_Panel)


def stats(about: About, queries: Sequence[Query], unit: str) -> stat.Panel:
    """The last value of each query, large, with its name."""
    panel = _told(stat.Panel(), about).unit(unit).color_mode(BigValueColorMode.NONE)
    panel = panel.graph_mode(BigValueGraphMode.NONE).text_mode(BigValueTextMode.VALUE_AND_NAME)
    panel = panel.orientation(VizOrientation.VERTICAL).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_instant(ref, query))
        panel = panel.override_by_query(ref, _format(query.unit or unit))
    return panel


def lines(about: About, queries: Sequence[Query], unit: str) -> timeseries.Panel:
    """Values over time, with the last of each in the legend. A gap stays a gap."""
    panel = _told(timeseries.Panel(), about).unit(unit).line_interpolation(LineInterpolation.LINEAR).line_width(2)
    panel = panel.legend(_legend()).tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_ranged(ref, query))
    return panel.decimals(1) if unit == SHARE else panel


def shares(about: About, share: Query, n: Query, objective: Query | None = None) -> timeseries.Panel:
    """Shares over time, up to 1; n as bars with an axis of their own; the objective, if any, as a dashed line."""
    panel = lines(about, [share, n, *([objective] if objective else [])], SHARE).axis_soft_min(0.5).max(1)
    if objective:
        panel = panel.override_by_query("C", [_custom("lineStyle", {"fill": "dash", "dash": [10, 10]}), _fixed(PLAIN)])
    own_axis = [DynamicConfigValue("unit", COUNT), DynamicConfigValue("decimals", 0), DynamicConfigValue("min", 0)]
    bars = [_custom("drawStyle", "bars"), _custom("fillOpacity", 15), _custom("lineWidth", 0)]
    # Without an upper bound of its own, the axis of n would end at 1, where the shares end.
    free = [_custom("axisPlacement", "right"), DynamicConfigValue("max", None)]
    return panel.override_by_query("B", [*own_axis, *free, *bars, _fixed(PLAIN)])


def cells(about: About, query: Query, unit: str) -> heatmap.Panel:
    """Buckets of a histogram over time: the more, the darker. A column is five minutes or more."""
    panel = _told(heatmap.Panel(), about).unit(unit).interval("5m").calculate(False).show_legend()
    panel = panel.y_axis(HeatmapAxis().unit(unit)).color(
        HeatmapColors().mode(HeatmapColorMode.SCHEME).scheme("Oranges")
    )
    return panel.with_target(_ranged("A", query).format(PromQueryFormat.HEATMAP))


def bars(about: About, query: Query, unit: str = COUNT) -> bargauge.Panel:
    """One bar for each value of a query, which says how much something grew."""
    panel = _told(bargauge.Panel(), about).no_value(NO_START).unit(unit).orientation(VizOrientation.HORIZONTAL)
    panel = panel.display_mode(BarGaugeDisplayMode.BASIC).thresholds(thresholds((None, PLAIN)))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.with_target(_instant("A", query)).decimals(0)


def rows(
    about: About, keys: Sequence[Key], columns: Sequence[Query], *, by: str, names: Names | None = None
) -> table.Panel:
    """A table: one row for each combination of the labels in `keys`, one column for each query, ordered by `by`."""
    panel = _told(table.Panel(), about).unit(COUNT)
    for ref, column in zip(ascii_uppercase, columns, strict=False):
        panel = panel.with_target(_instant(ref, column).format(PromQueryFormat.TABLE))
        panel = panel.override_by_name(column.legend, _format(column.unit or COUNT))
    if names:
        panel = panel.with_target(_instant("N", Query(names.expr, names.title)).format(PromQueryFormat.TABLE))
    for key in keys:
        if key.link:
            title, url = key.link
            panel = panel.override_by_name(key.title, [DynamicConfigValue("links", [{"title": title, "url": url}])])
    panel = panel.with_transformation(DataTransformerConfig("merge", options={}))
    panel = panel.with_transformation(DataTransformerConfig("organize", options=_columns(keys, columns, names)))
    return panel.sort_by([common.TableSortByFieldState().display_name(by).desc(False)])


def note(about: About, markdown: str) -> text.Panel:
    """Words."""
    return _told(text.Panel(), about).mode(TextMode.MARKDOWN).content(markdown)


def thresholds(*steps: tuple[float | None, str]) -> ThresholdsConfig:
    """Colours from these values on; the first has none."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value, color) for value, color in steps])


def _told(panel: _P, about: About) -> _P:
    panel = panel.id(about.id).title(about.title).description(about.description)
    return panel.datasource(SOURCE).span(about.width).height(about.height)


def _ranged(ref: str, query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(query.expr).legend_format(query.legend).range()


def _instant(ref: str, query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(query.expr).legend_format(query.legend).instant()


def _legend() -> common.VizLegendOptions:
    shown = common.VizLegendOptions().show_legend(True).calcs(["lastNotNull"])
    return shown.display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM)


def _format(unit: str) -> list[DynamicConfigValue]:
    decimals = {SHARE: 1, COUNT: 0}.get(unit)
    shown = [DynamicConfigValue("unit", unit)]
    return shown if decimals is None else [*shown, DynamicConfigValue("decimals", decimals)]


def _fixed(color: str) -> DynamicConfigValue:
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": color})


def _custom(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(f"custom.{name}", value)


def _columns(keys: Iterable[Key], columns: Sequence[Query], names: Names | None) -> dict[str, object]:
    """Columns by the names that they have before: labels, and Value #A or, where there is but one query, Value."""
    values = [f"Value #{ref}" for ref in ascii_uppercase[: len(columns)]] if len(columns) > 1 else ["Value"]
    titles = {key.label: key.title for key in keys} | ({names.label: names.title} if names else {})
    titles |= dict(zip(values, (column.legend for column in columns), strict=True))
    order = {name: place for place, name in enumerate(titles)}
    # The value beside a name is 1, and says nothing.
    hidden = {"Time": True} | ({"Value #N": True} if names else {})
    return {"excludeByName": hidden, "indexByName": order, "renameByName": titles}
