"""Tests that docs/alerts.md is the output of its command, and that its quick measurements still hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.alerting.reach import FINE, OBJECTIVES, TROUBLES, VOLUMES, fired, head
from tests.alerting.test_rules import alerts
from tests.cli.command import ROOT

PAGE = (ROOT / "docs" / "alerts.md").read_text("utf-8")


def test_the_page_has_the_current_thresholds() -> None:
    assert PAGE.startswith(head()), "run: python -m tests.alerting.reach > docs/alerts.md"


def test_the_page_has_every_alert_with_its_severities() -> None:
    listed = {tuple(line.split(" | ")[:2]) for line in PAGE.splitlines() if line.startswith("| [")}
    severities: dict[str, list[str]] = {}
    for alert in alerts():
        known = severities.setdefault(alert["alert"], [])
        known += [alert["labels"]["severity"]] if alert["labels"]["severity"] not in known else []
    expected = {name: sorted(result, key=["critical", "warning", "info"].index) for name, result in severities.items()}

    assert listed == {(f"| [{name}](runbooks/{name}.md)", ", ".join(result)) for name, result in expected.items()}


def test_the_page_has_a_row_for_every_objective_and_volume() -> None:
    rows = [line for line in PAGE.splitlines() if line.split(" | ")[1:2] and line.split(" | ")[1] in VOLUMES]

    assert len(rows) == len(TROUBLES) * len(OBJECTIVES) * len(VOLUMES)


@pytest.mark.integration
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_shop_at_98_percent_has_an_alert_when_the_page_says(trouble: str, tmp_path: Path) -> None:
    table = PAGE.partition(f"### {trouble}\n")[2]
    [row, *_] = [line for line in table.splitlines() if line.startswith("| 98 % | 300 an hour |")]
    result = fired(0.98, TROUBLES[trouble], FINE, tmp_path)

    assert row.split(" | ")[2] == str(result["300 an hour", "PromisesBurningFast"])
