"""Files as they are in practice: compressed, truncated, quoted, in other encodings, with lines that are not events."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.events import Clock, PromisesMade, Record
from schemas.reading import MAX_BYTES, Refused
from streams.adapters.adapter import Adapter
from streams.adapters.adapter_file import AdapterError, parse_adapter
from streams.adapters.files import UnreadableInput, lines

ADAPTER = """
id = "id"
case = "order"
occurred_at = "at"
location = "shop"
rule = [{ name = "row", promises_made = { promises = [{ kind = "'ready'", due = "due" }] } }]
"""
STEPS = """
id = "id"
case = "case"
occurred_at = "occurred_at"
rule = [{ name = "step", when = { type = "step_reached" }, step_reached = { step = "step" } }]
"""
HEADER = b"id,order,at,shop,due\n"
STEP = b'{"type":"step_reached","id":"%d","case":"a-1","occurred_at":"2026-03-06T12:00:00Z","step":"ready"}\n'


def made(shop: bytes = b"soho", order: bytes = b"a-1") -> bytes:
    return b"1,%s,2026-03-06T12:00:00Z,%s,2026-03-06T12:10:00Z\n" % (order, shop)


def adapter(text: str) -> Adapter:
    return parse_adapter(text, "shop.toml", {})


def csv_lines(folder: Path, content: bytes, name: str = "log.csv") -> list[tuple[int, Record | Refused]]:
    return read(folder, content, name, adapter(ADAPTER))


def ndjson_lines(folder: Path, content: bytes, name: str = "log.ndjson") -> list[tuple[int, Record | Refused]]:
    return read(folder, content, name, None)


def read(folder: Path, content: bytes, name: str, reader: Adapter | None) -> list[tuple[int, Record | Refused]]:
    file = folder / name
    file.write_bytes(content)
    records = list(lines([str(file)], reader))
    assert {line.file for line in records} <= {str(file)}
    return [(line.number, line.record) for line in records]


def locations_or_reasons(numbered: list[tuple[int, Record | Refused]]) -> list[str | None]:
    """Return the location of each promise, or the reason of a refusal."""
    records = [record for _, record in numbered]
    assert not [record for record in records if isinstance(record, Clock)]
    return [r.reason if isinstance(r, Refused) else None if isinstance(r, Clock) else r.location for r in records]


def promises(records: list[tuple[int, Record | Refused]]) -> int:
    return sum(len(record.promises) for _, record in records if isinstance(record, PromisesMade))


def test_rows_are_read_in_order_with_the_line_they_stand_on(tmp_path: Path) -> None:
    records = csv_lines(tmp_path, HEADER + made(b"soho") + made(b"bow"))
    assert [number for number, _ in records] == [2, 3]
    assert locations_or_reasons(records) == ["soho", "bow"]
    assert promises(records) == 2


def test_a_quoted_cell_may_hold_commas_quotes_and_line_breaks_and_its_row_is_named_by_its_last_line(
    tmp_path: Path,
) -> None:
    records = csv_lines(tmp_path, HEADER + made(b'"the ""Crown"",\nsoho"') + made(b"bow"))
    assert [number for number, _ in records] == [3, 4]
    assert locations_or_reasons(records) == ['the "Crown",\nsoho', "bow"]


def test_windows_line_ends_and_empty_lines_change_nothing(tmp_path: Path) -> None:
    plain = csv_lines(tmp_path, HEADER + made() + made(b"bow"))
    windows = csv_lines(tmp_path, (HEADER + made() + made(b"bow")).replace(b"\n", b"\r\n"))
    assert windows == plain
    assert csv_lines(tmp_path, HEADER + b"\n\n" + made()) == [(4, plain[0][1])]


def test_a_csv_as_spreadsheets_save_it_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    assert locations_or_reasons(csv_lines(tmp_path, b"\xef\xbb\xbf" + HEADER + made())) == ["soho"]


def test_an_ndjson_file_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    assert ndjson_lines(tmp_path, b"\xef\xbb\xbf" + STEP % 1) == ndjson_lines(tmp_path, STEP % 1)


def test_a_cell_that_is_not_utf_8_refuses_only_its_row(tmp_path: Path) -> None:
    assert locations_or_reasons(csv_lines(tmp_path, HEADER + made(b"caf\xe9") + made(b"caf\xc3\xa9"))) == [
        "bad_value",
        "café",
    ]


def test_an_unused_cell_that_is_not_utf_8_refuses_nothing(tmp_path: Path) -> None:
    content = HEADER.replace(b"\n", b",note\n") + made().replace(b"\n", b",\xe9\n")
    assert locations_or_reasons(csv_lines(tmp_path, content)) == ["soho"]


def test_an_unquoted_comma_does_not_lose_a_promise_silently(tmp_path: Path) -> None:
    row = b"1,a-1,2026-03-06T12:00:00Z,The Crown, Soho,,2026-03-06T12:10:00Z\n"
    records = csv_lines(tmp_path, b"id,order,at,shop,staff,due\n" + row)
    assert locations_or_reasons(records) == ["bad_value"]


@pytest.mark.parametrize(
    "row", [b"1,a-1,2026-03-06T12:00:00Z,soho\n", b"1,a-1,2026-03-06T12:00:00Z"], ids=["one cell", "cut off"]
)
def test_a_row_with_too_few_cells_does_not_lose_a_promise_silently(tmp_path: Path, row: bytes) -> None:
    assert locations_or_reasons(csv_lines(tmp_path, HEADER + row)) == ["bad_value"]


def test_an_unclosed_quote_does_not_lose_the_rest_silently(tmp_path: Path) -> None:
    records = csv_lines(tmp_path, HEADER + made(b'"soho') + made(b"bow"))
    assert set(locations_or_reasons(records)) == {"bad_value"}


def test_a_huge_cell_refuses_only_its_row_and_the_row_is_named(tmp_path: Path) -> None:
    records = csv_lines(tmp_path, HEADER + made() + made(b"x" * (MAX_BYTES + 1)) + made(b"bow"))
    assert locations_or_reasons(records) == ["soho", "bad_value", "bow"]
    assert [number for number, _ in records] == [2, 3, 4]


def test_an_error_for_a_missing_column_names_the_file_and_all_columns(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as raised:
        csv_lines(tmp_path, b"id;order;at;shop;due\n")
    message = str(raised.value)
    assert message.startswith("shop.toml: ")
    assert "log.csv has no column at, due, id, order, shop; it has id;order;at;shop;due" in message


def test_an_empty_csv_has_no_columns_and_one_with_columns_alone_has_no_events(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="it has none"):
        csv_lines(tmp_path, b"")
    assert csv_lines(tmp_path, HEADER) == []


def test_ndjson_lines_keep_their_numbers_over_empty_lines_and_windows_line_ends(tmp_path: Path) -> None:
    content = b"\r\n" + (STEP % 1).replace(b"\n", b"\r\n") + b"   \n" + (STEP % 2)[:-1]
    assert [number for number, _ in ndjson_lines(tmp_path, content)] == [2, 4]
    assert [number for number, _ in ndjson_lines(tmp_path, b"\n\n")] == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"ready\n", "not_json"),
        (b'{"type":"step_reached","id":\n', "not_json"),
        (b'{"type":"caf\xe9"}\n', "not_json"),
        (b'{"note":' + b"[" * 100_000 + b"\n", "not_json"),
        (b"[]\n", "bad_value"),
        (b"{}\n", "unknown_type"),
    ],
    ids=["words", "cut off", "not utf-8", "too deep", "a list", "nothing"],
)
@pytest.mark.parametrize("is_adapted", [False, True], ids=["canonical", "adapted"])
def test_a_line_that_is_not_an_event_is_refused_alone(
    tmp_path: Path, line: bytes, reason: str, *, is_adapted: bool
) -> None:
    reader = adapter(STEPS) if is_adapted else None
    records = read(tmp_path, STEP % 1 + line + STEP % 2, "log.ndjson", reader)
    assert [number for number, _ in records] == [1, 2, 3]
    expected = "unknown_shape" if is_adapted and reason != "not_json" else reason
    assert [record.reason for _, record in records if isinstance(record, Refused)] == [expected]


def test_a_huge_line_is_refused_but_an_adapter_may_read_it(tmp_path: Path) -> None:
    huge = (STEP % 2).replace(b"}", b',"note":"' + b"x" * MAX_BYTES + b'"}')
    (_, first), (_, refused), (_, last) = ndjson_lines(tmp_path, STEP % 1 + huge + STEP % 3)
    assert isinstance(refused, Refused)
    assert refused.reason == "too_large"
    assert not isinstance(first, Refused)
    assert not isinstance(last, Refused)
    ((_, adapted),) = read(tmp_path, huge, "log.ndjson", adapter(STEPS))
    assert not isinstance(adapted, Refused)


def test_gzip_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    plain = ndjson_lines(tmp_path, STEP % 1 + STEP % 2)
    parts = gzip.compress(STEP % 1) + gzip.compress(STEP % 2)
    assert ndjson_lines(tmp_path, parts, "log") == plain
    assert ndjson_lines(tmp_path, STEP % 1 + STEP % 2, "log.gz") == plain
    assert locations_or_reasons(csv_lines(tmp_path, gzip.compress(HEADER + made()), "log.csv.gz")) == ["soho"]


@pytest.mark.parametrize(
    "damage",
    [lambda packed: packed[:-9], lambda packed: packed[:-8] + b"12345678", lambda packed: packed + b"more"],
    ids=["cut off", "wrong sum", "with a tail"],
)
@pytest.mark.parametrize("is_csv", [False, True], ids=["ndjson", "csv"])
def test_a_damaged_gzip_is_an_error_that_names_the_file_and_the_remedy(
    tmp_path: Path, damage: Callable[[bytes], bytes], *, is_csv: bool
) -> None:
    content = damage(gzip.compress(HEADER + made() if is_csv else STEP % 1))
    with pytest.raises(UnreadableInput, match=r"log\.gz: .*; give a readable file, gzip or plain, or - for stdin"):
        read(tmp_path, content, "log.gz", adapter('format = "csv"\n' + ADAPTER) if is_csv else None)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"nowhere\.ndjson"):
        list(lines([str(tmp_path / "nowhere.ndjson")], None))


def test_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    for number in (2, 1):
        (tmp_path / f"{number}.ndjson").write_bytes(STEP % number)
    files = [str(tmp_path / f"{number}.ndjson") for number in (2, 1)]
    assert [(line.file, line.number) for line in lines(files, None)] == [(file, 1) for file in files]


@pytest.mark.parametrize("name", ["log.csv", "LOG.CSV", "log.csv.gz", "2026.csv.1"])
def test_an_adapted_file_whose_name_says_csv_is_csv(tmp_path: Path, name: str) -> None:
    assert locations_or_reasons(csv_lines(tmp_path, HEADER + made(), name)) == ["soho"]


def test_a_folder_whose_name_says_csv_does_not_make_its_files_csv(tmp_path: Path) -> None:
    folder = tmp_path / "from.csv.exports"
    folder.mkdir()
    records = read(folder, STEP % 1, "log.ndjson", adapter(STEPS))
    assert [isinstance(record, Refused) for _, record in records] == [False]


def test_the_format_of_the_adapter_overrides_the_name_of_the_file(tmp_path: Path) -> None:
    reader = adapter('format = "csv"\n' + ADAPTER)
    assert locations_or_reasons(read(tmp_path, HEADER + made(), "log.txt", reader)) == ["soho"]
    reader = adapter('format = "ndjson"\n' + STEPS)
    assert [number for number, _ in read(tmp_path, STEP % 1, "log.csv", reader)] == [1]


ORDERS = """
case = "order"
occurred_at = "at"

[[rule]]
name = "test"
when = "test"
ignore = "a test of the till"

[[rule]]
name = "changed"
when = { type = "changed" }
thin = { kind = "'order'", ref = "order" }

[[rule]]
name = "lines"
each = "lines"
case = "$record.order"
subject = "sku"
steps = { ready = "ready_at", picked_up = "picked_up_at" }
"""


def test_a_line_may_give_several_events_or_be_ignored_or_be_thin(tmp_path: Path) -> None:
    content = b"""{"order": "a-1", "lines": [{"sku": "1", "ready_at": "2026-03-06T12:00:00Z"}, {"sku": "2"},
        {"sku": "3", "ready_at": "2026-03-06T12:00:00Z", "picked_up_at": "2026-03-06T12:04:00Z"}]}
        {"order": "a-2", "test": true}
        {"order": "a-3", "type": "changed"}"""
    records = read(tmp_path, content.replace(b",\n", b","), "log.ndjson", adapter(ORDERS))
    assert [number for number, _ in records] == [1, 1, 1, 3]
    *_, (_, thin) = records
    assert isinstance(thin, Refused)
    assert "says only that order a-3 changed: give the record that was fetched" in thin.detail
