"""What expressions of an adapter see: an item, and names for more. A name is worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from streams.adapters.feed_records import OpenedRecord


class Readable(Protocol):
    """What has a value in a scope."""

    @property
    def read(self) -> Callable[[Scope], Any]: ...


class Scope:
    """An item of a record, or the whole of it. A scope within another knows all names of that one."""

    __slots__ = ("_known", "_lets", "_outer", "item", "opened")

    def __init__(
        self, item: Any, opened: OpenedRecord, lets: Mapping[str, Readable], outer: Scope | None = None
    ) -> None:
        """item: what paths begin at. opened: the record. lets: names that are worked out from this scope."""
        self.item = item
        self.opened = opened
        self._lets = lets
        self._outer = outer
        self._known: dict[str, Any] = {}

    def within(self, item: Any, lets: Mapping[str, Readable]) -> Scope:
        """The scope of `item`, which is part of this one."""
        return Scope(item, self.opened, lets, self)

    def value(self, name: str) -> Any:
        """The value behind a name; nothing where there is no such name."""
        if name in self._known:
            return self._known[name]
        if name in self._lets:
            self._known[name] = found = self._lets[name].read(self)
            return found
        return self._outer.value(name) if self._outer else None
