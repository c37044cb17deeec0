"""The expected results of a log, computed a second time: from the design, with no code of the product.

It is slow and simple on purpose. It keeps every event of an order, and folds them from the first one whenever it looks
at the order. It knows the features that the load uses (see load.py), and nothing else.

"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Final

from tests.chaos.expected_state import Basis, Event, OrderState, View, millis, order_state
from tests.chaos.load import AT_RISK, GRACE, moment

_BASES: Final[tuple[Basis, Basis]] = ("original", "current")
_BOUNDS: Final = (-3600, -900, -300, -60, 0, 60, 300, 900, 3600, 14400)
_WINDOWS: Final = {"15m": 15, "1h": 60, "24h": 1440}
_RANK: Final = {"promises_made": 0, "promise_amended": 1, "step_reached": 5, "step_undone": 6, "cancelled": 8}
"""The order of events of the same instant: the lower number counts as the earlier event."""


@dataclass(slots=True)
class Order:
    """All events of one order, and the results so far."""

    events: dict[str, Event] = field(default_factory=dict)
    order_state: OrderState | None = None
    revision: int = -1
    settled: set[Basis] = field(default_factory=set)
    delivered: set[Basis] = field(default_factory=set)
    warned: set[tuple[str, int]] = field(default_factory=set)
    dues: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Expected:
    """The expected results. metrics: by name, then by labels. verdicts, alerts: by id. rejects: (partition, offset)."""

    metrics: defaultdict[str, Counter[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(Counter))
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    rejects: set[tuple[int, int]] = field(default_factory=set)
    cases: dict[str, int] = field(default_factory=dict)
    clocks: dict[int, int] = field(default_factory=dict)

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        self.metrics[name][labels] += by


class Reducer:
    """A reader of one partition, record by record. It adds the results to `expected`."""

    def __init__(self, partition: int, expected: Expected) -> None:
        self.now = 0
        self._partition = partition
        self._expected = expected
        self._orders: dict[str, Order] = {}
        self._timers: list[tuple[int, str]] = []

    def read(self, offset: int, timestamp: int, value: bytes) -> None:
        """Apply the next record: first the deadlines before it, then its content."""
        self._advance(timestamp)
        try:
            content = json.loads(value)
        except ValueError:
            self._expected.rejects.add((self._partition, offset))
            self._expected.count("promises_rejects_total", "not_json")
            return
        self._expected.count("promises_events_total", content["type"])
        if content["type"] == "clock":
            self._advance(millis(content["at"]))
        else:
            self._apply(content)

    def finish(self) -> None:
        """Count the final state of all orders."""
        self._expected.clocks[self._partition] = self.now
        for case, order in self._orders.items():
            self._expected.cases[case] = self._partition
            if order.order_state:
                for basis in _BASES:
                    self._count_net(order.order_state.location, basis, order.order_state.on(basis))

    def _apply(self, content: dict[str, Any]) -> None:
        case = content["case"]
        order = self._orders.setdefault(case, Order())
        if content["id"] in order.events:
            self._expected.count("promises_duplicates_total")
            return
        at = millis(content["occurred_at"])
        order.events[content["id"]] = Event(at, _RANK[content["type"]], content["id"], content)
        self._settle(case, self.now)
        if at > self.now:
            heappush(self._timers, (at, case))

    def _advance(self, to: int) -> None:
        self.now = max(self.now, to)
        while self._timers and self._timers[0][0] <= self.now:
            at, case = heappop(self._timers)
            self._settle(case, at)

    def _settle(self, case: str, now: int) -> None:
        order = self._orders[case]
        before, after = order.order_state, order_state(order.events.values(), now)
        if after is None:
            return
        for due in {after.original.due, after.current.due} - order.dues:
            order.dues.add(due)
            for at in (due - AT_RISK, due + GRACE + 1):
                if at > now:
                    heappush(self._timers, (at, case))
        if after != before:
            order.order_state = after
            for basis in _BASES:
                self._count_change(order, basis, before.on(basis) if before else None, after)
            self._add_outputs(case, order, after, now)

    def _count_change(self, order: Order, basis: Basis, before: View | None, whole: OrderState) -> None:
        after, row = whole.on(basis), (whole.location, "ready", basis)
        if before is None and basis == "original":
            self._expected.count("promises_made_total", whole.location, "ready")
        before_verdict = before.verdict if before else "open"
        if after.verdict != "open" and basis not in order.settled:
            order.settled.add(basis)
            self._expected.count("promises_verdicts_total", *row, after.verdict)
        elif after.verdict != before_verdict:
            self._expected.count("promises_revised_total", *row, before_verdict, after.verdict)
        if after.lateness is not None and basis not in order.delivered:
            order.delivered.add(basis)
            self._count_lateness(row, after.lateness)

    def _count_lateness(self, row: tuple[str, ...], lateness: int) -> None:
        for bound in _BOUNDS[bisect_left(_BOUNDS, lateness / 1000) :]:
            self._expected.count("promises_lateness_seconds_bucket", *row, f"{bound:.1f}")
        self._expected.count("promises_lateness_seconds_bucket", *row, "+Inf")

    def _add_outputs(self, case: str, order: Order, after: OrderState, now: int) -> None:
        if order.settled:
            order.revision += 1
            self._add(self._expected.verdicts, _verdict(case, order.revision, after, now))
        for stage, reason in (("at_risk", "at_risk"), ("overdue", "undelivered")):
            warning = stage, after.current.due
            if after.current.reason == reason and warning not in order.warned:
                order.warned.add(warning)
                self._add(self._expected.alerts, _alert(case, stage, after, now))

    def _add(self, records: dict[str, dict[str, Any]], record: dict[str, Any]) -> None:
        assert record["id"] not in records, f"the reducer has {record['id']} twice"
        records[record["id"]] = record

    def _count_net(self, location: str, basis: Basis, view: View) -> None:
        row = location, "ready", basis
        self._expected.count("promises_state", *row, view.verdict, view.reason)
        staff = view.staff or "unattributed"
        self._expected.count("staff_promises_state", location, staff, "ready", basis, view.verdict)
        if view.verdict in ("kept", "broken"):
            ago = self.now // 60_000 - view.due // 60_000
            for window in (name for name, minutes in _WINDOWS.items() if 0 <= ago < minutes):
                self._expected.count("promises_window_due", *row, window)
                self._expected.count("promises_window_kept", *row, window, by=view.verdict == "kept")


def _identifier(*parts: str | int) -> str:
    return json.dumps(parts, separators=(",", ":"))


def _verdict(case: str, revision: int, order_state: OrderState, now: int) -> dict[str, Any]:
    return {
        "type": "verdict",
        "id": _identifier(case, "", "ready", 1, revision),
        "revision": revision,
        "retracted": False,
        "origin": "written",
        "made_at": order_state.made_at,
        "evidence": "deadline" if order_state.current.reason == "undelivered" else "event",
        **_common(case, order_state, now),
        **{basis: _basis_verdict(order_state.on(basis)) for basis in _BASES},
    }


def _basis_verdict(view: View) -> dict[str, Any]:
    lateness = None if view.lateness is None else view.lateness / 1000
    content = {"verdict": view.verdict, "reason": view.reason, "due": view.due}
    return {**content, "lateness_seconds": lateness, "staff": view.staff}


def _alert(case: str, stage: str, order_state: OrderState, now: int) -> dict[str, Any]:
    due = order_state.current.due
    identifier = _identifier(case, "", "ready", 1, stage, moment(due))
    alert = {"type": "alert", "id": identifier, "stage": stage, "due": due, "staff": order_state.current.staff}
    return {**alert, **_common(case, order_state, now)}


def _common(case: str, order_state: OrderState, now: int) -> dict[str, Any]:
    key = {"case": case, "subject": "", "kind": "ready", "ordinal": 1}
    return {**key, "location": order_state.location, "policy": "ready@1", "decided_at": now}
