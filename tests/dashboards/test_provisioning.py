"""Tests of the files from which Grafana loads its data source and dashboards."""

from __future__ import annotations

from typing import Any

import yaml

from dashboards import frame
from dashboards.build import FOLDER
from streams.grafana import push

PLACE = FOLDER.parent / "provisioning"


def read(kind: str) -> dict[str, Any]:
    result: dict[str, Any] = yaml.safe_load((PLACE / kind / "promises.yml").read_text("utf-8"))
    assert result["apiVersion"] == 1
    return result


def test_the_data_source_is_found_by_a_uid_that_never_changes() -> None:
    (source,) = read("datasources")["datasources"]
    assert source == source | {"uid": "prometheus", "type": "prometheus", "url": "$PROMETHEUS_URL", "editable": False}


def test_dashboards_come_from_their_folder_and_are_not_changed_in_grafana() -> None:
    (provider,) = read("dashboards")["providers"]
    assert provider == provider | {"type": "file", "allowUiUpdates": False, "disableDeletion": True}
    assert provider["options"] == {"path": "$PROMISES_DASHBOARDS"}
    assert provider["updateIntervalSeconds"] > 10


def test_both_ways_into_grafana_lead_to_the_same_folder_and_incidents_to_the_same_tag() -> None:
    (provider,) = read("dashboards")["providers"]
    assert provider["folderUid"] == push.FOLDER
    assert frame.INCIDENT_TAG == push.INCIDENT_TAG


def test_the_committed_dashboards_are_pushed() -> None:
    assert [one["uid"] for one in push.own_dashboards()] == sorted(path.stem for path in FOLDER.glob("*.json"))
