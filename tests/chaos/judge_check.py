"""`promises judge` on the same log: a third result, from the product's own judgement."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.chaos.load import moment
from tests.chaos.reducer import Expected
from tests.cli.command import report


def judge_differences(log: Path, policies: Path, as_of: int, truth: Expected) -> list[str]:
    """Return the differences between `promises judge` and the expected counts by verdict and reason, on both bases."""
    differences_found: list[str] = []
    for basis in ("original", "current"):
        document = report(
            "judge", log, "--policies", policies, "--as-of", moment(as_of), "--basis", basis, "--by", "location"
        )
        (point,) = document["points"]
        for row in point["by"]["location"]:
            (location,) = row["key"]
            differences_found += _row(location, basis, row, truth)
    return differences_found


def _row(location: str, basis: str, row: dict[str, object], truth: Expected) -> list[str]:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for (location_of_count, _, basis_of_count, verdict, reason), number in truth.metrics["promises_state"].items():
        if (location_of_count, basis_of_count) == (location, basis):
            verdicts[verdict] += number
            reasons[reason] += number
    verdicts_shown = {verdict: row[verdict] for verdict in ("kept", "broken", "excluded", "open")}
    expected = {verdict: verdicts[verdict] for verdict in verdicts_shown}
    reasons_shown = {reason: number for reason, number in dict(row["reasons"]).items() if number}  # type: ignore[call-overload]
    if (verdicts_shown, reasons_shown) == (expected, +reasons):
        return []
    return [
        f"promises judge, {location}, {basis}: {verdicts_shown} {reasons_shown}; expected: {expected} {dict(reasons)}"
    ]
