"""Objectives: the share of its promises that each location should keep, by kind, from policies and locations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.alerting.yaml_documents import percent
from streams.config.toml import ConfigError
from streams.judging.locations import Locations
from streams.judging.policy import Policies, Policy


class ObjectiveError(ConfigError):
    """Objectives that contradict each other or name an unknown kind; the message says which and what to do."""


class Objective(NamedTuple):
    """The objective of a kind. default: of every location that is not in `by_location`; None if only those have one."""

    kind: str
    default: float | None
    by_location: dict[str, float]

    @property
    def values(self) -> set[float]:
        """Every share in use."""
        return {*self.by_location.values(), *([self.default] if self.default is not None else [])}


def objectives_of(policies: Policies, locations: Locations) -> list[Objective]:
    """Return the objective of each kind that has one, ordered by kind. Raises ObjectiveError."""
    _check_kinds(policies, locations)
    objectives = [
        Objective(kind, _default(policies, kind), _by_location(locations, kind)) for kind in sorted(policies.kinds)
    ]
    return [objective for objective in objectives if objective.values]


def objective_lines(policies: Policies, objectives: Iterable[Objective]) -> Iterator[str]:
    """Yield a line for each kind: its objective, and the locations that have another."""
    by_kind = {objective.kind: objective for objective in objectives}
    for kind in sorted(policies.kinds):
        if kind not in by_kind:
            yield f"{kind}: no objective, so there are no alerts; give its policies one"
            continue
        default, by_location = by_kind[kind].default, by_kind[kind].by_location
        shares = ["no objective" if default is None else percent(default)]
        yield f"{kind}: " + ", ".join(shares + [f"{name} {percent(share)}" for name, share in by_location.items()])


def _check_kinds(policies: Policies, locations: Locations) -> None:
    for location in locations.all:
        for kind in location.objectives:
            if kind not in policies.kinds:
                known = ", ".join(sorted(policies.kinds))
                raise ObjectiveError(
                    f"location {location.id!r} has an objective for {kind!r}, but no policy has that kind: "
                    f"write one of {known}"
                )


def _default(policies: Policies, kind: str) -> float | None:
    """Return the objective that the newest versions of the policies of that kind agree on. Raises ObjectiveError."""
    matching = [policy for policy in _newest(policies.all) if policy.kind == kind and policy.objective is not None]
    for other in matching[1:]:
        first = matching[0]
        if other.objective != first.objective:
            raise ObjectiveError(
                f"policies {first.id} and {other.id} have the objectives {first.objective} and {other.objective} for "
                f"the kind {kind!r}, but metrics do not distinguish policies of a kind: give both the same objective, "
                "or give a location its own in the locations file"
            )
    return matching[0].objective if matching else None


def _newest(policies: Iterable[Policy]) -> list[Policy]:
    """Return the last version of each policy."""
    newest: dict[str, Policy] = {}
    for policy in policies:
        if policy.name not in newest or policy.version > newest[policy.name].version:
            newest[policy.name] = policy
    return list(newest.values())


def _by_location(locations: Locations, kind: str) -> dict[str, float]:
    return {location.id: location.objectives[kind] for location in locations.all if kind in location.objectives}
