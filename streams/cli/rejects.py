"""`promises rejects`: list refused records, show one, and send them again once the cause is corrected."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Annotated, Any, Final

import typer

from schemas.instants import Instant, format_instant
from streams.cli.options import (
    UNREADABLE,
    USAGE,
    BootstrapOption,
    DryRunOption,
    JsonOption,
    KafkaConfigOption,
    fail,
    parse_instant_option,
    parse_option,
    report_errors,
    silence_kafka_logs,
    stderr,
)
from streams.cli.output import columns, record_text, write_json
from streams.cli.refused_records import (
    Reject,
    RejectFilter,
    RejectGroup,
    RejectSurvey,
    position_in_note,
    read_reject,
    survey,
)
from streams.cli.resend import Resender
from streams.config.toml import parse_duration
from streams.kafka.connection import Connection, read_connection
from streams.kafka.topic_reader import parse_position, read_topic
from streams.kafka.topics import REJECTS
from streams.records import RecordPosition
from streams.text import printable
from streams.wall_clock import wall_clock

rejects = typer.Typer(name="rejects", help="Look at refused records, and send them again.", no_args_is_help=True)

_NOT_FOUND: Final = "it may be past its retention; `promises rejects list` shows the records that wait"

ReasonOption = Annotated[list[str] | None, typer.Option("--reason", help="Only this reason; repeatable.")]
FeedOption = Annotated[list[str] | None, typer.Option("--feed", help="Only this feed; repeatable.")]
TopicOption = Annotated[list[str] | None, typer.Option("--topic", help="Only from this topic; repeatable.")]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="Only refused since an instant, 2026-03-06T12:00Z, or in the last, say, 2h."),
]


@rejects.command("list")
def list_command(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    reason: ReasonOption = None,
    feed: FeedOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=0, help="Number of the newest records to show.")] = 20,
    json: JsonOption = False,
) -> None:
    """Count the refused records that wait, by topic and reason, and show the newest. Retried records do not wait."""
    silence_kafka_logs()
    selected = RejectFilter(reason or (), feed or (), topic or (), _since(since))
    with report_errors():
        connection = read_connection(bootstrap, kafka_config)
        waiting = survey(read_topic(connection, REJECTS.name), selected)
        positions = waiting.newest(limit)
        read = {reject.position: reject for reject in _read_rejects(connection, set(positions))}
    newest = [read[position] for position in positions if position in read]
    if json:
        write_json(_list_document(waiting, newest))
    else:
        _print_list(waiting, newest)


@rejects.command("show")
def show_command(
    at: Annotated[str, typer.Argument(metavar="PARTITION@OFFSET", help="Position, from `promises rejects list`.")],
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write nothing but the record's bytes.")] = False,
    json: JsonOption = False,
) -> None:
    """Show one refused record: the reason, its source, its headers, and its bytes as text or hex."""
    silence_kafka_logs()
    position = parse_option(parse_position, at, "PARTITION@OFFSET")
    with report_errors():
        connection = read_connection(bootstrap, kafka_config)
        reject = next(iter([*_read_rejects(connection, {position})]), None)
    if reject is None:
        fail(f"{REJECTS.name} has no refused record {position}: {_NOT_FOUND}", UNREADABLE)
    if raw:
        sys.stdout.buffer.write(reject.value or b"")
    elif json:
        write_json({"schema": "promises.reject/1", **_reject_document(reject), **_content(reject)})
    else:
        _print_reject(reject)


@rejects.command("retry")
def retry_command(
    bootstrap: BootstrapOption,
    positions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PARTITION@OFFSET]...", help="Only these records. Default: all that are selected."),
    ] = None,
    kafka_config: KafkaConfigOption = None,
    reason: ReasonOption = None,
    feed: FeedOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    dry_run: DryRunOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Send refused records back to their topics, with their original key, bytes, headers and time.

    Each record is sent once: the same transaction notes in promise.rejects that it was retried. If it is refused again,
    that is a new refused record.
    """
    silence_kafka_logs()
    only = [parse_option(parse_position, text, "PARTITION@OFFSET") for text in positions or ()]
    selected = RejectFilter(reason or (), feed or (), topic or (), _since(since), only)
    with report_errors():
        connection = read_connection(bootstrap, kafka_config)
        planned = survey(read_topic(connection, REJECTS.name), selected)
        _print_plan(planned)
        if planned.waiting and not dry_run:
            _confirm(len(planned.waiting), yes=yes)
            _retry(connection, planned, selected)


def _retry(connection: Connection, planned: RejectSurvey, selected: RejectFilter) -> None:
    topics = {reject.group.topic for reject in planned.waiting.values()} - {""}
    with Resender(connection, topics) as resender:
        # Read again, now that no other process can commit a retry: one may have done so since the plan was made.
        current = survey(read_topic(connection, REJECTS.name), selected)
        remaining = planned.waiting.keys() & current.waiting.keys()
        for sent in resender.send(_retryable(_read_rejects(connection, remaining))):
            stderr.print(f"{sent} of {len(remaining)} sent")


def _retryable(candidates: Iterable[Reject]) -> Iterator[Reject]:
    """Yield the records that can be sent, and print why the others cannot."""
    for reject in candidates:
        if reject.why_not:
            stderr.print(f"{reject.position} still waits: {reject.why_not}", style="yellow", markup=False)
        else:
            yield reject


def _read_rejects(connection: Connection, positions: set[RecordPosition]) -> Iterator[Reject]:
    """Yield the refused records at these positions that exist, each partition in order."""
    remaining = set(positions)
    if not remaining:
        return
    starts: dict[int, int] = {}
    for partition, offset in remaining:
        starts[partition] = min(offset, starts.get(partition, offset))
    with closing(read_topic(connection, REJECTS.name, starts)) as records:
        for record in records:
            if record.position in remaining:
                remaining.remove(record.position)
                if position_in_note(record) is None:
                    yield read_reject(record)
            if not remaining:
                return


def _since(text: str | None) -> Instant:
    if text is None:
        return 0
    if re.fullmatch(r"\d+[a-z]+", text):
        return wall_clock() - parse_option(parse_duration, text, "--since")
    return parse_instant_option(text, "--since")


def _confirm(count: int, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        fail("stdin is not a terminal, so nobody can confirm: add --yes to send the records, or --dry-run", USAGE)
    typer.confirm(f"Send {count} {'record' if count == 1 else 'records'}?", abort=True, err=True)


def _print_plan(planned: RejectSurvey) -> None:
    for group, count, _ in planned.counts():
        target = f"to {printable(group.topic)}" if group.topic else "without a known topic"
        sys.stdout.write(f"{count} refused as {printable(group.reason)} {target}\n")
    if not planned.waiting:
        sys.stdout.write("nothing to retry\n")
    if planned.retried:
        sys.stdout.write(f"{planned.retried} more were retried before\n")
    sys.stdout.flush()


def _list_document(waiting: RejectSurvey, newest: list[Reject]) -> dict[str, Any]:
    groups = [
        {**_group(group), "count": count, "last": format_instant(latest)} for group, count, latest in waiting.counts()
    ]
    return {
        "schema": "promises.rejects/1",
        "waiting": len(waiting.waiting),
        "retried": waiting.retried,
        "groups": groups,
        "newest": [_reject_document(reject) for reject in newest],
    }


def _group(group: RejectGroup) -> dict[str, str]:
    return {"topic": group.topic, "feed": group.feed, "reason": group.reason}


def _reject_document(reject: Reject) -> dict[str, Any]:
    came = {"partition": reject.partition, "offset": reject.offset, "at": reject.received_at or None}
    return {
        "at": str(reject.position),
        "refused_at": format_instant(reject.refused_at),
        **_group(reject.group),
        "detail": reject.detail,
        "adapter": reject.adapter,
        "came": came,
        "bytes": len(reject.value or b""),
        "why_not": reject.why_not,
    }


def _content(reject: Reject) -> dict[str, Any]:
    headers = [[name, value.decode(errors="replace")] for name, value in reject.headers]
    return {"key": _base64(reject.key), "headers": headers, "value": _base64(reject.value)}


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _print_list(waiting: RejectSurvey, newest: list[Reject]) -> None:
    count = len(waiting.waiting)
    sys.stdout.write(f"{count} refused {'record waits' if count == 1 else 'records wait'}, {waiting.retried} retried\n")
    if waiting.waiting:
        groups = [(str(number), *group, format_instant(latest)) for group, number, latest in waiting.counts()]
        sys.stdout.write("\n" + columns([("count", "topic", "feed", "reason", "last"), *groups]))
    if newest:
        rows = [
            (str(reject.position), format_instant(reject.refused_at), reject.source, reject.group.reason, reject.detail)
            for reject in newest
        ]
        sys.stdout.write("\n" + columns([("at", "refused", "source", "reason", "detail"), *rows]))


def _print_reject(reject: Reject) -> None:
    rows = {
        "at": str(reject.position),
        "refused": format_instant(reject.refused_at),
        "reason": reject.group.reason,
        "detail": reject.detail,
        "source": f"{reject.source}, {reject.received_at or 'time unknown'}",
        "feed": f"{reject.group.feed}, adapter {reject.adapter}" if reject.group.feed else "",
        "key": record_text(reject.key) if reject.key is not None else "none",
        "retry": reject.why_not and f"impossible: {reject.why_not}",
    }
    lines = [f"{name:<8} {printable(text)}" for name, text in rows.items() if text]
    for name, value in reject.headers:
        lines.append(f"header   {printable(name)}: {printable(value.decode(errors='replace'))}")
    size = f"{len(reject.value)} bytes" if reject.value is not None else "no value"
    sys.stdout.write("\n".join([*lines, f"value    {size}", "", record_text(reject.value or b"")]) + "\n")
