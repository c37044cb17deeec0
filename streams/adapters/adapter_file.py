"""Adapters from TOML. Errors name the file, the rule, the field and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import msgspec

from schemas.events import TAGS
from streams.adapters.adapter import NAMES, Adapter
from streams.adapters.conditions import BadCondition, Condition, condition
from streams.adapters.event_builder import COMMON, FIELDS, TYPES
from streams.adapters.expressions import BadExpression, compile_expression
from streams.adapters.fields import BadField, Compile, Field, field
from streams.adapters.rules import EventTemplate, Rule
from streams.adapters.simple_expressions import Expression, Functions
from streams.config.toml import ConfigError, check_keys, entry_label, parse_toml

_TOP: Final = {"about", "format", "canonical", "let", "rule"}
_RULE: Final = {"name", "when", "each", "let", "ignore", "thin", "steps"}
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_REQUIRED: Final = {
    tag: frozenset(field.name for field in msgspec.structs.fields(kind) if field.required) - {"id"}
    for kind, tag in TAGS.items()
}


class AdapterError(ConfigError):
    """An adapter file that cannot be used. The message names the file, the rule, the field and the remedy."""


def parse_adapter(text: str, name: str, functions: Functions) -> Adapter:
    """Return the adapter in `text`; `name` names it in messages. Raises AdapterError."""
    return _AdapterReader(parse_toml(text, name, AdapterError), name, functions).adapter()


class _AdapterReader:
    """Reads an adapter file. _columns collects the columns that expressions read from whole records."""

    def __init__(self, document: Mapping[str, Any], name: str, functions: Functions) -> None:
        self._document = document
        self._name = name
        self._functions = functions
        self._columns: set[str] = set()

    def adapter(self) -> Adapter:
        check_keys(self._document, _TOP | COMMON, self._name, AdapterError)
        canonical, format = self._document.get("canonical", False), self._document.get("format")
        if format not in ("csv", "ndjson", None):
            raise AdapterError(f"{self._name}: format = {format!r}: write 'csv' or 'ndjson', or leave it out")
        about, entries = self._document.get("about", ""), self._document.get("rule", [])
        if not isinstance(about, str) or not isinstance(canonical, bool) or not isinstance(entries, list):
            raise AdapterError(f'{self._name}: write about = "one sentence", canonical = true, and [[rule]] tables')
        if canonical == bool(entries):
            raise AdapterError(f"{self._name}: write at least one [[rule]], or canonical = true and none")
        bindings, names = self._bindings(self._document, NAMES, self._name, self._columns)
        rules = tuple(self._rule(entry, number, names) for number, entry in enumerate(entries, 1))
        return Adapter(
            name=self._name,
            about=about,
            canonical=canonical,
            format=format,
            columns=frozenset(self._columns),
            bindings=bindings,
            rules=rules,
        )

    def _rule(self, entry: Any, number: int, names: frozenset[str]) -> Rule:
        label = entry_label(entry, number, "rule", "name", self._name, AdapterError)
        check_keys(entry, _RULE | COMMON | TYPES, label, AdapterError)
        if not isinstance(entry.get("name"), str):
            raise AdapterError(f"{label}: give it a name that says what it reads")
        each = self._expression(entry["each"], f"{label}: each", names, self._columns) if "each" in entry else None
        columns = self._columns if each is None else set()
        bindings, inner_names = self._bindings(entry, names, label, columns)
        reader = _RuleReader(entry, label, self._compile(inner_names, columns), self._document)
        when, ignore, thin = self._when(entry, label, names), reader.ignore(), reader.thin()
        common, templates = reader.events()
        return Rule(
            name=entry["name"],
            when=when,
            each=each,
            bindings=bindings,
            ignore=ignore,
            thin=thin,
            common=common,
            templates=templates,
        )

    def _when(self, entry: Mapping[str, Any], label: str, names: frozenset[str]) -> Condition | None:
        if "when" not in entry:
            return None
        try:
            return condition(entry["when"], self._compile(names, self._columns))
        except (BadCondition, BadExpression) as error:
            raise AdapterError(f"{label}: when: {error}") from None

    def _bindings(
        self, table: Mapping[str, Any], names: frozenset[str], label: str, columns: set[str]
    ) -> tuple[dict[str, Expression], frozenset[str]]:
        """Return the expressions under `let`, and all names that may be used below them."""
        named = table.get("let", {})
        if not isinstance(named, dict):
            raise AdapterError(f"{label}: let: write a table, NAME = EXPRESSION")
        bindings: dict[str, Expression] = {}
        for name, text in named.items():
            if not _NAME.fullmatch(name) or name in names or name in self._functions:
                raise AdapterError(f"{label}: let: {name!r} is not a name, or is taken; write letters, digits and _")
            bindings[name] = self._expression(text, f"{label}: let {name}", names, columns)
            names |= {name}
        return bindings, names

    def _expression(self, text: Any, label: str, names: frozenset[str], columns: set[str]) -> Expression:
        if not isinstance(text, str):
            raise AdapterError(f'{label} = {text!r}: write an expression, such as "order.id"')
        try:
            return self._compile(names, columns)(text)
        except BadExpression as error:
            raise AdapterError(f"{label}: {error}") from None

    def _compile(self, names: frozenset[str], columns: set[str]) -> Compile:
        def compile(text: str) -> Expression:
            expression = compile_expression(text, self._functions, names)
            columns.update(expression.columns)
            return expression

        return compile


class _RuleReader:
    """Reads one [[rule]] table."""

    def __init__(self, entry: Mapping[str, Any], label: str, compile: Compile, document: Mapping[str, Any]) -> None:
        self._entry = entry
        self._label = label
        self._compile = compile
        self._document = document

    def ignore(self) -> str:
        reason = self._entry.get("ignore", "")
        if not isinstance(reason, str) or ("ignore" in self._entry and not reason):
            raise AdapterError(f'{self._label}: ignore = {reason!r}: say why, such as ignore = "a test of the webhook"')
        return reason

    def thin(self) -> dict[str, Field]:
        table = self._entry.get("thin", {})
        if not isinstance(table, dict) or ("thin" in self._entry and table.keys() != {"kind", "ref"}):
            raise AdapterError(f'{self._label}: thin: write {{ kind = "\'order\'", ref = "EXPRESSION" }}')
        return {key: self._field(value, f"thin.{key}") for key, value in table.items()}

    def events(self) -> tuple[dict[str, Field], tuple[EventTemplate, ...]]:
        """Return the fields that all events of the rule share, and the templates of the events."""
        common = {key: value for key, value in {**self._document, **self._entry}.items() if key in COMMON}
        templates = tuple(self._templates(common.keys()))
        if not templates and "ignore" not in self._entry and "thin" not in self._entry:
            known = ", ".join(sorted(TYPES))
            raise AdapterError(f"{self._label}: says nothing; write steps, ignore, thin, or a table of {known}")
        if templates and "ignore" in self._entry:
            raise AdapterError(f"{self._label}: ignore and events exclude each other; make two rules of it")
        return {key: self._field(value, key) for key, value in common.items()} if templates else {}, templates

    def _templates(self, common: Set[str]) -> Iterator[EventTemplate]:
        for key, value in self._entry.items():
            if key == "steps":
                yield from self._steps(value, common)
            elif key in TYPES:
                for table in value if isinstance(value, list) else [value]:
                    yield self._template(key, table, key, common)

    def _steps(self, steps: Any, common: Set[str]) -> Iterator[EventTemplate]:
        if not isinstance(steps, dict) or not steps:
            raise AdapterError(f'{self._label}: steps: write a table, such as ready = "ready_at"')
        for step, value in steps.items():
            table = value if isinstance(value, dict) and "from" not in value else {"occurred_at": value}
            yield self._template("step_reached", {"step": f"'{step}'"} | table, f"steps.{step}", common)

    def _template(self, type: str, table: Any, path: str, common: Set[str]) -> EventTemplate:
        if not isinstance(table, dict):
            raise AdapterError(f"{self._label}: {path}: write it as a table, [rule.{type}]")
        for key in table.keys() - FIELDS[type]:
            known = ", ".join(sorted(FIELDS[type]))
            raise AdapterError(f"{self._label}: {path}.{key}: {type} has no such field; it has {known}")
        for key in sorted(_REQUIRED[type] - table.keys() - common):
            raise AdapterError(f"{self._label}: {path}: {key} is missing, here and among the keys above")
        return EventTemplate(type, path, {key: self._field(value, f"{path}.{key}") for key, value in table.items()})

    def _field(self, value: Any, path: str) -> Field:
        try:
            return field(value, path, self._compile)
        except BadField as error:
            raise AdapterError(f"{self._label}: {error}") from None
        except BadExpression as error:
            raise AdapterError(f"{self._label}: {path}: {error}") from None
