"""The state of one order at an instant, computed from its first event on, as the design describes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from tests.chaos.load import AT_RISK, GRACE

Basis = Literal["original", "current"]


class View(NamedTuple):
    """The state of a promise on one basis. lateness: in milliseconds."""

    verdict: str
    reason: str
    due: int
    lateness: int | None
    staff: str | None


class OrderState(NamedTuple):
    """The state of an order on both bases."""

    made_at: int
    location: str
    original: View
    current: View

    def on(self, basis: Basis) -> View:
        return self.original if basis == "original" else self.current


class Event(NamedTuple):
    """One event of an order. The order of its fields is the order of events."""

    at: int
    rank: int
    id: str
    content: dict[str, Any]


@lru_cache(100_000)
def millis(text: str) -> int:
    """Return the instant of a text in milliseconds."""
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(when.timestamp() * 1000)


def order_state(events: Iterable[Event], now: int) -> OrderState | None:
    """Return the state of an order at `now`, without later events; None before there is a promise."""
    made: dict[str, Any] | None = None
    original = current = made_at = 0
    ready: int | None = None
    ended: tuple[int, str] | None = None
    assignments: list[tuple[int, str]] = []
    for at, _, _, content in sorted(event for event in events if event.at <= now):
        assignments += [(at, content["staff"]["id"])] if "staff" in content else []
        match content["type"]:
            case "promises_made":
                made, made_at = content, at
                original = current = millis(content["promises"][0]["due"])
            case "promise_amended" if made and ready is None and ended is None:
                current = millis(content["due"])
                if content["by"] == "customer" and at <= original + GRACE:
                    original = current
            case "step_reached" if content["step"] == "ready" and ready is None:
                ready = at
            case "step_undone":
                ready = None
            case "cancelled" if ended is None:
                ended = at, content["by"]
    if made is None:
        return None
    views = (_view(due, ready, ended, assignments, now) for due in (original, current))
    return OrderState(made_at, made["location"], *views)


def _view(
    due: int, ready: int | None, ended: tuple[int, str] | None, assignments: list[tuple[int, str]], now: int
) -> View:
    if ready is not None and ended is not None and ended[0] < ready:
        ready = None  # what is delivered after the end counts no more
    decided_at = min(at for at in (ready, ended and ended[0], due, now) if at is not None)
    staff = next(
        (name for at, name in reversed(assignments) if at <= decided_at), assignments[0][1] if assignments else None
    )
    verdict, reason = _ruling(due, ready, ended, now)
    return View(verdict, reason, due, None if ready is None else ready - due, staff)


def _ruling(due: int, ready: int | None, ended: tuple[int, str] | None, now: int) -> tuple[str, str]:
    if ready is not None:
        if ready > due + GRACE:
            return "broken", "late"
        return "kept", "in_grace" if ready > due else "on_time"
    if ended is not None:
        is_excused = ended[1] == "customer" and ended[0] <= due + GRACE
        return "excluded" if is_excused else "broken", f"cancelled_by_{ended[1]}"
    if now > due + GRACE:
        return "broken", "undelivered"
    return "open", "at_risk" if now >= due - AT_RISK else "pending"
