"""One Kafka for each module; the end of the gateway's log beside every failure."""

from __future__ import annotations

from tests.worker.conftest import bootstrap, pytest_runtest_makereport

__all__ = ["bootstrap", "pytest_runtest_makereport"]
