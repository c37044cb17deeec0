"""The Kafka of the workers' tests; the ends of the logs beside every failure."""

from __future__ import annotations

from tests.worker.conftest import bootstrap, pytest_runtest_makereport

__all__ = ["bootstrap", "pytest_runtest_makereport"]
