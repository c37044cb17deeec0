"""Which share of its promises each location should keep, by kind: out of policies and locations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.alerting.yaml_documents import percent
from streams.config.toml import ConfigError
from streams.judging.locations import Locations
from streams.judging.policy import Policies, Policy


class ObjectiveError(ConfigError):
    """Objectives that no alert can be made from; the message names them and says what to do."""


class Objective(NamedTuple):
    """The objective of a kind. usual: of every location that is not in `of`; None where only those have one."""

    kind: str
    usual: float | None
    of: dict[str, float]

    @property
    def values(self) -> set[float]:
        """Every share in use."""
        return {*self.of.values(), *([self.usual] if self.usual is not None else [])}


def objectives_of(policies: Policies, locations: Locations) -> list[Objective]:
    """The objective of each kind that has one, by name of the kind. Raises ObjectiveError."""
    _check_kinds(policies, locations)
    found = [Objective(kind, _usual(policies, kind), _own(locations, kind)) for kind in sorted(policies.kinds)]
    return [objective for objective in found if objective.values]


def shown(policies: Policies, objectives: Iterable[Objective]) -> Iterator[str]:
    """A line a kind: its objective, and the locations that have another."""
    found = {objective.kind: objective for objective in objectives}
    for kind in sorted(policies.kinds):
        if kind not in found:
            yield f"{kind}: no objective, so nothing is alerted; give its policies one"
            continue
        usual = found[kind].usual
        shares = ["no objective" if usual is None else percent(usual)]
        yield f"{kind}: " + ", ".join(shares + [f"{place} {percent(share)}" for place, share in found[kind].of.items()])


def _check_kinds(policies: Policies, locations: Locations) -> None:
    for location in locations.all:
        for kind in location.objectives:
            if kind not in policies.kinds:
                known = ", ".join(sorted(policies.kinds))
                raise ObjectiveError(
                    f"location {location.id!r} has an objective for {kind!r}, which is no kind of any policy: "
                    f"write one of {known}"
                )


def _usual(policies: Policies, kind: str) -> float | None:
    """What the newest versions of the policies of that kind agree on."""
    saying = [policy for policy in _newest(policies.all) if policy.kind == kind and policy.objective is not None]
    for other in saying[1:]:
        if other.objective != saying[0].objective:
            raise ObjectiveError(
                f"policies {saying[0].id} and {other.id} have the objectives {saying[0].objective} and "
                f"{other.objective} for the kind {kind!r}, and metrics know the kind alone: give both the same one, "
                "or a location its own in the file of locations"
            )
    return saying[0].objective if saying else None


def _newest(policies: Iterable[Policy]) -> list[Policy]:
    """Of each policy its last version."""
    newest: dict[str, Policy] = {}
    for policy in policies:
        if policy.name not in newest or policy.version > newest[policy.name].version:
            newest[policy.name] = policy
    return list(newest.values())


def _own(locations: Locations, kind: str) -> dict[str, float]:
    return {location.id: location.objectives[kind] for location in locations.all if kind in location.objectives}
