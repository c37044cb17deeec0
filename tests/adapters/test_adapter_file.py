"""An adapter file that cannot be used is an error with file, rule, field and remedy, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.adapters.adapter_file import parse_adapter
from streams.adapters.functions import functions
from streams.adapters.vendors import AdapterError, TablesError, load, load_tests, names

RULE = '[[rule]]\nname = "ready"\ncase = "id"\n'
READY = RULE + 'steps = { ready = "at" }\n'


def error_of(text: str) -> str:
    with pytest.raises(AdapterError) as raised:
        parse_adapter(text, "kiosk.toml", functions({}, {}))
    message = str(raised.value)
    assert message.startswith("kiosk.toml: ")
    return message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]\n", "not TOML"),
        ("", "write at least one [[rule]], or canonical = true and none"),
        ("canonical = true\n" + READY, "write at least one [[rule]], or canonical = true and none"),
        ("locaton = 'shop'\n" + READY, "unknown key 'locaton'; known are about, canonical, case, channel"),
        ("about = 7\n" + READY, 'write about = "one sentence"'),
        ('format = "xlsx"\n' + READY, "format = 'xlsx': write 'csv' or 'ndjson', or leave it out"),
        ("rule = [7]\n", "rule 1: write it as a [[rule]] table"),
        ('[[rule]]\ncase = "id"\n', "rule 1: give it a name that says what it reads"),
        (RULE, "rule 1 (ready): says nothing; write steps, ignore, thin, or a table of cancelled"),
        (READY + 'ignore = "a test"\n', "ignore and events exclude each other"),
        (RULE + "ignore = ''\n", 'say why, such as ignore = "a test of the webhook"'),
        (RULE + "steps = {}\n", 'steps: write a table, such as ready = "ready_at"'),
        (RULE + 'thin = { ref = "id" }\n', "thin: write { kind = \"'order'\""),
        (RULE + 'eaten = { by = "who" }\n', "unknown key 'eaten'"),
        (RULE + "cancelled = 7\n", "cancelled: write it as a table, [rule.cancelled]"),
        (RULE + 'cancelled = { who = "by" }\n', "cancelled.who: cancelled has no such field; it has by, case"),
        (RULE + 'cancelled = { by = "who" }\n', "cancelled: occurred_at is missing, here and among the keys above"),
        (RULE + 'cancelled = { occurred_at = "at" }\n', "cancelled: by is missing"),
        (RULE + "steps = { ready = 2026-03-06 }\n", "steps.ready.occurred_at = 2026-03-06: a date is not an instant"),
        (RULE + 'steps = { ready = "" }\n', "steps.ready.occurred_at = '': write an expression, such as \"order.id\""),
        (READY + "channel = { from = 7 }\n", 'channel: write { from = "EXPRESSION", values = { theirs = "ours" }'),
        (READY + 'channel = { from = "a", valus = {} }\n', "channel: write { from ="),
        (READY + "when = 7\n", 'when: write an expression, or a table such as when = { type = "order.created" }'),
        (READY + "when = { type = [] }\n", "when: type: write a text, a number, true or false, or a list of them"),
        (READY + 'each = "order.("\n', "rule 1 (ready): each: 'order.(' is not JSONata: Expected )"),
        (READY + "each = 7\n", "each = 7: write an expression"),
        (READY + "let = 7\n", "let: write a table, NAME = EXPRESSION"),
        (READY + 'let = { record = "id" }\n', "let: 'record' is not a name, or is taken"),
        (READY + 'let = { local = "id" }\n', "let: 'local' is not a name, or is taken"),
        (READY + 'let = { a-b = "id" }\n', "let: 'a-b' is not a name, or is taken"),
        (READY + 'location = "$shop"\n', "location: '$shop': nothing is called $shop; there are $after, $clock"),
        (READY + 'let = { a = "$b", b = "id" }\n', "let a: '$b': nothing is called $b"),
        (READY + 'location = "$now()"\n', "location: '$now()': $now is different each time; write $received"),
        (READY + 'location = "$string($random())"\n', "$random is different each time"),
    ],
)
def test_an_adapter_that_cannot_be_used_names_rule_field_and_remedy(text: str, message: str) -> None:
    assert message in error_of(text)


@pytest.mark.parametrize(
    "expression",
    [
        "($sku := sku; $sku)",
        "$map(lines, function($line, $at) { $line.sku & $at })",
        "lines@$line.sku[$ = $line.sku]",
        "'$nothing'",
        "`$odd column`",
        "/* $nothing */ sku",
        "$string(sku)",
    ],
)
def test_names_that_an_expression_makes_itself_need_not_be_known(expression: str) -> None:
    parse_adapter(READY + f'location = "{expression}"\n', "kiosk.toml", {})


def test_an_adapter_is_found_by_its_name_or_by_its_file(tmp_path: Path) -> None:
    assert {"generic", "square"} <= set(names())
    assert load("generic").canonical
    with pytest.raises(
        AdapterError, match=r"there is no adapter 'sqare'; there are .*generic, .*, or name a \.toml file"
    ):
        load("sqare")
    with pytest.raises(AdapterError, match="cannot be read: No such file or directory; give a readable TOML file"):
        load(str(tmp_path / "kiosk.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[dining", "not TOML"),
        ("dining = 7", "dining: write it as a table, [dining], with key = value below"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_reference_tables_that_cannot_be_used_are_an_error(text: str | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "tables.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(TablesError) as raised:
        load("square", str(file))
    assert str(raised.value).startswith(str(file))
    assert message in str(raised.value)


TEST = "[[test]]\nname = \"ready\"\npayload = '{}'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[test]", "not TOML"),
        ("", "write [[test]] tables; besides them only [tables.NAME] and [zones]"),
        ("[[tests]]\n", "unknown key 'tests'"),
        ("test = [7]\n", "test 1: write it as a [[test]] table"),
        ("[[test]]\npayload = '{}'\nthin = []\n", "give it a name that says what happens"),
        (TEST, "test 1 (ready): say what it becomes: [[test.event]] tables, thin, ignored or refused"),
        (TEST.replace("{}", "{") + "thin = []\n", "test 1 (ready): payload: Input data was truncated"),
        ('[[test]]\nname = "ready"\nthin = []\n', "write the payload as a text"),
        (TEST + 'event = [{ type = "eaten" }]\n', "event: give each its type, one of cancelled"),
        (TEST + 'event = [{ type = "cancelled", who = "us" }]\n', "cancelled: unknown key 'who'"),
        (TEST + 'event = [{ type = "cancelled", by = "us" }]\n', "cancelled: Object missing required field"),
        (TEST + "thin = []\nreceived_at = 7\n", "received_at: write a time with its zone"),
    ],
)
def test_tests_that_cannot_be_run_are_an_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "kiosk.tests.toml").write_text(text, "utf-8")
    with pytest.raises(AdapterError) as raised:
        load_tests(str(tmp_path / "kiosk.toml"))
    assert str(raised.value).startswith(str(tmp_path / "kiosk.tests.toml"))
    assert message in str(raised.value)
