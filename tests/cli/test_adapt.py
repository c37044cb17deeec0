"""Tests of `promises adapt`, and of `promises check` with the tests of an adapter."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import promises

ADAPTER = """
about = "A kiosk"

[let]
order = "body.order"

[[rule]]
name = "ping"
when = { "$header('X-Kiosk-Topic')" = "ping" }
ignore = "the kiosk tries whether we are there"

[[rule]]
name = "pickup"
when = "$order"
case = "'kiosk:' & $order.id"
location = "$order.shop"
promises_stated = { occurred_at = "$order.changed", promises = [{ kind = "'ready'", due = "$order.wanted" }] }

[rule.steps]
ready = "$order.ready"
picked_up = { from = "$order.gone" }
"""
PAYLOAD = (
    b'{"body": {"order": {"id": 7, "shop": "soho", "changed": 1772798400000, "wanted": "2026-03-06T12:10:00Z",'
    b' "ready": "2026-03-06T12:08:00+0000"}}}'
)
TEST = """
[[test]]
name = "a pickup"
payload = '{"body": {"order": {"id": 7, "shop": "soho", "changed": 1772798400000, "ready": "2026-03-06T12:08:00Z"}}}'

[[test.event]]
type = "promises_stated"
case = "kiosk:7"
location = "soho"
occurred_at = 2026-03-06T12:00:00Z

[[test.event]]
type = "step_reached"
case = "kiosk:7"
location = "soho"
occurred_at = 2026-03-06T12:08:00Z
step = "ready"
"""


def kiosk(folder: Path, adapter: str = ADAPTER, test: str | None = None) -> Path:
    file = folder / "kiosk.toml"
    file.write_text(adapter, "utf-8")
    if test is not None:
        (folder / "kiosk.tests.toml").write_text(test, "utf-8")
    return file


def test_adapt_shows_each_event_and_where_each_of_its_fields_is_from(tmp_path: Path) -> None:
    answer = promises("adapt", "-", "--adapter", kiosk(tmp_path), stdin=PAYLOAD)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "rule 'pickup' fits",
        "    case      'kiosk:7'  <- 'kiosk:' & $order.id",
        "    location  'soho'     <- $order.shop",
        "  promises_stated: ready by 2026-03-06T12:10:00Z",
        "    occurred_at      2026-03-06T12:00:00Z (1772798400000)  <- $order.changed",
        "    promises[0].due  2026-03-06T12:10:00Z                  <- $order.wanted",
        "  step_reached ready",
        "    occurred_at  2026-03-06T12:08:00Z ('2026-03-06T12:08:00+0000')  <- $order.ready",
        "  step_reached picked_up has not happened: $order.gone is nothing",
        "rule 'ping' does not fit: $header('X-Kiosk-Topic') is nothing, not 'ping'",
        "",
        "occurred at           case     subject  event                                           location  staff",
        "2026-03-06T12:00:00Z  kiosk:7           promises_stated: ready by 2026-03-06T12:10:00Z  soho",
        "2026-03-06T12:08:00Z  kiosk:7           step_reached ready                              soho",
    ]


def test_adapt_shows_ignored_payloads_and_orders_to_fetch(tmp_path: Path) -> None:
    answer = promises("adapt", "-", "--adapter", kiosk(tmp_path), "--header", "x-kiosk-topic: ping", stdin=PAYLOAD)
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "rule 'ping' fits: ignored, the kiosk tries whether we are there"
    assert "rule 'pickup' does not fit: not evaluated: an earlier rule ended the evaluation" in answer.out
    assert answer.out.splitlines()[-1] == "ignored, by rule 'ping'"
    thin = b'{"type": "order.updated", "data": {"id": "O1"}}'
    assert promises("adapt", "-", "--adapter", "square", stdin=thin).out.splitlines()[-1] == "to be fetched: order O1"


def test_adapt_exits_with_1_if_no_rule_matches(tmp_path: Path) -> None:
    answer = promises("adapt", "-", "--adapter", kiosk(tmp_path), stdin=b'{"body": {}}')
    assert answer.code == 1
    assert answer.out.splitlines()[-1].startswith("refused: unknown_shape: ")
    assert "$order is nothing" in answer.out.splitlines()[-1]


def test_adapt_opens_the_envelopes_that_a_payload_came_in(tmp_path: Path) -> None:
    captured = b'{"headers": {"X-Kiosk-Topic": "ping"}, "body": %s}' % PAYLOAD
    answer = promises("adapt", "-", "--adapter", kiosk(tmp_path), stdin=captured)
    first, second, *_ = answer.out.splitlines()
    assert first.startswith("envelopes, from the outside in: ")
    assert second == "rule 'ping' fits: ignored, the kiosk tries whether we are there"


def test_adapt_has_the_same_content_as_json(tmp_path: Path) -> None:
    document = promises("adapt", "-", "--adapter", kiosk(tmp_path), "--json", stdin=PAYLOAD).document
    assert [event["type"] for event in document["events"]] == ["promises_stated", "step_reached"]
    (pickup,) = document["rules"]
    assert [said["happened"] for said in pickup["said"]] == [True, True, False]
    assert {
        "place": "promises_stated.occurred_at",
        "expression": "$order.changed",
        "raw": 1772798400000,
        "value": "2026-03-06T12:00:00Z",
    } in pickup["said"][0]["fields"]
    assert [other["rule"] for other in document["others"]] == ["ping"]


def test_an_invalid_payload_and_an_invalid_header_are_errors(tmp_path: Path) -> None:
    answer = promises("adapt", "-", "--adapter", "square", stdin=b"<order/>")
    assert (answer.code, answer.out) == (1, "")
    assert "not_json" in answer.err
    answer = promises("adapt", "-", "--adapter", "square", "--header", "x-topic", stdin=b"{}")
    assert (answer.code, answer.out) == (2, "")
    assert "write it as 'NAME: VALUE'" in answer.err
    assert "give a file with one payload" in promises("adapt", tmp_path / "no", "--adapter", "square").err


def test_check_runs_the_tests_beside_an_adapter(tmp_path: Path) -> None:
    file = kiosk(tmp_path, test=TEST)
    answer = promises("check", "--adapter", file)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-4:] == [
        f"{file}: A kiosk",
        f"{file}: reads body",
        f"{file}: tests beside it: 1",
        "no mistakes found",
    ]
    (tmp_path / "kiosk.tests.toml").unlink()
    assert f"{file}: tests beside it: none" in promises("check", "--adapter", file).out


def test_check_shows_the_differences_of_a_failed_test(tmp_path: Path) -> None:
    file = kiosk(tmp_path, ADAPTER.replace("$order.shop", "$order.place").replace("$order.ready", "$order.redy"), TEST)
    answer = promises("check", "--adapter", file)
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.splitlines()[-3:] == [
        f"{file}: a pickup:",
        "  promises_stated: location: expected 'soho', got nothing (rule 'pickup', $order.place is nothing)",
        "  step_reached ready: expected it, got no such event (rule 'pickup', $order.redy is nothing)",
    ]
