"""Verdicts and alerts in comparable form: JSON with all instants in milliseconds."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.chaos.expected_state import millis

_INSTANTS: Final = ("made_at", "decided_at", "due")


def normal(value: bytes | None) -> dict[str, Any]:
    """Return a record of promise.verdicts or promise.alerts in comparable form."""
    record: dict[str, Any] = json.loads(value or b"{}")
    return _normal(record)


def _normal(record: dict[str, Any]) -> dict[str, Any]:
    for name in _INSTANTS:
        if isinstance(record.get(name), str):
            record[name] = millis(record[name])
    for value in record.values():
        if isinstance(value, dict):
            _normal(value)
    return record
