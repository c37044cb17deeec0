"""The ends of the workers' logs beside every failure."""

from __future__ import annotations

from tests.worker.conftest import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
