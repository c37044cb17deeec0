"""The scenarios of `make bench-instructions`: every step does the work that the name of its scenario promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.scenarios import SCENARIOS, Scenario
from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from streams.records import OutputRecord
from streams.state.partition import PartitionState

RESULTS = {
    "event/step-keeps": ["kept on_time, revision 0"],
    "event/step-keeps-too-late": ["broken late, revision 1"],
    "event/step-undone": ["open pending, revision 1"],
    "event/withdrawn": ["broken cancelled_by_us, revision 0"],
    "event/cancelled": ["excluded cancelled_by_customer, revision 0"],
    "event/corrected": ["kept on_time, revision 1"],
    "event/revoked": ["open pending, revision 1"],
    "event/late": ["kept on_time, revision 0"],
    "event/refused-not-json": ["not_json"],
    "event/refused-wrong-key": ["wrong_key"],
    "time/at-risk": ["at_risk"],
    "time/overdue": ["broken undelivered, revision 0", "overdue"],
    "time/ahead-comes-true": ["kept on_time, revision 0"],
    "feed/step-keeps": ["kept on_time, revision 0"],
    "feed/reported": ["at_risk"],
    "history/step-keeps": ["kept on_time, revision 0"],
    "history/late": ["kept on_time, revision 0"],
    "output/verdict": ["promise.verdicts"],
    "output/alert": ["promise.alerts"],
    "output/reject": ["promise.rejects"],
    "intake/canonical": ["promise.events"],
    "intake/cloudevent": ["promise.events"],
    "intake/captured-request": ["promise.events"],
    "intake/square-notification": ["promise.needs_fetch"],
    "intake/square-order": ["promise.events"] * 3,
    "intake/shopify-order": ["promise.events"],
    "intake/toast-order": ["promise.events"] * 2,
    "intake/refused": ["promise.rejects"],
}
"""The records of one step, for the scenarios whose steps result in records. The others only change state."""

OTHERS = {
    *("mix/worker-step", "judge/from-scratch", "changelog/changes", "changelog/restored", "metrics/rows-copied"),
    *("metrics/collected", "gateway/signature", "gateway/manual-promise"),
}
"""Scenarios whose steps do not return a list of records; most have tests of their own below."""


def _all_steps(scenario: Scenario) -> list[Any]:
    return [scenario.step(each) for each in scenario.inputs]


def _described(results: object) -> list[str]:
    return [_words(result) for result in (results if isinstance(results, list) else [results])]


def _words(result: object) -> str:
    match result:
        case VerdictRecord():
            return f"{result.original.verdict} {result.original.reason}, revision {result.revision}"
        case AlertRecord():
            return result.stage
        case Refused():
            return result.reason
        case OutputRecord():
            return result.topic
    raise AssertionError(f"no scenario should result in {result!r}")


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - OTHERS))
def test_each_step_of_a_scenario_results_in_the_same_records(name: str) -> None:
    for results in _all_steps(SCENARIOS[name]()):
        assert _described(results) == RESULTS.get(name, [])


def test_the_results_are_of_scenarios_that_exist() -> None:
    assert SCENARIOS.keys() >= RESULTS.keys()
    assert SCENARIOS.keys() >= OTHERS


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_warms_up_with_a_third_and_counts_the_rest_in_blocks(name: str) -> None:
    scenario = SCENARIOS[name]()
    counted = [each for block in scenario.blocks for each in block]
    assert [*scenario.warm_up, *counted] == [*scenario.inputs]
    assert 2 <= len(scenario.warm_up) <= len(counted)
    assert len({len(block) for block in scenario.blocks[:-1]}) == 1


def test_a_worker_step_has_every_kind_of_output_and_of_change() -> None:
    steps = _all_steps(SCENARIOS["mix/worker-step"]())
    topics = Counter(record.topic for outputs, _ in steps for record in outputs)
    assert topics["promise.verdicts"] > 100
    assert topics["promise.alerts"] > 20
    for _, changes in steps:
        assert {key[:1] for key, _ in changes} == {b"c", b"r", b"s", b"w", b"h"}


def test_the_orders_of_a_changelog_are_all_written_and_restored() -> None:
    written = SCENARIOS["changelog/changes"]()
    for changes in _all_steps(written):
        assert sum(key.startswith(b"c") for key, _ in changes) == written.each
    restored = SCENARIOS["changelog/restored"]()
    for state in _all_steps(restored):
        assert len(state) == restored.each


def test_the_rows_of_each_location_are_copied_and_collected() -> None:
    copied = SCENARIOS["metrics/rows-copied"]()
    for rows in _all_steps(copied):
        assert len(rows) == copied.each
    collected = SCENARIOS["metrics/collected"]()
    for metrics in _all_steps(collected):
        assert {len(metric.samples) for metric in metrics if metric.name == "promises_made"} == {collected.each}


def test_a_step_that_no_policy_reads_takes_the_fast_path_each_time() -> None:
    scenario = SCENARIOS["event/step-unread"]()
    assert scenario.state is not None
    before = scenario.state.fast_path
    _all_steps(scenario)
    assert scenario.state.fast_path - before == len(scenario.inputs)


def test_a_duplicate_is_counted_as_one_each_time() -> None:
    scenario = SCENARIOS["event/duplicate"]()
    assert scenario.state is not None
    assert scenario.state.counters.duplicates == 0
    _all_steps(scenario)
    assert scenario.state.counters.duplicates == len(scenario.inputs)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("event/made", "pending"),
        ("event/stated-anew", "pending"),
        ("event/ahead", "pending"),
        ("feed/waiting", "pending"),
        ("feed/reported", "at_risk"),
        ("feed/stale", "unconfirmed"),
        ("policy/assumed", "pending"),
    ],
)
def test_without_a_record_a_scenario_still_leaves_all_promises_as_it_should(name: str, reason: str) -> None:
    scenario = SCENARIOS[name]()
    _all_steps(scenario)
    assert set(_reasons(scenario.state)) == {reason}


def _reasons(state: PartitionState | None) -> Iterator[str]:
    assert state is not None
    for name in state.stored_cases():
        case = state.case(name)
        assert case is not None
        yield from (judged.current.ruling.reason for judged in case.judged.values())


def test_every_case_is_forgotten_by_the_last_step() -> None:
    scenario = SCENARIOS["time/forgotten"]()
    assert scenario.state is not None
    assert len(scenario.state) == len(scenario.inputs)
    _all_steps(scenario)
    assert len(scenario.state) == 0
