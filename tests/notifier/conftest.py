"""One Kafka for all tests of the notifier; the end of its log beside every failure."""

from __future__ import annotations

from tests.worker.conftest import bootstrap, pytest_runtest_makereport

__all__ = ["bootstrap", "pytest_runtest_makereport"]
