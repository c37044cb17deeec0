"""Fixtures of the notifier. The end of its log is shown with every failure."""

from __future__ import annotations

from tests.worker.conftest import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]
