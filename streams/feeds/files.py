"""Files of events: canonical NDJSON, or CSV and NDJSON through a mapping; gzip or not; `-` is standard input."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, TypeVar, cast

import msgspec

from schemas.events import Record
from schemas.reading import MAX_BYTES, Refused, read
from streams.feeds.mapping import EventMapping, MappingError


_Source = TypeVar("_Source")


class UnreadableInput(Exception):
    """A file that is not there or cannot be read to its end; the message says which, why and what to do."""


class Line(NamedTuple):
    """One event of a file, or why it is none."""

    file: str
    number: int
    record: Record | Refused


def lines(files: Iterable[str], mapping: EventMapping | None) -> Iterator[Line]:
    """All events of `files`, in their order. Raises UnreadableInput, and MappingError for columns that are missing."""
    for file in files:
        try:
            with _opened(file) as stream:
                yield from _lines(file, stream, mapping)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableInput(f"{file}: {error}; give a readable file, gzip or plain, or - for stdin") from error


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    raw = sys.stdin.buffer if file == "-" else open(file, "rb")  # noqa: SIM115 - closed below, unless it is stdin
    try:
        stream = io.BufferedReader(cast("io.RawIOBase", raw))
        is_gzip = stream.peek(2)[:2] == b"\x1f\x8b"
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=stream) if is_gzip else stream)
    finally:
        if file != "-":
            raw.close()


def _lines(file: str, stream: IO[bytes], mapping: EventMapping | None) -> Iterator[Line]:
    if mapping is None:
        return _ndjson(file, stream, read)
    is_csv = (mapping.format or ("csv" if ".csv" in file else "ndjson")) == "csv"
    if is_csv:
        return _csv(file, stream, mapping)
    return _ndjson(file, stream, lambda value: mapping.record(_object(value)))


def _ndjson(file: str, stream: IO[bytes], parse: Callable[[bytes], Record]) -> Iterator[Line]:
    for number, raw in enumerate(stream, 1):
        if value := raw.strip():
            yield Line(file, number, _or_refused(parse, value))


def _object(value: bytes) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None
    if not isinstance(row, dict):
        raise Refused("bad_value", "the line is no JSON object")
    return row


def _csv(file: str, stream: IO[bytes], mapping: EventMapping) -> Iterator[Line]:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    csv.field_size_limit(MAX_BYTES)
    rows = csv.DictReader(text)
    _check_columns(file, rows.fieldnames or [], mapping)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(file, rows.line_num, Refused("bad_value", f"not CSV: {error}"))
            continue
        yield Line(file, rows.line_num, _or_refused(mapping.record, row))


def _check_columns(file: str, columns: Sequence[str], mapping: EventMapping) -> None:
    missing = sorted(mapping.columns - set(columns))
    if missing:
        raise MappingError(
            f"{mapping.source}: {file} has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}"
        )


def _or_refused(parse: Callable[[_Source], Record], source: _Source) -> Record | Refused:
    try:
        return parse(source)
    except Refused as refused:
        return refused
