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
    """Two feeds: a till, and a device that is silent for hours, whose topic somebody made who lets senders say when."""
    file = tmp_path_factory.mktemp("feeds") / "feeds.toml"
    file.write_text(FEEDS, "utf-8")
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.create_topics([NewTopic("feeds.patchy", PARTITIONS, 1)])
    made = promises("topics", "--bootstrap", bootstrap, "--feeds", file)
    assert (made.code, made.err) == (0, "")
    assert made.out.splitlines()[-2:] == [
        "feeds.till: created, 4 partitions",
        "feeds.patchy: is there already, left as it is",
    ]
    return file
