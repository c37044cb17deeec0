"""Tests of reading alerts from promise.alerts, and of their webhook ids."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import msgspec
import pytest

from schemas.instants import parse_instant
from schemas.words import Stage
from streams.notifier.alerts import NotAnAlert, read_alert
from tests.cli.command import ROOT
from tests.notifier.alerts import MINUTE, NOON, alert_record, outgoing_alert

EXAMPLE = (ROOT / "schemas" / "examples" / "alert.json").read_bytes()


def test_the_example_of_the_contract_is_sent_unchanged() -> None:
    read = read_alert(EXAMPLE, NOON + 365 * 24 * 60 * MINUTE)
    document = msgspec.json.decode(EXAMPLE)
    assert read.body == EXAMPLE
    assert (read.id, read.stage, read.since) == (
        document["id"],
        document["stage"],
        parse_instant(document["decided_at"]),
    )


def test_the_webhook_id_depends_on_the_alert_alone() -> None:
    assert outgoing_alert("o-1").webhook_id == outgoing_alert("o-1", NOON + MINUTE).webhook_id
    others = product(("o-1", "o-2"), get_args(Stage))
    assert len({outgoing_alert(case, stage=stage).webhook_id for case, stage in others}) == 4


@pytest.mark.parametrize("case", ["o-1", "Bestellung 7.1 für Jörg", "注文\n1", '"quoted"'])
def test_whatever_a_case_is_called_the_name_fits_into_a_header(case: str) -> None:
    record = msgspec.json.decode(alert_record("o-1")) | {"id": msgspec.json.encode([case, "ready"]).decode()}
    assert re.fullmatch("alert_[0-9a-f]{32}", read_alert(msgspec.json.encode(record), NOON).webhook_id)


def test_an_alert_of_a_worker_whose_clock_is_ahead_ages_from_now() -> None:
    assert read_alert(alert_record("o-1", NOON + 90 * MINUTE), NOON).since == NOON


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (None, "truncated"),
        (b"the coffee is late", "invalid"),
        (b'{"type": "alert", "x": ' + b"[" * 100_000, "recursion"),
        (b'{"type": "verdict"}', "verdict"),
        (EXAMPLE.replace(b'"id"', b'"name"'), "`id`"),
        (re.sub(rb'("decided_at":\s*)"[^"]*"', rb'\1"1970-01-01T00:00:00Z"', EXAMPLE), "1970"),
        (re.sub(rb'("stage":\s*)"[^"]*"', rb'\1"late"', EXAMPLE), "late"),
        (EXAMPLE[:-20], "truncated"),
    ],
)
def test_a_record_that_is_not_an_alert_has_a_reason(value: bytes | None, error: str) -> None:
    with pytest.raises(NotAnAlert, match=f"(?i){error}"):
        read_alert(value, NOON)
