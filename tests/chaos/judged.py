"""`promises judge` on the same input: a third opinion on how promises stand, from the product's own judgement."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.chaos.load import moment
from tests.chaos.reducer import Expected
from tests.cli.command import report


def judged(log: Path, policies: Path, as_of: int, truth: Expected) -> list[str]:
    """Differences between `promises judge` and the truth, in every count of verdicts and reasons, on both bases."""
    found: list[str] = []
    for basis in ("original", "current"):
        document = report(
            "judge", log, "--policies", policies, "--as-of", moment(as_of), "--basis", basis, "--by", "location"
        )
        (point,) = document["points"]
        for row in point["by"]["location"]:
            (location,) = row["key"]
            found += _row(location, basis, row, truth)
    return found


def _row(location: str, basis: str, row: dict[str, object], truth: Expected) -> list[str]:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for (where, _, which, verdict, reason), number in truth.metrics["promises_state"].items():
        if (where, which) == (location, basis):
            verdicts[verdict] += number
            reasons[reason] += number
    shown = {verdict: row[verdict] for verdict in ("kept", "broken", "excluded", "open")}
    expected = {verdict: verdicts[verdict] for verdict in shown}
    told = {reason: number for reason, number in dict(row["reasons"]).items() if number}  # type: ignore[call-overload]
    if (shown, told) == (expected, +reasons):
        return []
    return [f"promises judge, {location}, {basis}: {shown} {told}; the second opinion: {expected} {dict(reasons)}"]
