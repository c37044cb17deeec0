"""Responses of the gateway: JSON, and in refusals the error and the remedy. They never contain a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

CLOSE: Final = {"connection": "close"}
"""A header of responses to requests that were not read to their end."""


class JsonResponse(NamedTuple):
    """A response. document: its body, as JSON."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = {}

    @property
    def body(self) -> bytes:
        """The document as bytes."""
        return msgspec.json.encode(self.document) + b"\n"

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers, content-length included."""
        headers = {"content-type": "application/json", **self.headers, "content-length": str(len(self.body))}
        return [(name.encode(), value.encode()) for name, value in headers.items()]


class Refusal(Exception):
    """A request that is refused. remedy: what its sender, or the operator of the gateway, can do."""

    def __init__(self, status: int, error: str, remedy: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.response = JsonResponse(status, {"error": error, "remedy": remedy}, headers or {})


def unavailable(error: str, remedy: str = "send it again later; nothing of it was lost", seconds: int = 5) -> Refusal:
    """Return a refusal for a temporary reason on our side. seconds: when the sender should try again."""
    return Refusal(503, error, remedy, {"retry-after": str(seconds)})
