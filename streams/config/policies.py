"""Policies from TOML. One file holds every version of every policy. Errors name the file, the key and the remedy.

The keys of a [[policy]] table are the fields of Policy. To add a key, add a field there and read it in
_PolicyReader.policy.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from schemas.instants import Instant, from_datetime
from streams.config.toml import ConfigError, TableReader, check_keys
from streams.judging.policy import POLICY_KEYS, Assumed, Attributes, Cancellation, Policies, Policy


class PolicyError(ConfigError):
    """A policy file that cannot be used. The message names the file, the key and the remedy."""


def parse_policies(text: str, source: str) -> Policies:
    """Return the policies in `text`; `source` names the file in errors. Raises PolicyError."""
    readers = _PolicyReader.entries(text, source, "policy", "policies", label_key="name", keys=POLICY_KEYS)
    policies = [reader.policy() for reader in readers]
    _check_versions(policies, source)
    return Policies(policies, "sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _check_versions(policies: list[Policy], source: str) -> None:
    ids: set[str] = set()
    for policy in policies:
        if policy.id in ids:
            raise PolicyError(f"{source}: {policy.id} is there twice; give the newer one the next version")
        ids.add(policy.id)
    for policy in policies:
        earlier = [p for p in policies if p.name == policy.name and p.version < policy.version]
        if any(p.effective_from >= policy.effective_from or p.kind != policy.kind for p in earlier):
            raise PolicyError(
                f"{source}: {policy.id}: a later version keeps the kind and has a later effective_from than the earlier"
            )


class _PolicyReader(TableReader):
    """Reads one [[policy]] table."""

    error_type = PolicyError

    def policy(self) -> Policy:
        kind = self.text("kind")
        return Policy(
            name=self.text("name", kind),
            version=self.whole_number("version", 1),
            kind=kind,
            kept_by=self.texts("kept_by", [kind]),
            grace=self.duration("grace", 0),
            at_risk=self.duration("at_risk", 0),
            early=self.choice("early", ("kept", "broken")),
            due_before_made=self.choice("due_before_made", ("reject", "judge")),
            when=self._when(),
            assumed=self._assumed(),
            cancelled=self._cancelled(),
            effective_from=self._effective_from(),
            objective=self.share("objective"),
        )

    def _when(self) -> tuple[tuple[str, frozenset[str]], ...]:
        table = self.subtable("when", Attributes._fields)
        return tuple((attribute, self._values(attribute, table[attribute])) for attribute in sorted(table))

    def _values(self, attribute: str, value: Any) -> frozenset[str]:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(text, str) and text for text in values):
            raise self.error("when", f'write {attribute} = "one" or {attribute} = ["one", "other"]')
        return frozenset(values)

    def _assumed(self) -> Assumed | None:
        if "assumed" not in self.table:
            return None
        table = self.subtable("assumed", Assumed._fields)
        step = table.get("starts_with")
        if not isinstance(step, str) or not step or "within" not in table:
            raise self.error("assumed", 'write both: { starts_with = "ordered", within = "15m" }')
        return Assumed(step, self.duration_of("assumed", table["within"]))

    def _cancelled(self) -> Cancellation:
        verdicts: dict[str, Any] = {}
        for by, table in self.subtable("cancelled", ("by_us", "by_customer")).items():
            if not isinstance(table, dict):
                raise self.error("cancelled", f'write {by} = {{ before_due = "broken", after_due = "excluded" }}')
            check_keys(table, ("before_due", "after_due"), f"{self.label}: cancelled.{by}", PolicyError)
            for moment, verdict in table.items():
                if verdict not in ("broken", "excluded"):
                    raise self.error("cancelled", f"{by}.{moment} is 'broken' or 'excluded'")
                verdicts[f"{by}_{moment}"] = verdict
        return Cancellation(**verdicts)

    def _effective_from(self) -> Instant:
        value = self.table.get("effective_from")
        if value is None:
            return 0
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.error("effective_from", "write an instant without quotes, such as 2026-01-01T00:00:00Z")
        try:
            return from_datetime(value)
        except ValueError as error:
            raise self.error("effective_from", str(error)) from None
