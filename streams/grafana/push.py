"""What is to be in Grafana, what of it is missing, and making it so. Doing it again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final, NamedTuple

from streams.grafana.interface import Annotation, Dashboard, Grafana

FOLDER: Final = "promises"
"""The uid of the folder: its title may be changed in Grafana, and pushing again still finds it."""

INCIDENT_TAG: Final = "promises-incident"
"""The tag by which our dashboards show incidents."""

_GIVEN_BY_GRAFANA: Final = ("id", "version")


class PushResult(NamedTuple):
    """What became of one thing. what: created, updated or unchanged."""

    name: str
    what: str


def committed() -> list[Dashboard]:
    """The dashboards that belong to this version of promises."""
    folder = files("dashboards").joinpath("grafana")
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".json")), key=lambda one: one.name)
    return [json.loads(one.read_text("utf-8")) for one in found]


def push(
    grafana: Grafana, dashboards: Sequence[Dashboard], title: str, *, dry_run: bool = False
) -> Iterator[PushResult]:
    """Put `dashboards` into the folder, which gets `title` where it has to be created. dry_run: only look.

    Raises PublishingFailed; what was done before then stays, and pushing again does the rest.
    """
    is_there = grafana.has_folder(FOLDER)
    if not is_there and not dry_run:
        grafana.create_folder(FOLDER, title)
    yield PushResult(f"folder {FOLDER}", "unchanged" if is_there else "created")
    for dashboard in dashboards:
        yield PushResult(dashboard["uid"], _put(grafana, dashboard, dry_run))


def _put(grafana: Grafana, dashboard: Dashboard, dry_run: bool) -> str:
    held = grafana.dashboard(dashboard["uid"])
    if held and held.folder == FOLDER and _content(held.dashboard) == _content(dashboard):
        return "unchanged"
    if not dry_run:
        grafana.save(dashboard, FOLDER, held.version if held else 0)
    return "updated" if held else "created"


def _content(dashboard: Dashboard) -> Dashboard:
    return {name: value for name, value in dashboard.items() if name not in _GIVEN_BY_GRAFANA}


def annotate(grafana: Grafana, incident: str, note: Annotation, *, dry_run: bool = False) -> PushResult:
    """Write an incident, or change what is written of it. Its tag, looked for first, keeps it from standing twice.

    Raises PublishingFailed.
    """
    tag = f"incident:{incident}"
    wanted = note._replace(tags=(INCIDENT_TAG, tag, *note.tags))
    held = grafana.notes((INCIDENT_TAG, tag))
    if not held:
        if not dry_run:
            grafana.add_note(wanted)
        return PushResult(f"incident {incident}", "created")
    wanted = wanted._replace(id=held[0].id)
    if held[0]._replace(tags=()) == wanted._replace(tags=()) and set(held[0].tags) == set(wanted.tags):
        return PushResult(f"incident {incident}", "unchanged")
    if not dry_run:
        grafana.change_note(wanted)
    return PushResult(f"incident {incident}", "updated")
