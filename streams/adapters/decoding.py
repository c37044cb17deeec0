"""Decoding of the JSON in feeds. Whole numbers that a float cannot hold become texts, because they are ids."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from schemas.reading import Refused

_MAX_EXACT: Final = 2**53
"""The largest number up to which a float represents every whole number exactly."""

_SIXTEEN_DIGITS: Final = re.compile(rb"\d{16}")


def decode(value: bytes) -> Any:
    """Return the JSON in `value`; whole numbers beyond 2**53 as texts of their digits. Raises Refused ("not_json")."""
    try:
        decoded = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None
    return _exact(decoded) if _SIXTEEN_DIGITS.search(value) else decoded


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _exact(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_exact(entry) for entry in value]
    return str(value) if type(value) is int and not -_MAX_EXACT <= value <= _MAX_EXACT else value
