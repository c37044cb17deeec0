"""What a request is answered with: JSON, and where it is refused what was wrong and what to do. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

CLOSE = {"connection": "close"}
"""Of an answer to a request of which not everything was read."""


class JsonResponse(NamedTuple):
    """An answer. document: its body, as JSON."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = {}

    @property
    def body(self) -> bytes:
        return msgspec.json.encode(self.document) + b"\n"

    @property
    def head(self) -> list[tuple[bytes, bytes]]:
        """Its headers, without the length."""
        told = {"content-type": "application/json", **self.headers}
        return [(name.encode(), value.encode()) for name, value in told.items()]


class Refusal(Exception):
    """A request that is not taken. remedy: what its sender, or whoever runs the gateway, can do."""

    def __init__(self, status: int, error: str, remedy: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.answer = JsonResponse(status, {"error": error, "remedy": remedy}, headers or {})


def not_now(error: str, remedy: str = "send it again later; nothing of it was lost", seconds: int = 5) -> Refusal:
    """A refusal for reasons of our own, which pass."""
    return Refusal(503, error, remedy, {"retry-after": str(seconds)})
