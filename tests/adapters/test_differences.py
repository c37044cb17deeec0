"""A test that fails reports the field, the expected and the actual value, and the rule and expression behind it."""

from __future__ import annotations

import pytest

from streams.adapters.adapter_file import parse_adapter
from streams.adapters.adapter_tests import parse_tests
from streams.adapters.differences import differences

ADAPTER = """
case = "id"
location = "shop"

[[rule]]
name = "ping"
when = "ping"
ignore = "a ping"

[[rule]]
name = "changed"
when = "changed"
thin = { kind = "'order'", ref = "id" }

[[rule]]
name = "order"
when = "at"
promises_stated = { occurred_at = "at", promises = [{ kind = "'ready'", due = "due" }] }
steps = { ready = "ready_at", picked_up = "gone_at" }
"""
PAYLOAD = """
payload = '{"id": 1, "shop": "soho", "at": 1772798400, "due": 1772799000, "ready_at": 1772798700}'
"""
STATED = """
[[test.event]]
type = "promises_stated"
case = "1"
location = "soho"
occurred_at = 2026-03-06T13:00:00+01:00
promises = [{ kind = "ready", due = 2026-03-06T12:10:00Z, origin = "written" }]
"""
READY = """
[[test.event]]
type = "step_reached"
case = "1"
location = "soho"
occurred_at = 2026-03-06T12:05:00Z
step = "ready"
"""


def differences_of(test: str) -> list[str]:
    (parsed,) = parse_tests(f'[[test]]\nname = "a test"\n{test}', "kiosk.tests.toml").tests
    return [str(difference) for difference in differences(parse_adapter(ADAPTER, "kiosk.toml", {}), parsed)]


@pytest.mark.parametrize(
    "test",
    [
        PAYLOAD + STATED + READY,
        PAYLOAD + READY + STATED,
        PAYLOAD + STATED.replace("case", 'id = "promises_stated/1772798400000/ready.1@1772799000000"\ncase') + READY,
        "payload = '{\"ping\": true}'\nignored = 'ping'\n",
        'payload = \'{"changed": 1, "id": 7}\'\nthin = [{ kind = "order", ref = "7" }]\n',
        "payload = '{}'\nrefused = 'unknown_shape'\n",
    ],
    ids=["events", "in any order", "their ids", "ignored", "thin", "refused"],
)
def test_an_outcome_as_expected_has_no_differences(test: str) -> None:
    assert differences_of(test) == []


@pytest.mark.parametrize(
    ("test", "wrong"),
    [
        (
            PAYLOAD + STATED.replace("12:10", "12:11").replace("soho", "bow") + READY,
            [
                "promises_stated: location: expected 'bow', got 'soho' (rule 'order', shop is 'soho')",
                "promises_stated: promises[0].due: expected '2026-03-06T12:11:00Z', got '2026-03-06T12:10:00Z' "
                "(rule 'order', due is 1772799000)",
            ],
        ),
        (
            PAYLOAD + STATED + READY + 'channel = "web"\n',
            ["step_reached ready: channel: expected 'web', got nothing (rule 'order', which does not say it)"],
        ),
        (
            PAYLOAD + STATED + READY + READY.replace('"ready"', '"picked_up"'),
            ["step_reached picked_up: expected it, got no such event (rule 'order', gone_at is nothing)"],
        ),
        (PAYLOAD + STATED, ["step_reached ready: expected no such event, got it (rule 'order')"]),
        (PAYLOAD + STATED + READY + "[test.headers]\n", []),
        (
            "payload = '{\"ping\": true}'\nrefused = 'bad_time'\n",
            ["refused: expected bad_time, got no", "ignored: expected no, got ping"],
        ),
        (
            'payload = \'{"changed": 1, "id": 7}\'\nthin = [{ kind = "order", ref = "8" }]\n',
            ["thin: expected order 8, got order 7"],
        ),
        (
            "payload = '{}'\nthin = []\n",
            [
                "refused: expected no, got unknown_shape: kiosk.toml: no rule fits; ping is nothing, "
                "changed is nothing, at is nothing"
            ],
        ),
    ],
    ids=[
        "fields",
        "a field too few",
        "an event too few",
        "an event too many",
        "none",
        "refused",
        "thin",
        "not refused",
    ],
)
def test_a_difference_names_event_field_rule_and_expression(test: str, wrong: list[str]) -> None:
    assert differences_of(test) == wrong
