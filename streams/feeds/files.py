"""Files of events: canonical NDJSON, or CSV and NDJSON through a mapping; gzip or not; `-` is standard input."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, Any, NamedTuple, TypeVar, cast

import msgspec

from schemas.events import Record
from schemas.reading import MAX_BYTES, Refused, read
from streams.feeds.mapping import EventMapping, Format, MappingError

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
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise UnreadableInput(f"{file}: {why}; give a readable file, gzip or plain, or - for stdin") from error


@contextmanager
def _opened(file: str) -> Iterator[io.BufferedReader]:
    raw = sys.stdin.buffer if file == "-" else open(file, "rb")  # noqa: SIM115 - closed below, unless it is stdin
    try:
        stream = _buffered(raw)
        is_gzip = stream.peek(2)[:2] == b"\x1f\x8b"
        yield _buffered(gzip.GzipFile(fileobj=stream)) if is_gzip else stream
    finally:
        if file != "-":
            raw.close()


def _buffered(raw: IO[bytes] | gzip.GzipFile) -> io.BufferedReader:
    """A reader that can be looked into without reading."""
    return io.BufferedReader(cast("io.RawIOBase", raw))


def _lines(file: str, stream: io.BufferedReader, mapping: EventMapping | None) -> Iterator[Line]:
    if mapping is None:
        return _ndjson(file, stream, read)
    if (mapping.format or _format(file, stream)) == "csv":
        return _csv(file, stream, mapping)
    return _ndjson(file, stream, lambda value: mapping.record(_object(value)))


def _format(file: str, stream: io.BufferedReader) -> Format:
    """What the name of a file says; of standard input, what its first byte says."""
    if file == "-":
        return "ndjson" if stream.peek(1)[:1] in (b"{", b"") else "csv"
    return "csv" if ".csv" in PurePath(file).name.lower() else "ndjson"


def _ndjson(file: str, stream: IO[bytes], parse: Callable[[bytes], Record]) -> Iterator[Line]:
    for number, raw in enumerate(stream, 1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if value := line.strip():
            yield Line(file, number, _or_refused(parse, value))


def _object(value: bytes) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refused("not_json", str(error)) from None
    if not isinstance(row, dict):
        raise Refused("bad_value", "the line is no JSON object")
    return row


def _csv(file: str, stream: io.BufferedReader, mapping: EventMapping) -> Iterator[Line]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(MAX_BYTES)
    try:
        # strict: a quote that is never closed would take the rest of the file into its cell, unsaid.
        rows = csv.DictReader(text, strict=True)
        _check_columns(file, rows.fieldnames or [], mapping)
        yield from _rows(file, rows, mapping)
    finally:
        text.detach()


def _rows(file: str, rows: csv.DictReader[str], mapping: EventMapping) -> Iterator[Line]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(file, rows.reader.line_num, Refused("bad_value", f"not CSV: {error}"))
        else:
            yield Line(file, rows.line_num, _or_refused(lambda row: mapping.record(_whole(row)), row))


def _whole(row: dict[str, str]) -> dict[str, str]:
    """`row`, if every column has a cell and no cell is left over: else cells may have shifted."""
    if None in row or None in row.values():
        raise Refused("bad_value", "the row has more or fewer cells than there are columns")
    return row


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
