"""Common style of panels: stats, lines, bars, heatmaps, tables and texts."""

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
"""The text of a panel that shows growth and has no data."""

N: Final = "n"
"""The legend for the number of promises in a share."""


class About(NamedTuple):
    """The properties of every panel. id: never changes, because links contain it. description: how numbers are made."""

    id: int
    title: str
    description: str
    width: int
    height: int = 8


class Query(NamedTuple):
    """One query of a panel. legend: the name of its values. unit: None for the panel's unit."""

    expr: str
    legend: str
    unit: str | None = None


class Key(NamedTuple):
    """A label by which the rows of a table differ. link: title and URL of the link on its value."""

    label: str
    title: str
    link: tuple[str, str] | None = None


class Names(NamedTuple):
    """An additional column with names of the rows: a label of the series of `expr`."""

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
    """Return a panel with the last value of each query, large, with its name."""
    panel = _described(stat.Panel(), about).unit(unit).color_mode(BigValueColorMode.NONE)
    panel = panel.graph_mode(BigValueGraphMode.NONE).text_mode(BigValueTextMode.VALUE_AND_NAME)
    panel = panel.orientation(VizOrientation.VERTICAL).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_instant_query(ref, query))
        panel = panel.override_by_query(ref, _format(query.unit or unit))
    return panel


def lines(about: About, queries: Sequence[Query], unit: str) -> timeseries.Panel:
    """Return a panel of values over time, with the last of each in the legend. Gaps are not filled."""
    panel = _described(timeseries.Panel(), about).unit(unit).line_interpolation(LineInterpolation.LINEAR).line_width(2)
    panel = panel.legend(_legend()).tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_range_query(ref, query))
    return panel.decimals(1) if unit == SHARE else panel


def shares(about: About, share: Query, n: Query, objective: Query | None = None) -> timeseries.Panel:
    """Return a panel of shares over time, up to 1, with n as bars on an axis of its own.

    objective: shown as a dashed line.
    """
    panel = lines(about, [share, n, *([objective] if objective else [])], SHARE).axis_soft_min(0.5).max(1)
    if objective:
        panel = panel.override_by_query("C", [_custom("lineStyle", {"fill": "dash", "dash": [10, 10]}), _fixed(PLAIN)])
    own_axis = [DynamicConfigValue("unit", COUNT), DynamicConfigValue("decimals", 0), DynamicConfigValue("min", 0)]
    bars = [_custom("drawStyle", "bars"), _custom("fillOpacity", 15), _custom("lineWidth", 0)]
    # Without an upper bound of its own, the axis of n would end at 1 like that of the shares.
    free = [_custom("axisPlacement", "right"), DynamicConfigValue("max", None)]
    return panel.override_by_query("B", [*own_axis, *free, *bars, _fixed(PLAIN)])


def cells(about: About, query: Query, unit: str) -> heatmap.Panel:
    """Return a heatmap of the buckets of a histogram over time. A column is at least five minutes wide."""
    panel = _described(heatmap.Panel(), about).unit(unit).interval("5m").calculate(False).show_legend()
    panel = panel.y_axis(HeatmapAxis().unit(unit)).color(
        HeatmapColors().mode(HeatmapColorMode.SCHEME).scheme("Oranges")
    )
    return panel.with_target(_range_query("A", query).format(PromQueryFormat.HEATMAP))


def bars(about: About, query: Query, unit: str = COUNT) -> bargauge.Panel:
    """Return a panel with one bar for each value of a query of growth."""
    panel = _described(bargauge.Panel(), about).no_value(NO_START).unit(unit).orientation(VizOrientation.HORIZONTAL)
    panel = panel.display_mode(BarGaugeDisplayMode.BASIC).thresholds(thresholds((None, PLAIN)))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.with_target(_instant_query("A", query)).decimals(0)


def rows(
    about: About, keys: Sequence[Key], columns: Sequence[Query], *, by: str, names: Names | None = None
) -> table.Panel:
    """Return a table with one row for each combination of labels in `keys` and one column per query, sorted by `by`."""
    panel = _described(table.Panel(), about).unit(COUNT)
    for ref, column in zip(ascii_uppercase, columns, strict=False):
        panel = panel.with_target(_instant_query(ref, column).format(PromQueryFormat.TABLE))
        panel = panel.override_by_name(column.legend, _format(column.unit or COUNT))
    if names:
        panel = panel.with_target(_instant_query("N", Query(names.expr, names.title)).format(PromQueryFormat.TABLE))
    for key in keys:
        if key.link:
            title, url = key.link
            panel = panel.override_by_name(key.title, [DynamicConfigValue("links", [{"title": title, "url": url}])])
    panel = panel.with_transformation(DataTransformerConfig("merge", options={}))
    panel = panel.with_transformation(DataTransformerConfig("organize", options=_columns(keys, columns, names)))
    return panel.sort_by([common.TableSortByFieldState().display_name(by).desc(False)])


def note(about: About, markdown: str) -> text.Panel:
    """Return a panel of text."""
    return _described(text.Panel(), about).mode(TextMode.MARKDOWN).content(markdown)


def thresholds(*steps: tuple[float | None, str]) -> ThresholdsConfig:
    """Return thresholds: each colour applies from its value on; the first has no value."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value, color) for value, color in steps])


def _described(panel: _P, about: About) -> _P:
    panel = panel.id(about.id).title(about.title).description(about.description)
    return panel.datasource(SOURCE).span(about.width).height(about.height)


def _range_query(ref: str, query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).datasource(SOURCE).expr(query.expr).legend_format(query.legend).range()


def _instant_query(ref: str, query: Query) -> prometheus.Dataquery:
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
    """Return the order and titles of columns by their names: labels, and Value #A, or Value for a single query."""
    values = [f"Value #{ref}" for ref in ascii_uppercase[: len(columns)]] if len(columns) > 1 else ["Value"]
    titles = {key.label: key.title for key in keys} | ({names.label: names.title} if names else {})
    titles |= dict(zip(values, (column.legend for column in columns), strict=True))
    order = {name: index for index, name in enumerate(titles)}
    # The value of a series of names is always 1.
    hidden = {"Time": True} | ({"Value #N": True} if names else {})
    return {"excludeByName": hidden, "indexByName": order, "renameByName": titles}
