"""The output of `promises rules` is valid for Prometheus, easy to read, and the same as the committed files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from streams.alerting.objectives import Objective, ObjectiveError, objectives_of
from streams.alerting.pipeline_alerts import SUMMARIES
from streams.alerting.tiers import MAX_SHARE, TIERS, tier_remarks
from streams.alerting.yaml_documents import decimal, percent
from streams.config.locations import parse_locations
from streams.judging.locations import Locations
from streams.metrics.catalogue import CATALOGUE
from tests.alerting.promtool import LOCATIONS, POLICIES, rule_file, run
from tests.cli.command import ROOT, promises
from tests.histories import policies_of

COMMITTED = ROOT / "dashboards" / "prometheus" / "rules.yml"
COMMAND = ("rules", "--policies", "streams/local/town-policies.toml", "--locations", "examples/locations.toml")

Rule = dict[str, Any]


def rules_in(text: str) -> list[Rule]:
    """All rules of a rule file."""
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def alerts() -> list[Rule]:
    """The alerts that are committed."""
    return [rule for rule in rules_in(COMMITTED.read_text("utf-8")) if "alert" in rule]


def test_the_committed_file_is_the_output_of_the_command(tmp_path: Path) -> None:
    answer = promises(*COMMAND, "--out", tmp_path)

    assert (answer.code, answer.err) == (0, "")
    made = (tmp_path / "prometheus" / "rules.yml").read_text("utf-8")
    assert made == COMMITTED.read_text("utf-8"), f"run: promises {' '.join(COMMAND)} --out dashboards"
    assert answer.out.splitlines() == [
        "delivered: 95 %",
        "followed_up: 90 %",
        "ready: 90 %, kitchen 85 %, pharmacy 98 %",
        "PromisesBurningFast at 85 %: 14.4 times the budget's pace is 216 % of all promises: lowered to 2.67 times, "
        "40 %",
        "PromisesBurningFast at 90 %: 14.4 times the budget's pace is 144 % of all promises: lowered to 4 times, 40 %",
        "PromisesBurningFast at 95 %: 14.4 times the budget's pace is 72 % of all promises: lowered to 8 times, 40 %",
        f"wrote {tmp_path / 'prometheus' / 'rules.yml'}",
    ]


@pytest.mark.integration
def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(COMMITTED.read_text("utf-8"), "utf-8")
    output = run("check", "rules", "--lint=all", "--lint-fatal", "rules.yml", folder=tmp_path)

    assert output.returncode == 0, output.stdout + output.stderr


@pytest.mark.integration
def test_names_that_need_quoting_pass_through_to_prometheus(tmp_path: Path) -> None:
    name = r"""O'Connell "St" \ $1 {{ .x }} §"""
    places = f"[[location]]\nid = '''{name}'''\nobjectives = {{ ready = 0.99 }}\nfeed = '''{name}'''\n"
    text = rule_file(locations=places)
    (tmp_path / "rules.yml").write_text(text, "utf-8")
    output = run("check", "rules", "--lint=all", "--lint-fatal", "rules.yml", folder=tmp_path)

    assert output.returncode == 0, output.stdout + output.stderr
    assert {rule["labels"]["location"] for rule in rules_in(text) if "location" in rule.get("labels", {})} == {name}


def known_series() -> set[str]:
    """Every series that workers show, rules record or Prometheus itself writes."""
    recorded = {rule["record"] for rule in rules_in(COMMITTED.read_text("utf-8")) if "record" in rule}
    # The feeds' clocks come into the catalogue with the workers that show them.
    return recorded | {metric.name for metric in CATALOGUE} | {"up"}


def test_every_query_parses_and_selects_known_series() -> None:
    for rule in rules_in(COMMITTED.read_text("utf-8")):
        asked = set(selected(promql_parser.parse(rule["expr"])))
        assert asked <= known_series(), rule["expr"]


def selected(node: Any) -> Iterator[str]:
    """The metrics that a parsed query selects."""
    if isinstance(node, promql_parser.VectorSelector):
        yield str(node.name)
    for name in ("expr", "lhs", "rhs", "vs", "vector_selector", "param"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str):
            yield from selected(inner)
    for argument in getattr(node, "args", None) or ():
        yield from selected(argument)


def test_the_walk_through_a_query_misses_nothing() -> None:
    query = "clamp_max(a, 1) * on (x) (sum by (x) (max_over_time(b[3h])) + avg_over_time(c[7d:1h] offset 1h) - -d)"

    assert [*selected(promql_parser.parse(query))] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_alerts_pass_the_mixin_linter(rule: Rule) -> None:
    assert re.fullmatch(r"([A-Z][a-z]+)+", rule["alert"])
    assert len(rule["alert"]) <= 40
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert re.fullmatch(r"[A-Z].+\.", rule["annotations"]["summary"])
    assert "{{" not in rule["annotations"]["summary"]
    assert "{{" in rule["annotations"]["description"]
    assert rule["annotations"]["dashboard"].startswith("/d/promises-")
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


def test_groups_are_small_and_named_once() -> None:
    groups = yaml.safe_load(COMMITTED.read_text("utf-8"))["groups"]
    names = [group["name"] for group in groups]

    assert len(names) == len(set(names))
    assert all(len(name) <= 40 for name in names)
    assert all(len(group["rules"]) <= 20 for group in groups)


def test_counters_are_not_measured_worker_by_worker() -> None:
    # A worker shows the sum of its partitions: one that takes over another's seems to count it all at once.
    text = COMMITTED.read_text("utf-8")

    assert not re.search(r"\b(rate|irate|increase)\(", text)


def test_alerts_hold_locations_to_the_basis_that_was_asked_for() -> None:
    text = rule_file(basis="current")

    assert set(re.findall(r"basis[=\"']+(\w+)", text)) == {"current"}
    assert "var-basis=current" in text


def test_links_lead_to_the_addresses_given(tmp_path: Path) -> None:
    links = ("--dashboards", "https://grafana.example/", "--runbooks", "https://wiki.example/promises/")
    answer = promises(*COMMAND, *links, "--out", tmp_path)
    rule = next(rule for rule in rules_in((tmp_path / "prometheus" / "rules.yml").read_text()) if "alert" in rule)

    assert answer.code == 0
    assert rule["annotations"]["dashboard"].startswith("https://grafana.example/d/promises-location?var-location=")
    assert rule["annotations"]["runbook_url"] == "https://wiki.example/promises/PromisesBurningFast.md"


def test_policies_of_one_kind_with_different_objectives_are_refused(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    other = '[[policy]]\nname = "counter"\nversion = 2\nkind = "ready"\nobjective = 0.95\n'
    policies.write_text(POLICIES + other)
    answer = promises("rules", "--policies", policies, "--out", tmp_path)

    assert answer.code == 2
    assert answer.err.startswith(
        "promises: policies ready@1 and counter@2 have the objectives 0.9 and 0.95 for the kind 'ready', but metrics "
    )
    assert not (tmp_path / "prometheus").exists()


def test_a_newer_version_may_have_another_objective_and_the_newest_counts() -> None:
    policies = policies_of(
        POLICIES + '[[policy]]\nkind = "ready"\nversion = 2\nobjective = 0.95\neffective_from = 2026-01-01T00:00:00Z\n'
    )

    assert objectives_of(policies, Locations()) == [Objective("ready", 0.95, {})]


def test_a_policy_without_an_objective_has_no_say() -> None:
    policies = policies_of(POLICIES + '[[policy]]\nname = "counter"\nkind = "ready"\n[[policy]]\nkind = "refunded"\n')

    assert objectives_of(policies, Locations()) == [Objective("ready", 0.9, {})]


def test_an_objective_for_a_kind_of_no_policy_is_refused() -> None:
    places = parse_locations('[[location]]\nid = "quay"\nobjectives = { redy = 0.9 }\n', "locations.toml")
    with pytest.raises(
        ObjectiveError, match=r"^location 'quay' has an objective for 'redy', but no policy has that kind"
    ):
        objectives_of(policies_of(POLICIES), places)


@pytest.mark.integration
def test_without_objectives_there_are_only_pipeline_alerts(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nkind = "ready"\n')
    answer = promises("rules", "--policies", policies, "--out", tmp_path)
    text = (tmp_path / "prometheus" / "rules.yml").read_text()
    output = run("check", "rules", "--lint=all", "--lint-fatal", "prometheus/rules.yml", folder=tmp_path)

    assert answer.out.startswith("ready: no objective, so there are no alerts; give its policies one\n")
    assert {rule["alert"] for rule in rules_in(text) if "alert" in rule} == SUMMARIES.keys()
    assert output.returncode == 0, output.stdout + output.stderr


def test_every_tier_can_fire_at_every_objective_or_is_left_out() -> None:
    for objective in (thousandths / 1000 for thousandths in range(1, 1000)):
        for tier in TIERS:
            burn = tier.burns(objective)
            if burn is None:
                assert MAX_SHARE / (1 - objective) < 1.5, "left out only where it could not be told from a usual day"
            else:
                assert burn * (1 - objective) <= MAX_SHARE + 1e-9
                assert burn >= 1


def test_a_tier_that_is_of_no_use_at_an_objective_is_left_out_with_the_reason() -> None:
    policies = POLICIES.replace("0.9", "0.6")
    [threshold, *_] = [rule for rule in rules_in(rule_file(policies)) if rule.get("labels") == {"window": "1h"}][1:]
    said = [*tier_remarks(objectives_of(policies_of(policies), Locations()))]

    assert threshold["expr"].endswith("unless\n  location_kind:promises_objective:ratio == 0.6\n")
    assert said[0] == (
        "PromisesBurningFast at 60 %: left out: 14.4 times the budget's pace is 576 % of all promises, and at 40 % a "
        "location that meets its objective would alert"
    )


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    answer = promises(*COMMAND, "--out", tmp_path / "taken")

    assert answer.code == 3
    assert f"{tmp_path / 'taken' / 'prometheus' / 'rules.yml'}: cannot be written: " in answer.err


def test_numbers_are_written_as_people_do() -> None:
    assert [decimal(number) for number in (0.9990000000000001, 14.4, 300.0, 0.85)] == ["0.999", "14.4", "300", "0.85"]
    assert [percent(share) for share in (1 - 0.9, 0.999, 14.4 * (1 - 0.85))] == ["10 %", "99.9 %", "216 %"]


def test_a_file_of_locations_that_is_wrong_is_named(tmp_path: Path) -> None:
    places = tmp_path / "places.toml"
    places.write_text(LOCATIONS + "open = true\n")
    answer = promises("rules", "--locations", places, "--out", tmp_path)

    assert answer.code == 2
    assert answer.err.startswith(f"promises: {places}: location 1 (quay): unknown key 'open'; known are ")
