"""The report of `promises judge`: judgements at an instant, in total and by location, staff or kind. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from schemas.instants import Instant, format_instant
from schemas.words import Basis
from streams.judging.case import Judged, Outcome, Promise
from streams.judging.history import History
from streams.judging.measures import kept_rate, quantile
from streams.judging.policy import Policies
from streams.judging.settle import judge

Axis = Literal["location", "staff", "kind"]
AXES: tuple[Axis, ...] = get_args(Axis)
Key = tuple[str | None, ...]


class ReportPoint(NamedTuple):
    """The report at one instant. unpromised: the number of cases that began by then without a promise."""

    as_of: Instant
    totals: ReportRow
    by: dict[str, list[tuple[Key, ReportRow]]]
    unpromised: int


@dataclass(slots=True)
class ReportRow:
    """Counts of some promises, and the lateness of those that were delivered."""

    promises: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    lateness: list[int] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one promise."""
        self.promises += 1
        self.verdicts[outcome.ruling.verdict] += 1
        self.reasons[outcome.ruling.reason] += 1
        if outcome.lateness is not None and outcome.ruling.verdict in ("kept", "broken"):
            self.lateness.append(outcome.lateness)

    def as_json(self) -> dict[str, Any]:
        """Return the fields of a row: rates with 6 decimals, seconds with 3."""
        kept, broken = self.verdicts["kept"], self.verdicts["broken"]
        rate = kept_rate(kept, broken)
        return {
            "promises": self.promises,
            "kept": kept,
            "broken": broken,
            "excluded": self.verdicts["excluded"],
            "open": self.verdicts["open"],
            "reasons": {"late": 0, "undelivered": 0} | dict(sorted(self.reasons.items())),
            "kept_rate": None if rate is None else round(rate, 6),
            "lateness_seconds": self._quantiles(),
        }

    def _quantiles(self) -> dict[str, float | None]:
        ordered = sorted(self.lateness)
        quantiles = {"p50": quantile(ordered, 0.5), "p95": quantile(ordered, 0.95)}
        return {name: None if millis is None else round(millis / 1000, 3) for name, millis in quantiles.items()}


def report_point(
    histories: Iterable[History], policies: Policies, as_of: Instant, basis: Basis, groupings: Sequence[Sequence[Axis]]
) -> ReportPoint:
    """Judge every history at `as_of` and count the promises, in total and for each grouping of axes."""
    totals = ReportRow()
    tables: dict[str, dict[Key, ReportRow]] = {",".join(axes): {} for axes in groupings}
    unpromised = 0
    for history in histories:
        judgement = judge(history, policies, as_of)
        unpromised += not judgement.promises and history[0].at <= as_of
        for promise, judged in judgement.promises:
            outcome = judged.on(basis)
            totals.add(outcome)
            for axes, table in zip(groupings, tables.values(), strict=True):
                table.setdefault(_key(axes, promise, judged, outcome), ReportRow()).add(outcome)
    return ReportPoint(as_of, totals, {name: _sorted(table) for name, table in tables.items()}, unpromised)


def _key(axes: Sequence[Axis], promise: Promise, judged: Judged, outcome: Outcome) -> Key:
    values = {"location": judged.location, "staff": outcome.staff, "kind": promise.key.kind}
    return tuple(values[axis] or None for axis in axes)


def _sorted(table: dict[Key, ReportRow]) -> list[tuple[Key, ReportRow]]:
    return sorted(table.items(), key=lambda item: (-item[1].promises, [text or "" for text in item[0]]))


def report_point_as_json(point: ReportPoint) -> dict[str, Any]:
    """Return one element of `points` in the JSON of `promises judge`."""
    return {
        "as_of": format_instant(point.as_of),
        "totals": point.totals.as_json(),
        "by": {name: [{"key": list(key), **row.as_json()} for key, row in rows] for name, rows in point.by.items()},
    }
