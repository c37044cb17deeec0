"""The closed vocabulary of code, events, metrics, dashboards and documents.

A *verdict* is the judgement of a promise, a *reason* explains it, and `RULINGS` is the table of all valid pairs.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

Verdict = Literal["kept", "broken", "excluded", "open"]
Reason = Literal[
    "on_time",
    "in_grace",
    "late",
    "undelivered",
    "early",
    "partial",
    "cancelled_by_us",
    "cancelled_by_customer",
    "window",
    "test",
    "implausible",
    "pending",
    "at_risk",
    "unconfirmed",
]
Basis = Literal["original", "current"]
Origin = Literal["written", "spoken", "assumed"]
Party = Literal["us", "customer"]
Evidence = Literal["event", "deadline", "assumed"]
Stage = Literal["at_risk", "overdue"]
Quality = Literal["measured", "status_change", "proxy"]

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
BASES: Final[tuple[Basis, ...]] = get_args(Basis)
QUALITIES: Final[tuple[Quality, ...]] = get_args(Quality)
"""The best first. The index of a quality is its code in stored state: append only."""


class Ruling(NamedTuple):
    """A verdict with its reason: one row of the table."""

    verdict: Verdict
    reason: Reason


ON_TIME: Final = Ruling("kept", "on_time")
IN_GRACE: Final = Ruling("kept", "in_grace")
LATE: Final = Ruling("broken", "late")
UNDELIVERED: Final = Ruling("broken", "undelivered")
EARLY: Final = Ruling("broken", "early")
PENDING: Final = Ruling("open", "pending")
AT_RISK: Final = Ruling("open", "at_risk")
UNCONFIRMED: Final = Ruling("open", "unconfirmed")

RULINGS: Final[tuple[Ruling, ...]] = (
    ON_TIME,
    IN_GRACE,
    LATE,
    UNDELIVERED,
    EARLY,
    Ruling("broken", "partial"),
    Ruling("broken", "cancelled_by_us"),
    Ruling("broken", "cancelled_by_customer"),
    Ruling("excluded", "cancelled_by_customer"),
    Ruling("excluded", "cancelled_by_us"),
    Ruling("excluded", "window"),
    Ruling("excluded", "test"),
    Ruling("excluded", "implausible"),
    PENDING,
    AT_RISK,
    UNCONFIRMED,
)
"""All rulings. The index of a ruling in this table is its code in stored state: append only."""
