"""A real Prometheus, filled with three hours of two workers, gives the correct answer to every query of every panel.

Half an hour before the end a partition moves from one worker to the other: what counts over the last hour must not
notice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest

from tests.dashboards.history import MINUTES, PARTITIONS, STAFF
from tests.dashboards.reading import DASHBOARDS, Json, PanelQuery, all_queries, chosen, panels, young
from tests.dashboards.server import Prometheus, Row, prometheus
from tests.support.debian import Unavailable

QUERIES = {one.name: one for one in all_queries()}


@pytest.fixture(scope="module")
def server(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    try:
        with prometheus(tmp_path_factory.mktemp("prometheus")) as running:
            yield running
    except Unavailable as reason:
        pytest.skip(str(reason))


def numbers(result: list[Row]) -> list[float]:
    """Return all values of a result, at one instant or over time."""
    return [float(value) for row in result for _, value in row.get("values") or [row["value"]]]


def named(labels: Json) -> str:
    return ", ".join(labels[name] for name in sorted(labels)) or "all"


def values_of(server: Prometheus, name: str) -> dict[str, float]:
    """Return the values of a panel's query by the values of their labels."""
    return {named(row["metric"]): float(row["value"][1]) for row in server.now(QUERIES[name].expr)}


@pytest.mark.parametrize("one", QUERIES.values(), ids=QUERIES)
def test_every_query_is_answered_with_numbers(server: Prometheus, one: PanelQuery) -> None:
    is_ranged = one.target.get("range", False)
    result = server.over_time(one.expr) if is_ranged else server.now(one.expr)
    assert numbers(result)
    assert all(math.isfinite(number) for number in numbers(result))
    assert {label for row in result for label in row["metric"]} >= set(
        re.findall(r"{{(\w+)}}", one.target["legendFormat"])
    )


def test_ten_minutes_after_prometheus_came_back_growth_over_a_minute_is_known(server: Prometheus) -> None:
    queries = [one for one in all_queries() if "ALERTS" not in one.expr]
    assert [one.name for one in queries if not server.now(young(one.expr), ago=MINUTES - 10)] == []


TABLES = [
    (name, panel) for name, dashboard in DASHBOARDS.items() for panel in panels(dashboard) if panel["type"] == "table"
]


@pytest.mark.parametrize(("name", "panel"), TABLES, ids=[f"{name}: {panel['title']}" for name, panel in TABLES])
def test_the_rows_of_a_table_differ_only_by_its_keys(server: Prometheus, name: str, panel: Json) -> None:
    (columns,) = [one["options"]["renameByName"] for one in panel["transformations"] if one["id"] == "organize"]
    keys = {column for column in columns if not column.startswith("Value")} - {"display_name"}
    for target in panel["targets"]:
        for row in server.now(chosen(target["expr"])):
            assert row["metric"].keys() == (keys | {"display_name"} if target["refId"] == "N" else keys)


def test_a_location_with_a_display_name_shows_it(server: Prometheus) -> None:
    (named,) = server.now(QUERIES["promises-overview: Locations, furthest below the objective first: N"].expr)
    assert named["metric"] == {"location": "leeds", "display_name": "Leeds, Briggate"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_and_annotations_have_something_to_offer(server: Prometheus, name: str) -> None:
    for variable in DASHBOARDS[name]["templating"]["list"]:
        for metric, label in re.findall(r"label_values\((.+), (\w+)\)", str(variable.get("query", ""))):
            assert server.values(chosen(metric), label)
    (alerts,) = [one["expr"] for one in DASHBOARDS[name]["annotations"]["list"] if one.get("expr")]
    assert server.now(chosen(alerts))


def test_the_share_of_a_location_is_kept_divided_by_due(server: Prometheus) -> None:
    table = "promises-overview: Locations, furthest below the objective first"
    assert values_of(server, f"{table}: A") == pytest.approx({"leeds": 0.7, "york north": 0.96})
    assert values_of(server, f"{table}: C") == pytest.approx({"leeds": 0.875, "york north": 0.925})
    assert values_of(server, f"{table}: D") == pytest.approx({"leeds": -0.175, "york north": 0.035})


def test_a_closed_location_has_no_share_and_its_n(server: Prometheus) -> None:
    table = "promises-overview: Locations, furthest below the objective first"
    assert values_of(server, f"{table}: B") == {"hull": 0, "leeds": 180, "york north": 180}
    assert "hull" not in values_of(server, f"{table}: A")
    closed = QUERIES["promises-overview: Kept, last hour: A"].expr.replace('location=~".+"', 'location="hull"')
    assert server.now(closed) == []


def test_all_locations_together_are_divided_once(server: Prometheus) -> None:
    assert values_of(server, "promises-overview: Kept, last hour: A") == pytest.approx({"all": (0.7 + 0.96) / 2})
    assert values_of(server, "promises-overview: Above the objective: A") == pytest.approx({"all": 0.83 - 0.9})
    allowed, broken = 8640 * 0.1, 4320 * 0.3 + 4320 * 0.04
    assert values_of(server, "promises-overview: Budget left, 24 h: A") == pytest.approx({"all": 1 - broken / allowed})


def test_growth_does_not_count_the_past_of_the_partition_that_moved(server: Prometheus) -> None:
    late = 0.05 * 60 * len(PARTITIONS) * 2 * (1 + 2)
    why = values_of(server, "promises-overview: Why not kept, in the time range: A")
    assert why["late, broken"] == pytest.approx(late)
    assert why["undelivered, broken"] == pytest.approx(late / 5)
    people = values_of(server, "promises-location: Staff, by id: B")
    assert people == pytest.approx(dict.fromkeys(STAFF, (0.5 + 0.05) / 2 * 60 * len(PARTITIONS) * 2 * (1 + 2)))
    shares = dict.fromkeys(STAFF, 0.5 / 0.55)
    assert values_of(server, "promises-location: Staff, by id: A") == pytest.approx(shares)
    assert values_of(server, "promises-location: Staff, by id: C") == pytest.approx(shares)
    rejects = values_of(server, "promises-pipeline: Rejected, by reason: A")
    assert rejects["too_late"] == pytest.approx(0.5 * 0.2 * 2 * 0.02 * 60 * len(PARTITIONS))


def test_nothing_grew_that_prometheus_has_no_start_of(server: Prometheus) -> None:
    for name in ("promises-location: Staff, by id", "promises-overview: Why not kept, in the time range"):
        (target,) = [one.target for one in all_queries() if one.name == f"{name}: A"]
        assert server.now(chosen(target["expr"].replace("$__range", "12h"))) == []


def test_increase_would_have_counted_it(server: Prometheus) -> None:
    made = 0.5 * 60 * len(PARTITIONS) * 2 * (1 + 2)
    ((_, counted),) = [row["value"] for row in server.now("sum (increase(promises_made_total[1h]))")]
    assert float(counted) > 50 * made


def test_no_line_leaps_while_the_partition_moves(server: Prometheus) -> None:
    for name in ("promises-pipeline: Records accepted: A", "promises-staff: Kept share of the day before: A"):
        for row in server.over_time(QUERIES[name].expr, minutes=60, step=30):
            values = [float(value) for _, value in row["values"]]
            assert max(values) < 2 * min(values)


def test_a_share_stays_correct_while_a_partition_has_no_owner(server: Prometheus) -> None:
    shares = server.over_time(QUERIES["promises-overview: Kept share: A"].expr, minutes=60, step=30)
    due = server.over_time(QUERIES["promises-overview: Kept share: B"].expr, minutes=60, step=30)
    assert min(numbers(due)) < max(numbers(due))
    for row in shares:
        values = [float(value) for _, value in row["values"]]
        assert values == sorted(values, reverse=True)
