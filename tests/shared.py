"""The real data sets beside the repository, where they are there: tests that need them say so and are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.instants import Instant, parse_instant
from schemas.reading import Refused
from streams.adapters.file_records import kafka_records
from streams.adapters.files import lines
from streams.adapters.vendors import load
from streams.records import KafkaRecord

ROOT = Path(__file__).parent.parent
ADAPTER = ROOT / "examples" / "promise-log.toml"
POLICIES = ROOT / "examples" / "promise-log-policies.toml"
FLIGHTS = "nycflights13_week"


def data_set(name: str) -> Path:
    """The folder of a data set; skips the test where it is not there."""
    folder = ROOT.parent / "shared" / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not beside the repository (../shared/data)")
    return folder


def samples() -> set[str]:
    """All sample payloads of vendors, by their place in ../shared/pos; skips the test where they are not there."""
    folder = ROOT.parent / "shared" / "pos"
    if not folder.is_dir():
        pytest.skip("the sample payloads of vendors are not beside the repository (../shared/pos)")
    return {str(file.relative_to(folder)) for file in folder.rglob("*.json")}


def sample(name: str) -> bytes:
    """One sample payload; skips the test where it is not there."""
    assert name in samples()
    return (ROOT.parent / "shared" / "pos" / name).read_bytes()


def records(name: str, as_of: str) -> list[KafkaRecord]:
    """The records that `promises replay` sends of a data set, as one partition would have them."""
    events = lines([str(data_set(name) / "events.csv.gz")], load(str(ADAPTER)))
    return [record for record in kafka_records(events, parse_instant(as_of)) if not isinstance(record, Refused)]


def later_than_all(read: list[KafkaRecord]) -> Instant:
    """A wall clock that has seen everything."""
    return max(record.timestamp for record in read) + 1
