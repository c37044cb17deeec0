"""Records of vendors become events by rules: fan-out, names, headers, tables, what is ignored and what is thin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import PromisesStated, Record, StepReached
from schemas.reading import Refused
from streams.adapters.adapter_file import parse_adapter
from streams.adapters.feed_records import AdaptedRecord, OpenedRecord, ThinNotification
from streams.adapters.functions import functions

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
TABLES = {"dining": {"g-1": "TAKE_OUT"}}
ZONES = {"soho": "Europe/London"}


def adapt(text: str, body: Any, feed: str = "", **attributes: Any) -> AdaptedRecord:
    adapter = parse_adapter(text, "kiosk.toml", functions(TABLES, ZONES))
    return adapter.adapt(OpenedRecord(body, **attributes), feed)


def steps(adapted: AdaptedRecord) -> list[tuple[str, str, str]]:
    return [(event.case, event.subject, event.step) for event in adapted.events if isinstance(event, StepReached)]


def refused(text: str, body: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        adapt(text, body)
    return raised.value


LINES = """
[[rule]]
name = "lines"
each = "order.lines"
case = "$record.order.id"
subject = "sku"
steps = { ready = "ready_at" }
"""


def test_each_item_of_a_list_gives_events_and_can_read_the_whole_record() -> None:
    lines: list[dict[str, int]] = [{"sku": 1, "ready_at": 1772798400}, {"sku": 2}, {"sku": 3, "ready_at": 1772798460}]
    body: dict[str, Any] = {"order": {"id": "o-1", "lines": lines}}
    assert steps(adapt(LINES, body)) == [("o-1", "1", "ready"), ("o-1", "3", "ready")]
    body["order"]["lines"] = lines[0]
    assert steps(adapt(LINES, body)) == [("o-1", "1", "ready")]


def test_a_map_of_lists_is_a_list_of_its_entries() -> None:
    text = """
        [[rule]]
        name = "orders"
        each = "$entries(merchants)[$substring(value.objectId, 0, 2) = 'O:']"
        thin = { kind = "'order'", ref = "key & '/' & $substringAfter(value.objectId, 'O:')" }
    """
    entries = [{"objectId": "O:1", "ts": 1}, {"objectId": "P:9", "ts": 2}, {"objectId": "O:1", "ts": 3}]
    adapted = adapt(text, {"merchants": {"m-1": entries, "m-2": [{"objectId": "O:1", "ts": 4}]}})
    assert adapted == AdaptedRecord(
        (), ("orders",), "", (ThinNotification("order", "m-1/1"), ThinNotification("order", "m-2/1"))
    )


def test_headers_key_topic_and_the_time_of_receipt_can_be_read() -> None:
    text = """
        [let]
        event = "$header('X-Kiosk-Event')"

        [[rule]]
        name = "ready"
        when = { "$event" = "order.ready", "$topic" = "feeds.kiosk" }
        case = "$key"
        location = "$header('x-kiosk-shop')"
        steps = { ready = "$received" }
    """
    attributes: dict[str, Any] = {"topic": "feeds.kiosk", "key": "o-1", "received_at": 1772798400000}
    headers = {"x-kiosk-event": "order.ready", "x-kiosk-shop": "soho"}
    (event,) = adapt(text, {}, "kiosk", headers=headers, **attributes).events
    assert event == StepReached(
        id="step_reached/ready/1772798400000",
        case="o-1",
        occurred_at=NOON,
        received_at=NOON,
        location="soho",
        source="kiosk",
        step="ready",
    )


def test_a_name_is_evaluated_in_its_own_scope_and_may_use_names_above_it() -> None:
    text = """
        [let]
        order = "body.order"
        prefix = "'kiosk:' & $order.id"

        [[rule]]
        name = "lines"
        each = "$order.lines"
        case = "$prefix & ':' & $sku"
        let = { sku = "sku", at = "$plus($order.at, minutes)" }
        steps = { ready = "$at" }
    """
    body = {"body": {"order": {"id": 7, "at": "2026-03-06T12:00:00Z", "lines": [{"sku": "a", "minutes": 5}]}}}
    adapted = adapt(text, body)
    assert steps(adapted) == [("kiosk:7:a", "", "ready")]
    assert [str(event.occurred_at) for event in adapted.events if isinstance(event, StepReached)] == [
        "2026-03-06 12:05:00+00:00"
    ]


def test_lookups_in_reference_tables_and_zones_give_nothing_for_unknown_keys() -> None:
    text = """
        case = "id"
        occurred_at = "$local(at, $zone(shop))"

        [[rule]]
        name = "take out"
        when = "$table('dining', option) = 'TAKE_OUT' and $not($exists($table('nothing', option)))"
        step_reached = { step = "'placed'" }
    """
    body = {"id": "o-1", "shop": "soho", "at": "2026-07-06 13:00:00", "option": "g-1"}
    (event,) = adapt(text, body).events
    assert isinstance(event, StepReached)
    assert event.occurred_at == datetime(2026, 7, 6, 12, tzinfo=UTC)
    refusal = refused(text, body | {"shop": "atlantis"})
    assert (refusal.reason, "None is not a time zone" in refusal.detail) == ("bad_time", True)
    assert refused(text, body | {"option": "g-2"}).reason == "unknown_shape"


RULES = """
case = "id"

[[rule]]
name = "test"
when = "test"
ignore = "a test"

[[rule]]
name = "ready"
steps = { ready = "ready_at" }

[[rule]]
name = "changed"
when = { changed = true }
thin = { kind = "'order'", ref = "id" }

[[rule]]
name = "gone"
steps = { picked_up = "gone_at" }

[[rule]]
name = "anything"
when = { kind = ["ping", 7] }
ignore = "nothing of interest"
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ready_at": 1772798400, "test": True}, ([], (), "test")),
        ({"ready_at": 1772798400, "gone_at": 1772798400}, ([("1", "", "ready"), ("1", "", "picked_up")], (), "")),
        ({"ready_at": 1772798400, "changed": True}, ([("1", "", "ready")], (ThinNotification("order", "1"),), "")),
        ({"changed": True}, ([], (ThinNotification("order", "1"),), "")),
        ({"ready_at": 1772798400, "kind": "ping"}, ([("1", "", "ready")], (), "")),
        ({"kind": 7}, ([], (), "anything")),
    ],
    ids=["ignored first", "two rules", "both", "thin alone", "ignored after", "ignored at last"],
)
def test_all_matching_rules_give_events_until_one_ignores(body: dict[str, Any], expected: tuple[Any, Any, str]) -> None:
    adapted = adapt(RULES, {"id": 1} | body)
    assert (steps(adapted), adapted.thin, adapted.ignored) == expected


def test_a_record_without_any_event_that_has_happened_is_refused() -> None:
    refusal = refused(RULES, {"id": 1, "kind": True})
    assert refusal.reason == "unknown_shape"
    assert "rule 'ready', 'gone' fits, but none of its events has a time" in refusal.detail


def test_an_expression_that_fails_is_refused_with_rule_and_field() -> None:
    text = '[[rule]]\nname = "ready"\ncase = "$number(id)"\nsteps = { ready = "at" }\n'
    refusal = refused(text, {"id": "x", "at": 1772798400})
    assert refusal.reason == "bad_value"
    assert refusal.detail.startswith("rule 'ready': case: $number(id): ")


def test_a_thin_record_without_a_reference_is_refused() -> None:
    text = '[[rule]]\nname = "changed"\nthin = { kind = "\'order\'", ref = "id" }\n'
    assert refused(text, {}).detail == "rule 'changed': thin: kind is 'order', ref is nothing"


PROMISED = """
case = "'kiosk:' & id"
occurred_at = "changed"
[[rule]]
name = "order"
promises_stated = { promises = [{ kind = "'ready'", due = "due", opens = "opens" }] }
"""


def ids(**fields: Any) -> list[str]:
    body = {"id": "o-1", "changed": "2026-03-06T12:00:00Z"} | fields
    return [event.id for event in adapt(PROMISED, body).events if isinstance(event, PromisesStated)]


def test_equal_facts_have_equal_ids_in_any_notation_of_time_and_different_facts_differ() -> None:
    first = ids(due="2026-03-06T12:40:00Z")
    assert first == ["promises_stated/1772798400000/ready.1@1772800800000"]
    assert ids(due="2026-03-06T13:40:00.000+0100", changed=1772798400, shop="soho") == first
    assert ids(due="2026-03-06T12:41:00Z") != first
    assert ids(due="2026-03-06T12:40:00Z", opens="2026-03-06T12:30:00Z") != first
    assert ids(due="2026-03-06T12:40:00Z", changed="2026-03-06T12:00:01Z") != first


@given(st.text(max_size=256))
def test_an_id_is_never_longer_than_an_id_may_be(sku: str) -> None:
    line = {"sku": sku, "ready_at": 1772798400}
    (event,) = adapt(LINES, {"order": {"id": "o-1", "lines": [line]}}).events
    assert isinstance(event, StepReached)
    assert event.subject == sku
    assert 0 < len(event.id) <= 256


def test_equal_events_of_a_record_count_once_and_contradictions_are_refused() -> None:
    body: dict[str, Any] = {"order": {"id": "o-1", "lines": [{"ready_at": 1772798400}, {"ready_at": 1772798400}]}}
    assert len(adapt(LINES, body).events) == 1
    text = LINES.replace('subject = "sku"', 'location = "shop"')
    body["order"]["lines"][1]["shop"] = "soho"
    refusal = refused(text, body)
    assert "two different events of one record have the id 'step_reached/ready/1772798400000'" in refusal.detail


def test_a_canonical_event_keeps_its_source_or_gets_the_feed_as_source() -> None:
    step = {"type": "step_reached", "id": "1", "case": "o-1", "occurred_at": "2026-03-06T12:00:00Z", "step": "ready"}

    def passed(body: dict[str, Any]) -> Record:
        (event,) = adapt("canonical = true", body, "kiosk").events
        return event

    expected = StepReached(id="1", case="o-1", occurred_at=NOON, step="ready", source="kiosk")
    assert passed(step) == expected
    assert passed(step | {"source": "till"}) == StepReached(
        id="1", case="o-1", occurred_at=NOON, step="ready", source="till"
    )
    assert refused("canonical = true", [step]).reason == "bad_value"
    assert refused("canonical = true", step | {"occurred_at": "noon"}).reason == "bad_time"
    assert refused("canonical = true", step | {"case": ""}).reason == "no_case"


def test_an_id_with_a_missing_part_is_missing() -> None:
    text = """
        case = "'kiosk:' & id"
        [[rule]]
        name = "ready"
        steps = { ready = "at" }
    """
    assert refused(text, {"at": 1772798400}).reason == "no_case"
    assert refused(text, {"id": "", "at": 1772798400}).reason == "no_case"
    assert steps(adapt(text, {"id": 0, "at": 1772798400})) == [("kiosk:0", "", "ready")]
