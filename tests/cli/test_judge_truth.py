"""Real data: a week of flights and three months of a city's complaints, judged by the command and compared with
results that were computed independently from the tables."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Clock
from schemas.instants import format_instant, parse_instant, to_datetime
from schemas.reading import Refused
from streams.adapters.files import lines
from streams.adapters.vendors import load
from streams.config.policies import parse_policies
from streams.judging.admission import admit
from streams.judging.case import Judged, Outcome
from streams.judging.history import History, insert
from streams.judging.measures import quantile
from streams.judging.settle import judge
from tests.cli.command import LOG_ADAPTER, LOG_POLICIES, ROOT, promises

pytestmark = pytest.mark.integration  # it starts no process, but judges whole data sets: a minute

DATA = ROOT.parent / "shared" / "data"
KNOWN = {
    "nycflights13_week": (6554, 3550, 2738, 266, 0),
    "boston311_q1": (18143, 8139, 5949, 996, 3059),
}
"""Promises, kept, broken, excluded and open at the end of each data set."""

COUNTS = ("promises", "kept", "broken", "broken_late", "broken_undelivered", "pending", "cancelled")
BY = ("--by", "location", "--by", "staff")
MIDDLE, END = 4, 9
"""The checkpoints at which the shuffled events are judged: one with many open promises, and the last."""

Counts = dict[str, int]


@dataclass(frozen=True)
class Dataset:
    """A data set with its truth. Slow results are cached."""

    folder: Path

    @cached_property
    def truth(self) -> dict[str, Any]:
        truth: dict[str, Any] = json.loads((self.folder / "truth.json").read_text("utf-8"))
        return truth

    @property
    def events(self) -> Path:
        return self.folder / "events.csv.gz"

    @property
    def checkpoints(self) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = self.truth["as_of_checkpoints"]["points"]
        return points

    @cached_property
    def text(self) -> str:
        """The output of the command at every checkpoint; the last is the end of the data set."""
        return judged_text(self.events, [point["T"] for point in self.checkpoints])

    @cached_property
    def output(self) -> dict[str, Any]:
        output: dict[str, Any] = json.loads(self.text)
        return output

    @property
    def end(self) -> dict[str, Any]:
        point: dict[str, Any] = self.output["points"][END]
        return point

    def rows(self, axis: str) -> list[dict[str, str]]:
        with open(self.folder / f"per_{axis}.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @cached_property
    def judged(self) -> list[Judged]:
        """Every promise as judged at the end, in this process."""
        policies = parse_policies(LOG_POLICIES.read_text("utf-8"), LOG_POLICIES.name)
        histories: defaultdict[str, History] = defaultdict(list)
        for line in lines([str(self.events)], load(str(LOG_ADAPTER))):
            assert not isinstance(line.record, Refused | Clock)
            insert(histories[line.record.case], admit(line.record, policies))
        as_of = parse_instant(self.truth["as_of"])
        judgements = [judge(history, policies, as_of) for history in histories.values()]
        return [judged for judgement in judgements for _, judged in judgement.promises]

    @property
    def outcomes(self) -> list[Outcome]:
        return [judged.current for judged in self.judged]

    @property
    def lateness(self) -> list[float]:
        """The lateness of deliveries in seconds, ascending."""
        return sorted(one.lateness / 1000 for one in self.outcomes if one.lateness is not None)


def judged_text(file: Path, instants: Iterable[str]) -> str:
    as_of = [argument for instant in instants for argument in ("--as-of", instant)]
    answer = promises("judge", file, "--adapter", LOG_ADAPTER, "--policies", LOG_POLICIES, *as_of, *BY, "--json")
    assert (answer.code, answer.err) == (0, ""), answer.err
    return answer.out


@pytest.fixture(scope="module", params=sorted(KNOWN))
def dataset(request: pytest.FixtureRequest) -> Dataset:
    folder = DATA / str(request.param)
    if not (folder / "truth.json").is_file():
        pytest.skip(f"the data set {folder.name} is not beside the repository (../shared/data)")
    return Dataset(folder)


def counts(row: dict[str, Any]) -> Counts:
    """Return a row of the command with the names of the truth."""
    reasons = row["reasons"]
    result = (
        row["promises"], row["kept"], row["broken"], reasons["late"], reasons["undelivered"], row["open"],
        row["excluded"],
    )  # fmt: skip
    return dict(zip(COUNTS, result, strict=True))


def true_counts(row: dict[str, Any]) -> Counts:
    return {name: int(row[name]) for name in COUNTS}


def true_rate(row: dict[str, Any]) -> float | None:
    rate = row["kept_rate"]
    return None if rate in ("", None) else float(rate)


def test_the_totals_are_those_that_are_known(dataset: Dataset) -> None:
    totals = dataset.end["totals"]
    result = tuple(totals[name] for name in ("promises", "kept", "broken", "excluded", "open"))
    assert result == KNOWN[dataset.folder.name]
    assert counts(totals) == true_counts(dataset.truth["totals"])
    assert totals["kept_rate"] == dataset.truth["totals"]["kept_rate"]


def test_the_median_and_the_95th_percentile_of_lateness_are_true(dataset: Dataset) -> None:
    true = dataset.truth["lateness_seconds_quantiles"]
    result = {name: round(seconds, 2) for name, seconds in dataset.end["totals"]["lateness_seconds"].items()}
    assert result == {"p50": true["0.5"], "p95": true["0.95"]}


def test_the_numbers_of_records_add_up(dataset: Dataset) -> None:
    stream = dataset.truth["event_stream"]
    assert dataset.output["input"] == {
        "records": stream["rows"],
        "duplicates": stream["duplicate_rows"],
        "rejected": 0,
        "cases": dataset.truth["rows_total"],
        "unpromised": dataset.truth["rows_without_promise"],
    }


def test_every_checkpoint_on_the_way_is_true(dataset: Dataset) -> None:
    totals = [(point["as_of"], point["totals"]) for point in dataset.output["points"]]
    result = [(as_of, counts(row), row["kept_rate"]) for as_of, row in totals]
    assert len(result) == 10
    assert result == [
        (format_instant(parse_instant(true["T"])), true_counts(true), true_rate(true)) for true in dataset.checkpoints
    ]


@pytest.mark.parametrize("axis", ["location", "staff"])
def test_every_location_and_every_staff_member_is_judged_truly(dataset: Dataset, axis: str) -> None:
    result = {row["key"][0]: (counts(row), row["kept_rate"]) for row in dataset.end["by"][axis]}
    nobody = result.pop(None, None)
    rows = dataset.rows(axis)
    assert result == {row[axis]: (true_counts(row), true_rate(row)) for row in rows}
    unnamed = Counter(true_counts(dataset.truth["totals"]))
    for row in rows:
        unnamed.subtract(true_counts(row))
    assert (nobody[0] if nobody else dict.fromkeys(COUNTS, 0)) == dict(unnamed)
    assert unnamed["promises"] == dataset.truth[f"{axis}_null"]


def test_pairs_of_location_and_staff_are_as_many_as_there_are(dataset: Dataset) -> None:
    pairs = {(judged.location, judged.current.staff) for judged in dataset.judged}
    assert len([pair for pair in pairs if all(pair)]) == dataset.truth["location_staff_pairs"]


def test_every_day_on_which_promises_were_due_is_judged_truly(dataset: Dataset) -> None:
    result: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in dataset.outcomes:
        verdict, reason = outcome.ruling
        result[to_datetime(outcome.due).date().isoformat()].update(["promises", verdict, reason])
    names = ("promises", "kept", "broken", "late", "undelivered", "open", "excluded")
    assert {day: tuple(counted[name] for name in names) for day, counted in result.items()} == {
        row["promised_day_utc"]: tuple(true_counts(row).values()) for row in dataset.rows("promised_day")
    }


def test_every_quantile_of_lateness_is_true(dataset: Dataset) -> None:
    true = dataset.truth["lateness_seconds_quantiles"]
    assert {share: rounded(quantile(dataset.lateness, float(share)), 2) for share in true} == true
    assert len(true) == 11


def test_every_quantile_of_lateness_of_those_that_were_late_is_true(dataset: Dataset) -> None:
    true = dataset.truth["lateness_when_late_seconds_quantiles"]
    late = [seconds for seconds in dataset.lateness if seconds > 0]
    assert {share: rounded(quantile(late, float(share)), 2) for share in true} == true
    assert len(late) == dataset.truth["totals"]["broken_late"]


def test_a_delivery_exactly_at_the_due_time_is_kept(dataset: Dataset) -> None:
    at_due = [outcome.ruling.verdict for outcome in dataset.outcomes if outcome.lateness == 0]
    assert at_due == ["kept"] * dataset.truth["delivered_exactly_on_promise"]


def rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)


@pytest.mark.parametrize(("seed", "checkpoint"), [(1, MIDDLE), (2, END), (3, END)])
def test_no_order_of_arrival_and_no_repetition_changes_a_byte(
    dataset: Dataset, tmp_path: Path, seed: int, checkpoint: int
) -> None:
    shuffled, repeated = shuffle(dataset.events, tmp_path / "events.csv", seed)
    text = judged_text(shuffled, [dataset.checkpoints[checkpoint]["T"]])
    assert points_of(text) == [points_of(dataset.text)[checkpoint]]
    added = json.loads(text)["input"]["duplicates"] - dataset.output["input"]["duplicates"]
    assert added == repeated > 500


def shuffle(events: Path, target: Path, seed: int) -> tuple[Path, int]:
    """Return the shuffled events, one in twenty of them twice, and the number of duplicates."""
    chance = random.Random(seed)
    with gzip.open(events, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    again = chance.sample(rows, len(rows) // 20)
    rows += again
    chance.shuffle(rows)
    with open(target, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return target, len(again)


def points_of(text: str) -> list[str]:
    """Return the text of each point as printed."""
    printed = text[text.index('\n "points": ') : text.index('\n "rejects": ')]
    points = printed.split('\n  {\n   "as_of": ')[1:]
    return [point.removesuffix("\n ],").removesuffix(",") for point in points]
