"""Common parts of all dashboards: variables, annotations, links between dashboards, and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    AnnotationTarget,
    CustomVariable,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import AnnotationQuery as Annotation
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.panels import SOURCE
from streams.alerting.pipeline_alerts import SUMMARIES
from streams.metrics.catalogue import MADE, STAFF_STATE

TAG: Final = "promises"
INCIDENT_TAG: Final = "promises-incident"
"""The tag of incidents that people or programs write to Grafana."""

OVERVIEW, LOCATION, STAFF, PIPELINE = "promises-overview", "promises-location", "promises-staff", "promises-pipeline"
ALERTS: Final = f'ALERTS{{alertstate="firing",alertname=~"{"|".join(("Promises.+", "FeedStale", *SUMMARIES))}"'
"""The start of a selector for the firing alerts of our rules. An alert of the pipeline may lack location and kind."""


class Section(NamedTuple):
    """A row of a dashboard with its panels. id: of the row."""

    id: int
    title: str
    panels: Sequence[Builder[Panel]]


def dashboard(uid: str, title: str, description: str, sections: Iterable[Section]) -> Dashboard:
    """Return a read-only dashboard of the last 6 h, refreshed every 30 s, without its variables and annotations."""
    built = Dashboard(f"Promises / {title}").uid(uid).description(description).tags([TAG]).readonly()
    built = built.tooltip(DashboardCursorSync.CROSSHAIR).time("now-6h", "now").refresh("30s").timezone("browser")
    built = built.with_variable(source_variable()).link(_others())
    for section in sections:
        built = built.with_row(Row(section.title).id(section.id))
        for panel in section.panels:
            built = built.with_panel(panel)
    return built


def location_variables() -> list[Builder[VariableModel]]:
    """Return the variables location, kind and basis."""
    location = _query_variable("location", "Location", f"label_values({MADE.name}, location)")
    kind = _query_variable("kind", "Kind", f'label_values({MADE.name}{{location=~"$location"}}, kind)')
    return [location, kind, _basis_variable()]


def staff_variable() -> QueryVariable:
    """Return the variable for staff members of the chosen locations."""
    return _query_variable("staff", "Staff", f'label_values({STAFF_STATE.name}{{location=~"$location"}}, staff)')


def events(alerts: str) -> list[Builder[Annotation]]:
    """Return the annotation queries: firing alerts from Prometheus, and incidents from Grafana."""
    firing = AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True).icon_color("red").expr(alerts)
    firing = firing.title_format("{{alertname}}").text_format("{{location}} {{kind}}").tag_keys("severity").step("30s")
    grafana = DataSourceRef(type_val="grafana", uid="-- Grafana --")
    tagged = AnnotationTarget().type("tags").tags([INCIDENT_TAG]).limit(100).match_any(False)
    incidents = AnnotationQuery().name("Incidents").datasource(grafana).enable(True).icon_color("orange")
    # The SDK declares a query here, although its own model has a target.
    return [firing, incidents.target(tagged)]  # type: ignore[arg-type]


def link(uid: str, *variables: str) -> str:
    """Return the URL of a dashboard with the same time range and these variables.

    variables: name=value, or the name of a variable that keeps its value.
    """
    parameters = [
        f"var-{variable}" if "=" in variable else f"${{{variable}:queryparam}}"
        for variable in ("datasource", *variables)
    ]
    return f"/d/{uid}?{'&'.join(parameters)}&${{__url_time_range}}"


def source_variable() -> DatasourceVariable:
    """Return the variable for the Prometheus data source."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus")


def _query_variable(name: str, label: str, query: str) -> QueryVariable:
    variable = QueryVariable(name).label(label).datasource(SOURCE).query(query).definition(query)
    variable = variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(True).include_all(True).all_value(".+").current(everything)


def _basis_variable() -> CustomVariable:
    options = [VariableOption(selected=name == "current", text=name, value=name) for name in ("current", "original")]
    variable = CustomVariable("basis").label("Basis").values("current,original").options(options).current(options[0])
    return variable.description("Judged against the last promise (current) or the first one (original).")


def _others() -> DashboardLink:
    others = DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return others.include_vars(True).keep_time(True).as_dropdown(False)
