"""Policies from TOML: one file holds every version of every policy. What is wrong is named: file, key and remedy."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.instants import Instant, instant
from streams.judging.policy import Assumed, Attributes, Cancellation, Millis, Policies, Policy

_KEYS: Final = {
    "name", "version", "kind", "kept_by", "grace", "at_risk", "early", "due_before_made", "when", "assumed",
    "cancelled", "effective_from",
}  # fmt: skip
_UNITS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST: Final[Millis] = 3650 * _UNITS["d"]


class PolicyError(ValueError):
    """A policy file that cannot be used; the message names file, key and remedy."""


def length_of_time(value: Any) -> Millis:
    """A length of time as people write it, such as 90s. Raises ValueError saying how to write it."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a length of time as "500ms", "90s", "15m", "2h" or "1d"')
    length = int(found[1]) * _UNITS[found[2]]
    if length > _LONGEST:
        raise ValueError("write at most ten years, 3650d")
    return length


def parse_policies(text: str, source: str) -> Policies:
    """The policies in `text`; `source` names the file in errors. Raises PolicyError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source}: not TOML: {error}") from None
    _only(tables, {"policy"}, source)
    entries = tables.get("policy")
    if not isinstance(entries, list) or not entries:
        raise PolicyError(f"{source}: no policies; write at least one [[policy]] table")
    policies = [_Reader(entry, f"{source}: policy {n}").policy() for n, entry in enumerate(entries, 1)]
    _check_versions(policies, source)
    return Policies(policies, "sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise PolicyError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(known))}")


def _check_versions(policies: list[Policy], source: str) -> None:
    seen: dict[str, Policy] = {}
    for policy in policies:
        if policy.id in seen:
            raise PolicyError(f"{source}: {policy.id} is there twice; give the newer one the next version")
        seen[policy.id] = policy
    for policy in policies:
        earlier = [p for p in policies if p.name == policy.name and p.version < policy.version]
        if any(p.effective_from >= policy.effective_from or p.kind != policy.kind for p in earlier):
            raise PolicyError(
                f"{source}: {policy.id}: a later version keeps the kind and has a later effective_from than the earlier"
            )


class _Reader:
    """One [[policy]] table, key by key."""

    def __init__(self, table: Any, where: str) -> None:
        if not isinstance(table, dict):
            raise PolicyError(f"{where}: write it as a [[policy]] table")
        self.table = table
        self.where = f"{where} ({table['name']})" if isinstance(table.get("name"), str) else where
        _only(table, _KEYS, self.where)

    def policy(self) -> Policy:
        kind = self.text("kind")
        return Policy(
            name=self.text("name", kind),
            version=self.whole("version", 1),
            kind=kind,
            kept_by=self.texts("kept_by", [kind]),
            grace=self.duration("grace", 0),
            at_risk=self.duration("at_risk", 0),
            early=self.one_of("early", ("kept", "broken")),
            due_before_made=self.one_of("due_before_made", ("reject", "judge")),
            when=self.when(),
            assumed=self.assumed(),
            cancelled=self.cancelled(),
            effective_from=self.effective_from(),
        )

    def wrong(self, key: str, remedy: str) -> PolicyError:
        return PolicyError(f"{self.where}: {key} = {self.table.get(key)!r}: {remedy}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.table.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, f'write a text, such as {key} = "ready"')
        return value

    def texts(self, key: str, default: list[str]) -> tuple[str, ...]:
        value = self.table.get(key, default)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(key, f'write a list of texts, such as {key} = ["ready", "picked_up"]')
        return tuple(value)

    def whole(self, key: str, default: int) -> int:
        value = self.table.get(key, default)
        if type(value) is not int or value < 1:
            raise self.wrong(key, "write a whole number from 1")
        return value

    def duration(self, key: str, default: Millis) -> Millis:
        return self.millis(key, self.table[key]) if key in self.table else default

    def millis(self, key: str, value: Any) -> Millis:
        try:
            return length_of_time(value)
        except ValueError as error:
            raise self.wrong(key, str(error)) from None

    def one_of(self, key: str, choices: tuple[str, ...]) -> Any:
        value = self.table.get(key, choices[0])
        if value not in choices:
            raise self.wrong(key, f"write one of {', '.join(map(repr, choices))}")
        return value

    def inner(self, key: str, known: set[str]) -> dict[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"write a table with keys of {', '.join(sorted(known))}")
        _only(value, known, f"{self.where}: {key}")
        return value

    def when(self) -> tuple[tuple[str, frozenset[str]], ...]:
        table = self.inner("when", set(Attributes._fields))
        return tuple((name, self.values(name, table[name])) for name in sorted(table))

    def values(self, name: str, value: Any) -> frozenset[str]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            raise self.wrong("when", f'write {name} = "one" or {name} = ["one", "other"]')
        return frozenset(values)

    def assumed(self) -> Assumed | None:
        if "assumed" not in self.table:
            return None
        table = self.inner("assumed", {"starts_with", "within"})
        step = table.get("starts_with")
        if not isinstance(step, str) or not step or "within" not in table:
            raise self.wrong("assumed", 'write both: { starts_with = "ordered", within = "15m" }')
        return Assumed(step, self.millis("assumed", table["within"]))

    def cancelled(self) -> Cancellation:
        table = self.inner("cancelled", {"by_us", "by_customer"})
        switches: dict[str, Any] = {}
        for by, when in table.items():
            if not isinstance(when, dict):
                raise self.wrong("cancelled", f'write {by} = {{ before_due = "broken", after_due = "excluded" }}')
            _only(when, {"before_due", "after_due"}, f"{self.where}: cancelled.{by}")
            for moment, verdict in when.items():
                if verdict not in ("broken", "excluded"):
                    raise self.wrong("cancelled", f"{by}.{moment} is 'broken' or 'excluded'")
                switches[f"{by}_{moment}"] = verdict
        return Cancellation(**switches)

    def effective_from(self) -> Instant:
        value = self.table.get("effective_from")
        if value is None:
            return 0
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.wrong("effective_from", "write an instant without quotes, such as 2026-01-01T00:00:00Z")
        try:
            return instant(value)
        except ValueError as error:
            raise self.wrong("effective_from", str(error)) from None
