"""Policies from TOML: one file holds every version of every policy. What is wrong is named: file, key and remedy."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from schemas.instants import Instant, instant
from streams.config.toml import ConfigError, Table, entry_label, read_entries
from streams.judging.policy import Assumed, Attributes, Cancellation, Policies, Policy

_KEYS: Final = {
    "name", "version", "kind", "kept_by", "grace", "at_risk", "early", "due_before_made", "when", "assumed",
    "cancelled", "effective_from", "objective",
}  # fmt: skip


class PolicyError(ConfigError):
    """A policy file that cannot be used; the message names file, key and remedy."""


def parse_policies(text: str, source: str) -> Policies:
    """The policies in `text`; `source` names the file in errors. Raises PolicyError."""
    entries = read_entries(text, "policy", source, "policies", PolicyError)
    policies = [_read(entry, number, source) for number, entry in enumerate(entries, 1)]
    _check_versions(policies, source)
    return Policies(policies, "sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _read(entry: Any, number: int, source: str) -> Policy:
    table = _Reader(entry, entry_label(entry, number, "policy", "name", source, PolicyError))
    table.only(_KEYS)
    return table.policy()


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


class _Reader(Table):
    """One [[policy]] table, key by key."""

    error = PolicyError

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
            objective=self.share("objective"),
        )

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
            self.only({"before_due", "after_due"}, when, f": cancelled.{by}")
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
