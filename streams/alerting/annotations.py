"""Annotations of alerts: texts with numbers from the series, and links to dashboards and runbooks."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.words import Basis
from streams.alerting.recording_rules import DUE, INFO, OBJECTIVE


class Links(NamedTuple):
    """The links in alerts. dashboards: the URL of Grafana; empty for relative links. runbooks: their folder or URL."""

    dashboards: str = ""
    runbooks: str = "docs/runbooks"

    def of_location(self, basis: Basis, *, with_kind: bool) -> str:
        """Return the link to the dashboard of the alert's location."""
        kind = "&var-kind={{ $labels.kind | urlquery }}" if with_kind else ""
        board = f"/d/promises-location?var-location={{{{ $labels.location | urlquery }}}}{kind}&var-basis={basis}"
        return self.dashboards.rstrip("/") + board

    def of_pipeline(self) -> str:
        """Return the link to the dashboard of the pipeline."""
        return self.dashboards.rstrip("/") + "/d/promises-pipeline"

    def of_runbook(self, alert: str) -> str:
        """Return the link to the runbook of an alert."""
        return f"{self.runbooks.rstrip('/')}/{alert}.md"


def _query_template(query: str, labels: str, shown: str, otherwise: str) -> str:
    """Return a template that shows the result of a query by labels of the alert.

    otherwise: shown if there is no result, because a template that fails would lose the text.
    """
    names = " ".join(f"$labels.{label}" for label in labels.split())
    query_result = f'{{{{ with printf "{query}" {names} | query }}}}'
    return query_result + f"{{{{ . | first | {shown} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


NAME: Final = _query_template(f"{INFO}{{location=%q}}", "location", 'label "display_name"', "{{ $labels.location }}")
"""The display name of the location; its id if it has none."""

OBJECTIVE_SHARE: Final = _query_template(
    f"{OBJECTIVE}{{location=%q,kind=%q}}", "location kind", "value | humanizePercentage", "its share"
)

COUNT: Final = '{{ $value | printf "%.0f" }}'
DURATION: Final = "{{ $value | humanizeDuration }}"


def due_in(basis: Basis, window: str) -> str:
    """Return a template for the number of promises that fell due in the window."""
    series = f"{DUE}{{location=%q,kind=%q,basis='{basis}',window='{window}'}}"
    return _query_template(series, "location kind", 'value | printf "%.0f"', "the")
