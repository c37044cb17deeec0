"""Files of events: canonical NDJSON, or CSV and NDJSON through an adapter; gzip or not; `-` is standard input."""

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

from schemas.events import Record
from schemas.reading import MAX_BYTES, Refused, read_event
from streams.adapters.adapter import Adapter, Format
from streams.adapters.adapter_file import AdapterError
from streams.adapters.decoding import decode
from streams.adapters.feed_records import OpenedRecord

_Input = TypeVar("_Input")


class UnreadableInput(Exception):
    """A file that does not exist or cannot be read to its end. The message says which, why and what to do."""


class Line(NamedTuple):
    """One event of a file, or why the line is refused."""

    file: str
    number: int
    record: Record | Refused


def lines(files: Iterable[str], adapter: Adapter | None) -> Iterator[Line]:
    """Yield all events of `files`, in order. Raises UnreadableInput, and AdapterError for columns that are missing."""
    for file in files:
        try:
            with _opened(file) as stream:
                yield from _lines(file, stream, adapter)
        except (OSError, EOFError, zlib.error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise UnreadableInput(f"{file}: {reason}; give a readable file, gzip or plain, or - for stdin") from error


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
    """Return a reader whose next bytes can be peeked at."""
    return io.BufferedReader(cast("io.RawIOBase", raw))


def _lines(file: str, stream: io.BufferedReader, adapter: Adapter | None) -> Iterator[Line]:
    if adapter is None or adapter.canonical:
        return _ndjson(file, stream, lambda value: (read_event(value),))
    if (adapter.format or _format(file, stream)) == "csv":
        return _csv(file, stream, adapter)
    return _ndjson(file, stream, lambda value: _adapted(adapter, decode(value)))


def _adapted(adapter: Adapter, body: Any) -> Sequence[Record]:
    """Return the events of a row or a line; none if a rule ignores it. Raises Refused."""
    adapted = adapter.adapt(OpenedRecord(body))
    if adapted.thin and not adapted.events:
        kind, ref = adapted.thin[0]
        raise Refused("unknown_shape", f"says only that {kind} {ref} changed: give the record that was fetched")
    return adapted.events


def _format(file: str, stream: io.BufferedReader) -> Format:
    """Return the format by the name of a file; of standard input by its first byte."""
    if file == "-":
        return "ndjson" if stream.peek(1)[:1] in (b"{", b"") else "csv"
    return "csv" if ".csv" in PurePath(file).name.lower() else "ndjson"


def _ndjson(file: str, stream: IO[bytes], parse: Callable[[bytes], Sequence[Record]]) -> Iterator[Line]:
    for number, raw in enumerate(stream, 1):
        line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
        if value := line.strip():
            for record in _parsed(parse, value):
                yield Line(file, number, record)


def _csv(file: str, stream: io.BufferedReader, adapter: Adapter) -> Iterator[Line]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(MAX_BYTES)
    try:
        # strict: without it, an unclosed quote would silently put the rest of the file into one cell.
        rows = csv.DictReader(text, strict=True)
        _check_columns(file, rows.fieldnames or [], adapter)
        yield from _rows(file, rows, lambda row: _adapted(adapter, _complete(row)))
    finally:
        text.detach()


def _rows(file: str, rows: csv.DictReader[str], parse: Callable[[dict[str, str]], Sequence[Record]]) -> Iterator[Line]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(file, rows.reader.line_num, Refused("bad_value", f"not CSV: {error}"))
        else:
            for record in _parsed(parse, row):
                yield Line(file, rows.line_num, record)


def _complete(row: dict[str, str]) -> dict[str, str]:
    """Return `row` if it has exactly one cell per column; else cells may have shifted. Raises Refused."""
    if None in row or None in row.values():
        raise Refused("bad_value", "the row has more or fewer cells than there are columns")
    return row


def _check_columns(file: str, columns: Sequence[str], adapter: Adapter) -> None:
    missing = sorted(adapter.columns - set(columns))
    if missing:
        raise AdapterError(
            f"{adapter.name}: {file} has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}"
        )


def _parsed(parse: Callable[[_Input], Sequence[Record]], value: _Input) -> Sequence[Record | Refused]:
    try:
        return parse(value)
    except Refused as refused:
        return (refused,)
