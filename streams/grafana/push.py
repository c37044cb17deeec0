"""Pushing dashboards and incidents to Grafana. Pushing again without a change does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final, NamedTuple

from streams.grafana.interface import Annotation, Dashboard, Grafana

FOLDER: Final = "promises"
"""The uid of the folder. Pushing finds the folder by it, even if its title was changed in Grafana."""

INCIDENT_TAG: Final = "promises-incident"
"""The tag of the incidents that our dashboards show."""

_SET_BY_GRAFANA: Final = ("id", "version")


class PushResult(NamedTuple):
    """The result of pushing one object. change: created, updated or unchanged."""

    name: str
    change: str


def own_dashboards() -> list[Dashboard]:
    """Return the dashboards of this version of promises."""
    folder = files("dashboards").joinpath("grafana")
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".json")), key=lambda path: path.name)
    return [json.loads(path.read_text("utf-8")) for path in paths]


def push(
    grafana: Grafana, dashboards: Sequence[Dashboard], title: str, *, dry_run: bool = False
) -> Iterator[PushResult]:
    """Save `dashboards` in the folder, which is created with `title` if it is missing. dry_run: change nothing.

    Raises PublishingFailed. Changes before the failure stay, and pushing again makes the remaining ones.
    """
    exists = grafana.has_folder(FOLDER)
    if not exists and not dry_run:
        grafana.create_folder(FOLDER, title)
    yield PushResult(f"folder {FOLDER}", "unchanged" if exists else "created")
    for dashboard in dashboards:
        yield PushResult(dashboard["uid"], _push_dashboard(grafana, dashboard, dry_run))


def _push_dashboard(grafana: Grafana, dashboard: Dashboard, dry_run: bool) -> str:
    stored = grafana.dashboard(dashboard["uid"])
    if stored and stored.folder == FOLDER and _content(stored.dashboard) == _content(dashboard):
        return "unchanged"
    if not dry_run:
        grafana.save(dashboard, FOLDER, stored.version if stored else 0)
    return "updated" if stored else "created"


def _content(dashboard: Dashboard) -> Dashboard:
    return {name: value for name, value in dashboard.items() if name not in _SET_BY_GRAFANA}


def annotate(grafana: Grafana, incident: str, annotation: Annotation, *, dry_run: bool = False) -> PushResult:
    """Create an incident, or update the one with the same id, which is found by its tag.

    Raises PublishingFailed.
    """
    name, tag = f"incident {incident}", f"incident:{incident}"
    tagged = annotation._replace(tags=(INCIDENT_TAG, tag, *annotation.tags))
    stored = grafana.annotations((INCIDENT_TAG, tag))
    if not stored:
        if not dry_run:
            grafana.add_annotation(tagged)
        return PushResult(name, "created")
    tagged = tagged._replace(id=stored[0].id)
    if stored[0]._replace(tags=()) == tagged._replace(tags=()) and set(stored[0].tags) == set(tagged.tags):
        return PushResult(name, "unchanged")
    if not dry_run:
        grafana.update_annotation(tagged)
    return PushResult(name, "updated")
