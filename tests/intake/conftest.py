"""One Kafka with all topics for each module; a feeds file and the topics of its feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import promises
from tests.worker.conftest import bootstrap, pytest_runtest_makereport

__all__ = ["bootstrap", "feeds", "pytest_runtest_makereport"]

FEEDS = """
[[feed]]
name = "till"
topic = "feeds.till"

[[feed]]
name = "patchy"
topic = "feeds.patchy"
silence = "unknown"

[[feed]]
name = "rush"
topic = "feeds.rush"
"""


@pytest.fixture(scope="module")
def feeds(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The feeds of a town, with their topics."""
    file = tmp_path_factory.mktemp("feeds") / "feeds.toml"
    file.write_text(FEEDS, "utf-8")
    made = promises("topics", "--bootstrap", bootstrap, "--feeds", file)
    assert made.code == 0, made.err
    yield file
