"""What an alert says: numbers from the series that made it, and where to go on."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.words import Basis
from streams.alerting.recording_rules import DUE, INFO, OBJECTIVE


class Links(NamedTuple):
    """Where alerts lead. dashboards: the address of Grafana; empty for links within it. runbooks: where those lie."""

    dashboards: str = ""
    runbooks: str = "docs/runbooks"

    def of_location(self, basis: Basis, *, with_kind: bool) -> str:
        """The board of the alert's location."""
        kind = "&var-kind={{ $labels.kind | urlquery }}" if with_kind else ""
        board = f"/d/promises-location?var-location={{{{ $labels.location | urlquery }}}}{kind}&var-basis={basis}"
        return self.dashboards.rstrip("/") + board

    def of_pipeline(self) -> str:
        """The board of the pipeline."""
        return self.dashboards.rstrip("/") + "/d/promises-pipeline"

    def of_runbook(self, alert: str) -> str:
        """The page of an alert."""
        return f"{self.runbooks.rstrip('/')}/{alert}.md"


def _asked(query: str, labels: str, shown: str, otherwise: str) -> str:
    """The answer to a query by labels of the alert; `otherwise` where there is none: a text must never fail."""
    names = " ".join(f"$labels.{label}" for label in labels.split())
    asked = f'{{{{ with printf "{query}" {names} | query }}}}'
    return asked + f"{{{{ . | first | {shown} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


NAME: Final = _asked(f"{INFO}{{location=%q}}", "location", 'label "display_name"', "{{ $labels.location }}")
"""The location as people call it; its id where nobody wrote down a name."""

OBJECTIVE_SHARE: Final = _asked(
    f"{OBJECTIVE}{{location=%q,kind=%q}}", "location kind", "value | humanizePercentage", "its share"
)

COUNT: Final = '{{ $value | printf "%.0f" }}'
DURATION: Final = "{{ $value | humanizeDuration }}"


def due_in(basis: Basis, window: str) -> str:
    """How many promises fell due in the window."""
    series = f"{DUE}{{location=%q,kind=%q,basis='{basis}',window='{window}'}}"
    return _asked(series, "location kind", 'value | printf "%.0f"', "the")
