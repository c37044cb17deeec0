"""A collector that shows the last snapshot it was given, of whatever process."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, TypeVar

from prometheus_client.registry import Collector


class Beats(Protocol):
    """A snapshot: a dataclass that says when the event loop last moved, in seconds of the monotonic clock."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def beat(self) -> float: ...


Shown = TypeVar("Shown", bound=Beats)
"""The kind of snapshot."""


class Exposed(Collector, Generic[Shown]):
    """Shows `snapshot`, which whoever sets it replaces whole."""

    snapshot: Shown
