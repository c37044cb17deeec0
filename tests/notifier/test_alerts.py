"""What is read from promise.alerts, and what it is called on its way."""

from __future__ import annotations

import re

import msgspec
import pytest

from schemas.instants import parse_instant
from streams.notifier.alerts import NotAnAlert, read_alert
from tests.cli.command import ROOT
from tests.notifier.told import MINUTE, NOON, alert, alert_record

EXAMPLE = (ROOT / "schemas" / "examples" / "alert.json").read_bytes()


def test_the_example_of_the_contract_is_sent_as_it_stands() -> None:
    found = read_alert(EXAMPLE, NOON + 365 * 24 * 60 * MINUTE)
    document = msgspec.json.decode(EXAMPLE)
    assert found.body == EXAMPLE
    assert (found.id, found.stage, found.since) == (
        document["id"],
        document["stage"],
        parse_instant(document["decided_at"]),
    )


def test_an_alert_has_one_name_for_ever_and_two_alerts_have_two() -> None:
    assert alert("o-1").webhook_id == alert("o-1", NOON + MINUTE).webhook_id
    assert (
        len({alert(case, stage=stage).webhook_id for case in ("o-1", "o-2") for stage in ("at_risk", "overdue")}) == 4
    )


@pytest.mark.parametrize("case", ["o-1", "Bestellung 7.1 für Jörg", "注文\n1", '"quoted"'])
def test_whatever_a_case_is_called_the_name_fits_into_a_header(case: str) -> None:
    record = msgspec.json.decode(alert_record("o-1")) | {"id": msgspec.json.encode([case, "ready"]).decode()}
    assert re.fullmatch("alert_[0-9a-f]{32}", read_alert(msgspec.json.encode(record), NOON).webhook_id)


def test_a_worker_whose_clock_is_ahead_does_not_keep_its_alert_young() -> None:
    assert read_alert(alert_record("o-1", NOON + 90 * MINUTE), NOON).since == NOON


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_what_is_no_alert_is_told_with_the_reason(value: bytes | None, told: str) -> None:
    with pytest.raises(NotAnAlert, match=f"(?i){told}"):
        read_alert(value, NOON)
