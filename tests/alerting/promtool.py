"""promtool on generated rules: timelines against the rules that Prometheus would load."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.words import Basis
from streams.alerting.annotations import Links
from streams.alerting.objectives import objectives_of
from streams.alerting.prometheus_rules import as_yaml, rules
from streams.config.locations import parse_locations
from streams.judging.locations import Locations
from tests.alerting.timelines import Minute, Row, as_input, at
from tests.histories import policies_of
from tests.support.debian import Unavailable, program

POLICIES = '[[policy]]\nkind = "ready"\nobjective = 0.9\n'
LOCATIONS = """
[[location]]
id = "quay"
display_name = "Quay Street"
feed = "pos-quay"
silent_after = "5m"
"""


def promtool() -> Path:
    """Return the program; skip the test if it is not available."""
    try:
        return program("prometheus", "promtool")
    except Unavailable as reason:
        pytest.skip(str(reason))


def rule_file(policies: str = POLICIES, locations: str = LOCATIONS, basis: Basis = "original") -> str:
    """Return the rules that `promises rules` makes."""
    places = parse_locations(locations, "locations.toml") if locations else Locations()
    objectives = objectives_of(policies_of(policies), places)
    return as_yaml(rules(objectives, places, basis, Links()), "Rules of a test.")


Case = dict[str, Any]


def firing(time: str, *alerts: Mapping[str, str]) -> Case:
    """Return the case that exactly these alerts fire at that moment, each by its labels."""
    samples = [{"labels": f"ALERTS{_labels({**alert, 'alertstate': 'firing'})}", "value": 1} for alert in alerts]
    return {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{at(time)}m", "exp_samples": samples}


def value(time: str, expr: str, *samples: tuple[str, float]) -> Case:
    """Return the case that a query gives these samples at that moment."""
    expected = [{"labels": labels, "value": number} for labels, number in samples]
    return {"expr": expr, "eval_time": f"{at(time)}m", "exp_samples": expected}


def says(time: str, alert: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> Case:
    """Return the case that this alert fires at that moment, and no other of its name."""
    expected = [{"exp_labels": dict(labels), "exp_annotations": dict(annotations)}]
    return {"eval_time": f"{at(time)}m", "alertname": alert, "exp_alerts": expected}


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{text}"' for name, text in sorted(labels.items())) + "}"


def check(
    series: Mapping[str, Row], cases: Sequence[Case], folder: Path, text: str | None = None, step: Minute = 1
) -> None:
    """Evaluate the rules in `text` over a timeline, each `step`; check every case."""
    output = tested(series, cases, folder, text or rule_file(), step)
    assert output.returncode == 0, output.stdout + output.stderr


def tested(
    series: Mapping[str, Row], cases: Sequence[Case], folder: Path, text: str, step: Minute
) -> subprocess.CompletedProcess[str]:
    """Return the result of `promtool test rules` for rules, a timeline and cases."""
    groups = [group["name"] for group in yaml.safe_load(text)["groups"]]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{step}m",
        "group_eval_order": groups,
        "tests": [
            {
                "interval": f"{step}m",
                "input_series": as_input(series, step),
                "promql_expr_test": [case for case in cases if "expr" in case],
                "alert_rule_test": [case for case in cases if "alertname" in case],
            }
        ],
    }
    (folder / "rules.yml").write_text(text, "utf-8")
    (folder / "test.yml").write_text(yaml.safe_dump(test, width=10**6), "utf-8")
    return run("test", "rules", "test.yml", folder=folder)


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `promtool ARGUMENTS` in a folder."""
    environment = os.environ | {"TZ": "UTC"}
    return subprocess.run(
        [promtool(), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
