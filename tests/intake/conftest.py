"""A feeds file and the topics of its feeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from tests.cli.command import promises
from tests.worker.conftest import pytest_runtest_makereport
from tests.worker.records import PARTITIONS

__all__ = ["feeds", "pytest_runtest_makereport"]

FEEDS = """
[[feed]]
name = "till"

[[feed]]
name = "patchy"
silence = "unknown"
"""


@pytest.fixture(scope="module")
def feeds(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two feeds: a till, and a device that is silent for hours, whose topic takes the timestamps of the sender."""
    file = tmp_path_factory.mktemp("feeds") / "feeds.toml"
    file.write_text(FEEDS, "utf-8")
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.create_topics([NewTopic("feeds.patchy", PARTITIONS, 1)])
    created = promises("topics", "--bootstrap", bootstrap, "--feeds", file)
    assert (created.code, created.err) == (0, "")
    assert created.out.splitlines()[-2:] == [
        "feeds.till: created, 4 partitions",
        "feeds.patchy: exists already, not changed",
    ]
    return file
