"""Tests of errors on the command line: one line with the problem and its remedy, and the right exit code."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from streams.adapters.vendors import names
from tests.cli.command import LOG_ADAPTER, promises
from tests.cli.event_files import write_events
from tests.histories import ndjson, order

USAGE, UNREADABLE = 2, 3
ORDER = order("s1").promised("ready", due="12:10", time="12:00")
DAY = ndjson(ORDER)
PACKED = gzip.compress(DAY * 100, mtime=0)


def error_line(code: int, *arguments: str | Path, stdin: bytes = DAY) -> str:
    """Return the one line of a command that fails with `code` and leaves stdout empty."""
    answer = promises(*arguments, stdin=stdin)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert "Traceback" not in answer.err
    (line,) = answer.err.splitlines()
    assert line.startswith("promises: ")
    return line


@pytest.mark.parametrize("command", [["judge"], ["explain"]])
def test_a_file_that_is_not_there_is_named(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "yesterday.ndjson"
    case = ["s1"] if command == ["explain"] else []
    assert str(file) in error_line(UNREADABLE, *command, file, *case, "--json")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    line = error_line(UNREADABLE, "judge", tmp_path)
    assert str(tmp_path) in line
    assert "give a readable file" in line


@pytest.mark.parametrize(
    "broken",
    [PACKED[:-9], PACKED[:-8] + b"\0" * 8, PACKED[:12] + b"\xff" * 40, PACKED + b"and more"],
    ids=["cut off", "wrong sum", "not deflated", "with a tail"],
)
def test_a_damaged_gzip_file_is_an_error_and_never_judged_in_part(broken: bytes, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(broken)
    line = error_line(UNREADABLE, "judge", file, "--json")
    assert str(file) in line
    assert "give a readable file" in line


def test_one_unreadable_file_of_several_ends_the_command(tmp_path: Path) -> None:
    good = write_events(tmp_path / "good.ndjson", ORDER)
    assert "missing.ndjson" in error_line(UNREADABLE, "judge", good, tmp_path / "missing.ndjson", "--json")


def test_a_csv_without_a_column_of_the_adapter_names_the_column_and_those_it_has(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("event_id,event_time,arrival_time,event_type,promise_id,shop,staff,promised_at\n", "utf-8")
    line = error_line(USAGE, "judge", log, "--adapter", LOG_ADAPTER)
    assert f"{log} has no column location;" in line
    assert "shop" in line
    assert str(LOG_ADAPTER) in line


def test_an_unknown_grouping_is_refused_with_the_known_ones() -> None:
    line = error_line(USAGE, "judge", "-", "--by", "location,shop")
    assert "write some of location, staff, kind" in line


def test_an_unknown_basis_is_refused_with_the_known_ones() -> None:
    result = promises("judge", "-", "--basis", "both", stdin=DAY)
    assert (result.code, result.out) == (USAGE, "")
    assert all(word in result.err for word in ("--basis", "both", "original", "current"))


@pytest.mark.parametrize(
    ("instant", "remedy"),
    [
        ("yesterday", "write it like 2026-03-01T12:40:00Z"),
        ("2026-03-06T12:40:00", "has no time zone: write it like"),
        ("1970-01-01T00:00:00Z", "outside the years 2000 to 2099"),
    ],
)
def test_an_invalid_instant_is_refused_with_an_example(instant: str, remedy: str) -> None:
    line = error_line(USAGE, "judge", "-", "--as-of", instant)
    assert f"--as-of {instant}" in line
    assert remedy in line


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("[[policy]\n", "not TOML"),
        ("", "write at least one [[policy]] table"),
        ('[[policy]]\nkind = "ready"\ngrace = "5 minutes"\n', "grace = '5 minutes': write a length of time"),
        ('[[policy]]\nkind = "ready"\ngraze = "5m"\n', "unknown key 'graze'"),
    ],
    ids=["no toml", "nothing", "bad value", "bad key"],
)
@pytest.mark.parametrize("command", [["judge", "-"], ["check"]])
def test_invalid_policies_are_refused_with_file_key_and_remedy(
    command: list[str], content: str, remedy: str, tmp_path: Path
) -> None:
    file = tmp_path / "policies.toml"
    file.write_text(content, "utf-8")
    line = error_line(USAGE, *command, "--policies", file)
    assert str(file) in line
    assert remedy in line


@pytest.mark.parametrize("option", ["--policies", "--adapter"])
def test_a_missing_settings_file_is_a_usage_error(option: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    assert f"{file}: cannot be read" in error_line(USAGE, "judge", "-", option, file)


@pytest.mark.parametrize("command", [["worker"], ["topics"], ["replay", "-"], ["explain", "s1"]], ids=" ".join)
def test_a_kafka_config_without_a_password_is_a_usage_error(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "kafka.toml"
    file.write_text('[sasl]\nmechanism = "SCRAM-SHA-512"\nusername = "kim"\n', "utf-8")
    line = error_line(USAGE, *command, "--bootstrap", "127.0.0.1:9", "--kafka-config", file)
    assert f"{file}: there is no password for kim" in line
    assert "PROMISES_KAFKA_PASSWORD" in line


@pytest.mark.parametrize("command", [["worker"], ["topics"], ["replay", "-"], ["explain", "s1"]], ids=" ".join)
def test_an_invalid_bootstrap_address_is_a_usage_error(command: list[str]) -> None:
    assert "'kafka': write HOST:PORT" in error_line(USAGE, *command, "--bootstrap", "kafka")


def test_an_adapter_that_is_not_utf_8_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(b"id = 'num\xe9ro'\n")
    assert f"{file}: cannot be read" in error_line(USAGE, "check", "--adapter", file)


@pytest.mark.parametrize(
    "arguments", [["judge"], ["judge", "-", "--bye", "location"], ["decide"], ["explain"]], ids=" ".join
)
def test_unknown_commands_and_options_are_usage_errors(arguments: list[str]) -> None:
    answer = promises(*arguments)
    assert (answer.code, answer.out) == (USAGE, "")
    assert "Usage:" in answer.err
    assert "Traceback" not in answer.err


def test_explain_without_a_file_and_without_kafka_is_a_usage_error() -> None:
    assert "give a FILE and a CASE, or --bootstrap HOST:PORT and a CASE" in error_line(USAGE, "explain", "s1")


def test_a_case_that_is_not_in_the_file_is_an_error_with_the_instant(tmp_path: Path) -> None:
    file = write_events(tmp_path / "events.ndjson", ORDER)
    line = error_line(UNREADABLE, "explain", file, "s2")
    assert f"{file} has no promise of case 's2' by 2026-03-06T12:00:00.000Z" in line


def test_a_kafka_in_the_environment_does_not_forbid_to_explain_from_a_file(tmp_path: Path) -> None:
    file = write_events(tmp_path / "events.ndjson", ORDER)
    answer = promises("explain", file, "s1", environment={"PROMISES_BOOTSTRAP": "127.0.0.1:9"})
    assert (answer.code, answer.err) == (0, "")


def test_a_row_with_a_list_where_the_adapter_looks_for_a_word_is_a_reject_and_no_crash() -> None:
    row = b'{"event_id":"1","promise_id":"s1","event_type":["delivered"]}\n'
    answer = promises("judge", "-", "--adapter", LOG_ADAPTER, "--json", stdin=row)
    assert (answer.code, answer.err) == (0, "")
    assert [reject["reason"] for reject in answer.document["rejects"]] == ["unknown_shape"]


def test_an_unknown_adapter_is_refused_with_the_known_ones() -> None:
    line = error_line(USAGE, "judge", "-", "--adapter", "sqare")
    assert f"there is no adapter 'sqare'; there are {', '.join(names())}, or name a .toml file" in line
