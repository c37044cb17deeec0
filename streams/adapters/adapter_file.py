"""Adapters from TOML. What is wrong is named: file, rule, field, remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import msgspec

from schemas.events import TAGS
from streams.adapters.adapter import NAMES, Adapter
from streams.adapters.conditions import BadCondition, Condition, condition
from streams.adapters.event_builder import COMMON, FIELDS, TYPES
from streams.adapters.expressions import BadExpression, compiled
from streams.adapters.fields import BadField, Compile, Field, field
from streams.adapters.rules import EventTemplate, Rule
from streams.adapters.simple_expressions import Expression, Functions
from streams.config.toml import ConfigError, check_keys, entry_label, parse_toml

_TOP: Final = {"about", "format", "canonical", "let", "rule"}
_RULE: Final = {"name", "when", "each", "let", "ignore", "thin", "steps"}
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_REQUIRED: Final = {
    tag: frozenset(one.name for one in msgspec.structs.fields(kind) if one.required) - {"id"}
    for kind, tag in TAGS.items()
}


class AdapterError(ConfigError):
    """An adapter file that cannot be used; the message names file, rule, field and remedy."""


def parse_adapter(text: str, name: str, functions: Functions) -> Adapter:
    """The adapter in `text`; `name` is what messages call it. Raises AdapterError."""
    return _File(parse_toml(text, name, AdapterError), name, functions).adapter()


class _File:
    """A file on its way to an adapter. columns: those read from whole records so far."""

    def __init__(self, table: Mapping[str, Any], name: str, functions: Functions) -> None:
        self._table = table
        self._name = name
        self._functions = functions
        self._columns: set[str] = set()

    def adapter(self) -> Adapter:
        check_keys(self._table, _TOP | COMMON, self._name, AdapterError)
        canonical, form = self._table.get("canonical", False), self._table.get("format")
        if form not in ("csv", "ndjson", None):
            raise AdapterError(f"{self._name}: format = {form!r}: write 'csv' or 'ndjson', or leave it out")
        about, entries = self._table.get("about", ""), self._table.get("rule", [])
        if not isinstance(about, str) or not isinstance(canonical, bool) or not isinstance(entries, list):
            raise AdapterError(f'{self._name}: write about = "one sentence", canonical = true, and [[rule]] tables')
        if canonical == bool(entries):
            raise AdapterError(f"{self._name}: write at least one [[rule]], or canonical = true and none")
        lets, known = self._lets(self._table, NAMES, self._name, self._columns)
        rules = tuple(self._rule(entry, number, known) for number, entry in enumerate(entries, 1))
        return Adapter(self._name, about, canonical, form, frozenset(self._columns), lets, rules)

    def _rule(self, entry: Any, number: int, known: frozenset[str]) -> Rule:
        where = entry_label(entry, number, "rule", "name", self._name, AdapterError)
        check_keys(entry, _RULE | COMMON | TYPES, where, AdapterError)
        if not isinstance(entry.get("name"), str):
            raise AdapterError(f"{where}: give it a name that says what it reads")
        each = self._expression(entry["each"], f"{where}: each", known, self._columns) if "each" in entry else None
        columns = self._columns if each is None else set()
        lets, names = self._lets(entry, known, where, columns)
        rule = _Rule(entry, where, self._compile(names, columns), self._table)
        return Rule(
            entry["name"], self._when(entry, where, known), each, lets, rule.ignore(), rule.thin(), *rule.events()
        )

    def _when(self, entry: Mapping[str, Any], where: str, known: frozenset[str]) -> Condition | None:
        if "when" not in entry:
            return None
        try:
            return condition(entry["when"], self._compile(known, self._columns))
        except (BadCondition, BadExpression) as error:
            raise AdapterError(f"{where}: when: {error}") from None

    def _lets(
        self, table: Mapping[str, Any], known: frozenset[str], where: str, columns: set[str]
    ) -> tuple[dict[str, Expression], frozenset[str]]:
        """The named expressions of a table, and all names that are known below them."""
        named = table.get("let", {})
        if not isinstance(named, dict):
            raise AdapterError(f"{where}: let: write a table, NAME = EXPRESSION")
        lets: dict[str, Expression] = {}
        for name, text in named.items():
            if not _NAME.fullmatch(name) or name in known or name in self._functions:
                raise AdapterError(f"{where}: let: {name!r} is no name, or is taken; write letters, digits and _")
            lets[name] = self._expression(text, f"{where}: let {name}", known, columns)
            known |= {name}
        return lets, known

    def _expression(self, text: Any, where: str, known: frozenset[str], columns: set[str]) -> Expression:
        if not isinstance(text, str):
            raise AdapterError(f'{where} = {text!r}: write an expression, such as "order.id"')
        try:
            return self._compile(known, columns)(text)
        except BadExpression as error:
            raise AdapterError(f"{where}: {error}") from None

    def _compile(self, known: frozenset[str], columns: set[str]) -> Compile:
        def compile(text: str) -> Expression:
            expression = compiled(text, self._functions, known)
            columns.update(expression.columns)
            return expression

        return compile


class _Rule:
    """What one rule says."""

    def __init__(self, entry: Mapping[str, Any], where: str, compile: Compile, top: Mapping[str, Any]) -> None:
        self._entry = entry
        self._where = where
        self._compile = compile
        self._top = top

    def ignore(self) -> str:
        why = self._entry.get("ignore", "")
        if not isinstance(why, str) or ("ignore" in self._entry and not why):
            raise AdapterError(f'{self._where}: ignore = {why!r}: say why, such as ignore = "a test of the webhook"')
        return why

    def thin(self) -> dict[str, Field]:
        table = self._entry.get("thin", {})
        if not isinstance(table, dict) or ("thin" in self._entry and table.keys() != {"kind", "ref"}):
            raise AdapterError(f'{self._where}: thin: write {{ kind = "\'order\'", ref = "EXPRESSION" }}')
        return {key: self._field(value, f"thin.{key}") for key, value in table.items()}

    def events(self) -> tuple[dict[str, Field], tuple[EventTemplate, ...]]:
        """The fields of all events, and the events."""
        common = {key: value for key, value in {**self._top, **self._entry}.items() if key in COMMON}
        says = tuple(self._says(common.keys()))
        if bool(says) + ("ignore" in self._entry) + ("thin" in self._entry) == 0:
            known = ", ".join(sorted(TYPES))
            raise AdapterError(f"{self._where}: says nothing; write steps, ignore, thin, or a table of {known}")
        if says and "ignore" in self._entry:
            raise AdapterError(f"{self._where}: ignore and events exclude each other; make two rules of it")
        return {key: self._field(value, key) for key, value in common.items()} if says else {}, says

    def _says(self, common: Set[str]) -> Iterator[EventTemplate]:
        for key, value in self._entry.items():
            if key == "steps":
                yield from self._steps(value, common)
            elif key in TYPES:
                for table in value if isinstance(value, list) else [value]:
                    yield self._saying(key, table, key, common)

    def _steps(self, steps: Any, common: Set[str]) -> Iterator[EventTemplate]:
        if not isinstance(steps, dict) or not steps:
            raise AdapterError(f'{self._where}: steps: write a table, such as ready = "ready_at"')
        for step, value in steps.items():
            table = value if isinstance(value, dict) and "from" not in value else {"occurred_at": value}
            yield self._saying("step_reached", {"step": f"'{step}'"} | table, f"steps.{step}", common)

    def _saying(self, type: str, table: Any, place: str, common: Set[str]) -> EventTemplate:
        if not isinstance(table, dict):
            raise AdapterError(f"{self._where}: {place}: write it as a table, [rule.{type}]")
        for key in table.keys() - FIELDS[type]:
            known = ", ".join(sorted(FIELDS[type]))
            raise AdapterError(f"{self._where}: {place}.{key}: {type} has no such field; it has {known}")
        for key in sorted(_REQUIRED[type] - table.keys() - common):
            raise AdapterError(f"{self._where}: {place}: {key} is missing, here and in what stands above")
        return EventTemplate(type, place, {key: self._field(value, f"{place}.{key}") for key, value in table.items()})

    def _field(self, value: Any, place: str) -> Field:
        try:
            return field(value, place, self._compile)
        except BadField as error:
            raise AdapterError(f"{self._where}: {error}") from None
        except BadExpression as error:
            raise AdapterError(f"{self._where}: {place}: {error}") from None
