"""What the expressions of an adapter can read: an item, and names for more. A name is evaluated when first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from streams.adapters.feed_records import OpenedRecord


class Binding(Protocol):
    """Something that has a value in a scope."""

    @property
    def read(self) -> Callable[[Scope], Any]: ...


class Scope:
    """An item of a record, or the whole record. A scope within another knows all names of the outer one."""

    __slots__ = ("_bindings", "_outer", "_values", "item", "opened")

    def __init__(
        self, item: Any, opened: OpenedRecord, bindings: Mapping[str, Binding], outer: Scope | None = None
    ) -> None:
        """item: the value at which paths begin. opened: the record. bindings: the names to evaluate in this scope."""
        self.item = item
        self.opened = opened
        self._bindings = bindings
        self._outer = outer
        self._values: dict[str, Any] = {}

    def within(self, item: Any, bindings: Mapping[str, Binding]) -> Scope:
        """Return the scope of `item`, which is a part of this one."""
        return Scope(item, self.opened, bindings, self)

    def value(self, name: str) -> Any:
        """Return the value of a name; None if the name is unknown."""
        if name in self._values:
            return self._values[name]
        if name in self._bindings:
            self._values[name] = value = self._bindings[name].read(self)
            return value
        return self._outer.value(name) if self._outer else None
