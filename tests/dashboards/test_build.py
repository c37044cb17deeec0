"""Tests that the committed files are the output of the builders, and that the SDK can read them."""

from __future__ import annotations

import json

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.build import FOLDER, files
from tests.dashboards.reading import DASHBOARDS, Json


def test_the_committed_files_are_the_output_of_the_builders() -> None:
    committed = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*")}
    assert committed == files(), "run `python -m dashboards.build` and commit what it wrote"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_sdk_reads_a_dashboard_and_writes_the_same(name: str) -> None:
    register_default_plugins()
    assert read_and_written(DASHBOARDS[name]) == DASHBOARDS[name]


def test_a_key_that_no_schema_has_would_be_missed() -> None:
    overview = DASHBOARDS["promises-overview"]
    assert read_and_written(overview | {"colour": "red"}) == overview


def read_and_written(dashboard: Json) -> Json:
    read = Dashboard.from_json(dashboard)
    written: Json = json.loads(json.dumps(read, cls=JSONEncoder))
    return written
