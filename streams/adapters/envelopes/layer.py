"""What is between a record and its body: a layer is what has been opened so far, and what is left to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from schemas.instants import ImplausibleInstant, Instant, from_datetime, parse_instant, to_datetime
from schemas.reading import Refused

CONTENT_TYPE: Final = "content-type"
FORM: Final = "application/x-www-form-urlencoded"
_MILLIS_FROM: Final = 10**11
"""A number of seconds since 1970 as large as this is of the year 5138, so the number counts milliseconds."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is left to open: bytes, or JSON that is decoded. tombstone: whether it says that something is gone."""

    content: Any
    headers: Mapping[str, str]
    id: str = ""
    received_at: Instant = 0
    envelopes: tuple[str, ...] = ()
    tombstone: bool = False

    @property
    def content_type(self) -> str:
        """The media type of what is left, in lower case and without parameters."""
        return self.headers.get(CONTENT_TYPE, "").partition(";")[0].strip().lower()

    def without(self, *names: str) -> dict[str, str]:
        """The headers but these."""
        return {name: value for name, value in self.headers.items() if name not in names}

    def opened(
        self, envelope: str, content: Any, headers: Mapping[str, str], id: str = "", received_at: Instant = 0
    ) -> Layer:
        """What was in `envelope`. What an inner envelope says of id and time goes before what an outer one says."""
        return replace(
            self,
            content=content,
            headers=headers,
            id=id or self.id,
            received_at=received_at or self.received_at,
            envelopes=(*self.envelopes, envelope),
        )


def bad(envelope: str, wrong: str) -> Refused:
    """The refusal of an envelope that cannot be opened."""
    return Refused("bad_envelope", f"{envelope}: {wrong}")


def text_of(value: Any) -> str:
    """A value of an envelope as a header: texts and numbers as they are written, nothing for null."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def time_of(value: Any) -> Instant | None:
    """A time as RFC 3339, or as seconds or milliseconds since 1970, number or text; None where it is none of these."""
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
