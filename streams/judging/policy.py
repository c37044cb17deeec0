"""Policies: the rules, as data, by which promises of one kind are opened, kept and judged.

A policy has versions. The version in force when a promise is made judges that promise permanently. Of several policies
that apply, the most specific one wins, which is the one that names most attributes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Final, Literal, NamedTuple

from schemas.instants import Instant, Millis
from schemas.words import Party, Verdict


class Attributes(NamedTuple):
    """The attributes of a case by which policies are selected. Empty text: not known."""

    location: str = ""
    channel: str = ""
    segment: str = ""


class Cancellation(NamedTuple):
    """The verdict on a cancelled promise, by who cancelled it and whether it was past due."""

    by_us_before_due: Verdict = "broken"
    by_us_after_due: Verdict = "broken"
    by_customer_before_due: Verdict = "excluded"
    by_customer_after_due: Verdict = "broken"

    def verdict(self, by: Party, *, after_due: bool) -> Verdict:
        """Return broken or excluded."""
        if by == "us":
            return self.by_us_after_due if after_due else self.by_us_before_due
        return self.by_customer_after_due if after_due else self.by_customer_before_due


_DEFAULT_CANCELLATION = Cancellation()


class Assumed(NamedTuple):
    """A promise that is never stated: it is made when the step `starts_with` is reached, and due `within` later."""

    starts_with: str
    within: Millis


@dataclass(eq=False, kw_only=True)
class Policy:
    """One version of the rule for promises of one kind. Immutable.

    id: name and version, such as pickup@2.
    kept_by: the steps that deliver; the first one reached counts.
    grace: the tolerated lateness. at_risk: how long before its due an open promise is at risk; 0: never.
    early: the verdict on a delivery before the window opens.
    due_before_made: whether an event that promises something for the past is rejected or judged.
    when: for each attribute that the policy names, the values to which it applies.
    assumed: the step that makes such a promise even if no event states it.
    objective: the share of promises that should be kept, between 0 and 1. Only alerts and dashboards use it.
    """

    id: str = field(init=False)
    name: str
    version: int
    kind: str
    kept_by: tuple[str, ...]
    grace: Millis = 0
    at_risk: Millis = 0
    early: Literal["kept", "broken"] = "kept"
    due_before_made: Literal["reject", "judge"] = "reject"
    when: tuple[tuple[str, frozenset[str]], ...] = ()
    assumed: Assumed | None = None
    cancelled: Cancellation = _DEFAULT_CANCELLATION
    effective_from: Instant = 0
    objective: float | None = None

    def __post_init__(self) -> None:
        self.id = f"{self.name}@{self.version}"

    def fits(self, attributes: Attributes) -> bool:
        """Return whether every attribute that the policy names has one of its values."""
        return all(getattr(attributes, name) in values for name, values in self.when)


POLICY_KEYS: Final = frozenset(key.name for key in fields(Policy) if key.init)
"""The keys of a [[policy]] table, which streams/config/policies.py reads."""

del Policy.__dataclass_fields__  # msgspec encodes a dataclass by its fields; stored state names a policy by its id


class Policies:
    """All versions of all policies, and the selection among them. Immutable.

    fingerprint: a digest of the content, such as sha256:... of the file.
    """

    def __init__(self, policies: Iterable[Policy], fingerprint: str = "") -> None:
        self.all = tuple(policies)
        self.fingerprint = fingerprint
        self.kinds = frozenset(policy.kind for policy in self.all)
        self.steps = frozenset(step for policy in self.all for step in _steps_of(policy))
        self.starts = frozenset(policy.assumed.starts_with for policy in self.all if policy.assumed)
        self.by_id = {policy.id: policy for policy in self.all}
        self._only_policies = _only_policies(self.all)
        self._effective_dates = sorted({policy.effective_from for policy in self.all})
        self._named_values = _named_values(self.all)
        self._selected: dict[tuple[str, Attributes, int], Policy] = {}
        self._started: dict[tuple[str, Attributes, int], tuple[Policy, ...]] = {}

    def policy_for(self, kind: str, attributes: Attributes, at: Instant) -> Policy:
        """Return the policy that judges a promise of `kind` made at `at`.

        If none applies, or none was in force yet, that is the first version of the least specific policy of the kind,
        so that every promise is judged. Raises KeyError for a kind without a policy.
        """
        only_policy = self._only_policies.get(kind)
        if only_policy is not None:
            return only_policy
        key = kind, self._relevant(attributes), bisect_right(self._effective_dates, at)
        policy = self._selected.get(key)
        if policy is None:
            policy = self._selected[key] = self._select(kind, attributes, at)
        return policy

    def policies_started_by(self, step: str, attributes: Attributes, at: Instant) -> tuple[Policy, ...]:
        """Return the policies, at most one a kind, for which reaching `step` at `at` starts an assumed promise."""
        key = step, self._relevant(attributes), bisect_right(self._effective_dates, at)
        started = self._started.get(key)
        if started is None:
            best = [_most_specific(self._fitting(kind, attributes, at)) for kind in sorted(self.kinds)]
            started = tuple(p for p in best if p and p.assumed and p.assumed.starts_with == step)
            self._started[key] = started
        return started

    def _select(self, kind: str, attributes: Attributes, at: Instant) -> Policy:
        if kind not in self.kinds:
            raise KeyError(kind)
        return _most_specific(self._fitting(kind, attributes, at)) or min(
            (policy for policy in self.all if policy.kind == kind),
            key=lambda policy: (len(policy.when), policy.effective_from),
        )

    def _fitting(self, kind: str, attributes: Attributes, at: Instant) -> list[Policy]:
        in_force: dict[str, Policy] = {}
        for policy in sorted(self.all, key=lambda policy: policy.effective_from):
            if policy.kind == kind and policy.effective_from <= at:
                in_force[policy.name] = policy
        return [policy for policy in self.all if policy in in_force.values() and policy.fits(attributes)]

    def _relevant(self, attributes: Attributes) -> Attributes:
        """Return `attributes` without the values that no policy names, which keeps the caches small."""
        if not self._named_values:
            return _NO_ATTRIBUTES
        return Attributes(*(value if value in self._named_values else "" for value in attributes))


_NO_ATTRIBUTES = Attributes()


def _most_specific(policies: list[Policy]) -> Policy | None:
    return max(policies, key=lambda policy: len(policy.when), default=None)


def _only_policies(policies: tuple[Policy, ...]) -> dict[str, Policy]:
    counts = Counter(policy.kind for policy in policies)
    return {policy.kind: policy for policy in policies if counts[policy.kind] == 1}


def _steps_of(policy: Policy) -> tuple[str, ...]:
    return (*policy.kept_by, policy.assumed.starts_with) if policy.assumed else policy.kept_by


def _named_values(policies: tuple[Policy, ...]) -> frozenset[str]:
    return frozenset(value for policy in policies for _, values in policy.when for value in values)
