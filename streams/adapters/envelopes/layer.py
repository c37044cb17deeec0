"""The state of opening a record: a layer is the content that is left to open, and what was read so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from schemas.instants import ImplausibleInstant, Instant, from_datetime, parse_instant, to_datetime
from schemas.reading import Refused

CONTENT_TYPE: Final = "content-type"
FORM: Final = "application/x-www-form-urlencoded"
_MILLIS_FROM: Final = 10**11
"""Numbers from here on are milliseconds since 1970: as seconds they would lie in the year 5138 or later."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer. content: bytes or decoded JSON. tombstone: True if the record says only that something was deleted."""

    content: Any
    headers: Mapping[str, str]
    id: str = ""
    received_at: Instant = 0
    envelopes: tuple[str, ...] = ()
    tombstone: bool = False

    @property
    def content_type(self) -> str:
        """The media type of the content, in lower case and without parameters."""
        return self.headers.get(CONTENT_TYPE, "").partition(";")[0].strip().lower()

    def without(self, *names: str) -> dict[str, str]:
        """Return the headers without those named."""
        return {name: value for name, value in self.headers.items() if name not in names}

    def opened(
        self, envelope: str, content: Any, headers: Mapping[str, str], id: str = "", received_at: Instant = 0
    ) -> Layer:
        """Return the layer inside `envelope`. Its id and time, if it has any, replace those of the outer envelopes."""
        return replace(
            self,
            content=content,
            headers=headers,
            id=id or self.id,
            received_at=received_at or self.received_at,
            envelopes=(*self.envelopes, envelope),
        )


def bad(envelope: str, detail: str) -> Refused:
    """Return the refusal of a record whose envelope cannot be opened."""
    return Refused("bad_envelope", f"{envelope}: {detail}")


def text_of(value: Any) -> str:
    """Return a value of an envelope as the text of a header; an empty text for null."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def time_of(value: Any) -> Instant | None:
    """Return a time: RFC 3339, or seconds or milliseconds since 1970 as number or text; None if it is none of these."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _parsed(value) if isinstance(value, str) else None
    return _plausible(number if abs(number) >= _MILLIS_FROM else number * 1000)


def _parsed(text: str) -> Instant | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _plausible(millis: float) -> Instant | None:
    try:
        return from_datetime(to_datetime(int(millis)))
    except (ImplausibleInstant, OverflowError, ValueError):
        return None
