"""`promises rejects`: what was refused and why, the bytes of one record, and records sent again once that is mended."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Annotated, Any, Final

import msgspec
import typer

from schemas.instants import Instant, format_instant
from streams.cli.options import (
    UNREADABLE,
    USAGE,
    BootstrapOption,
    KafkaConfigOption,
    argument,
    clear_errors,
    fail,
    hush_kafka,
    instant_argument,
    messages,
)
from streams.cli.refused_records import Reject, RejectFilter, RejectGroup, RejectSurvey, noted, reject_of, survey
from streams.cli.resend import Resender
from streams.cli.terminal_text import columns, harmless, shown
from streams.config.toml import parse_duration
from streams.kafka.connection import Connection, read_connection
from streams.kafka.topic_reader import parse_position, read_topic
from streams.kafka.topics import REJECTS
from streams.records import RecordPosition
from streams.wall_clock import wall_clock

rejects = typer.Typer(name="rejects", help="Look at refused records, and send them again.", no_args_is_help=True)

_NO_SUCH: Final = "it is past its retention, or never was; promises rejects list shows those that wait"

ReasonOption = Annotated[list[str] | None, typer.Option("--reason", help="Only of this reason; may be given again.")]
FeedOption = Annotated[list[str] | None, typer.Option("--feed", help="Only of this feed; may be given again.")]
TopicOption = Annotated[list[str] | None, typer.Option("--topic", help="Only from this topic; may be given again.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only refused since then, as 2026-03-06T12:00Z, or for so long, as 2h.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@rejects.command("list")
def list_command(
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    reason: ReasonOption = None,
    feed: FeedOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest are shown.")] = 20,
    json: JsonOption = False,
) -> None:
    """Count the refused records that wait, by topic and reason, and show the newest. Those retried wait no more."""
    hush_kafka()
    wanted = RejectFilter(reason or (), feed or (), topic or (), _since(since))
    with clear_errors():
        connection = read_connection(bootstrap, kafka_config)
        found = survey(read_topic(connection, REJECTS.name), wanted)
        chosen = found.newest(limit)
        newest = {reject.at: reject for reject in _fetched(connection, set(chosen))}
    ordered = [newest[at] for at in chosen if at in newest]
    if json:
        _write_json(_listed(found, ordered))
    else:
        _print_list(found, ordered)


@rejects.command("show")
def show_command(
    at: Annotated[str, typer.Argument(metavar="PARTITION@OFFSET", help="As promises rejects list names it.")],
    bootstrap: BootstrapOption,
    kafka_config: KafkaConfigOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Nothing but the record's bytes, as they came.")] = False,
    json: JsonOption = False,
) -> None:
    """Show one refused record: why, where it came from, its headers, and its bytes as text or hex."""
    hush_kafka()
    wanted = argument(parse_position, at, "PARTITION@OFFSET")
    with clear_errors():
        connection = read_connection(bootstrap, kafka_config)
        found = next(iter([*_fetched(connection, {wanted})]), None)
    if found is None:
        fail(f"{REJECTS.name} has no refused record {wanted}: {_NO_SUCH}", UNREADABLE)
    if raw:
        sys.stdout.buffer.write(found.value or b"")
    elif json:
        _write_json({"schema": "promises.reject/1", **_told(found), **_content(found)})
    else:
        _print_one(found)


@rejects.command("retry")
def retry_command(
    bootstrap: BootstrapOption,
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PARTITION@OFFSET]...", help="Only these. Default: all that fit.")
    ] = None,
    kafka_config: KafkaConfigOption = None,
    reason: ReasonOption = None,
    feed: FeedOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look, and say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send refused records back to the topics they came from, as they came: key, bytes, headers, time.

    Each is sent once: in the same transaction promise.rejects notes that it was retried, and it waits no more. Where it
    is refused again, that is a new refused record.
    """
    hush_kafka()
    only = [argument(parse_position, text, "PARTITION@OFFSET") for text in places or ()]
    wanted = RejectFilter(reason or (), feed or (), topic or (), _since(since), only)
    with clear_errors():
        connection = read_connection(bootstrap, kafka_config)
        found = survey(read_topic(connection, REJECTS.name), wanted)
        _plan(found)
        if found.waiting and not dry_run:
            _confirm(len(found.waiting), yes=yes)
            _retry(connection, found, wanted)


def _retry(connection: Connection, planned: RejectSurvey, wanted: RejectFilter) -> None:
    topics = {one.group.topic for one in planned.waiting.values()} - {""}
    with Resender(connection, topics) as resender:
        # Looked at again, now that nobody else can commit a retry: another may have, since it was planned.
        found = survey(read_topic(connection, REJECTS.name), wanted)
        chosen = planned.waiting.keys() & found.waiting.keys()
        for sent in resender.send(_sendable(_fetched(connection, chosen))):
            messages.print(f"{sent} of {len(chosen)} sent")


def _sendable(found: Iterable[Reject]) -> Iterator[Reject]:
    """Those that can be sent; the others are named."""
    for one in found:
        if one.why_not:
            messages.print(f"{one.at} waits on: {one.why_not}", style="yellow", markup=False)
        else:
            yield one


def _fetched(connection: Connection, places: set[RecordPosition]) -> Iterator[Reject]:
    """The refused records at these places, as far as they are there; each partition in its order."""
    left = set(places)
    if not left:
        return
    starts: dict[int, int] = {}
    for at in left:
        starts[at.partition] = min(at.offset, starts.get(at.partition, at.offset))
    with closing(read_topic(connection, REJECTS.name, starts)) as records:
        for record in records:
            if record.position in left:
                left.remove(record.position)
                if noted(record) is None:
                    yield reject_of(record)
            if not left:
                return


def _since(text: str | None) -> Instant:
    if text is None:
        return 0
    if re.fullmatch(r"\d+[a-z]+", text):
        return wall_clock() - argument(parse_duration, text, "--since")
    return instant_argument(text, "--since")


def _confirm(count: int, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        fail("nobody is there to ask: add --yes to send them, or --dry-run to look only", USAGE)
    typer.confirm(f"Send {count} {'record' if count == 1 else 'records'}?", abort=True, err=True)


def _plan(found: RejectSurvey) -> None:
    for group, count, _ in found.counts():
        where = f"to {harmless(group.topic)}" if group.topic else "to no topic that is known"
        sys.stdout.write(f"{count} refused as {harmless(group.reason)} {where}\n")
    if not found.waiting:
        sys.stdout.write("nothing to retry\n")
    if found.retried:
        sys.stdout.write(f"{found.retried} more were retried before\n")
    sys.stdout.flush()


def _listed(found: RejectSurvey, newest: list[Reject]) -> dict[str, Any]:
    groups = [{**_group(group), "count": count, "last": format_instant(last)} for group, count, last in found.counts()]
    return {
        "schema": "promises.rejects/1",
        "waiting": len(found.waiting),
        "retried": found.retried,
        "groups": groups,
        "newest": [_told(one) for one in newest],
    }


def _group(group: RejectGroup) -> dict[str, str]:
    return {"topic": group.topic, "feed": group.feed, "reason": group.reason}


def _told(one: Reject) -> dict[str, Any]:
    came = {"partition": one.partition, "offset": one.offset, "at": one.came_at or None}
    return {
        "at": str(one.at),
        "refused_at": format_instant(one.refused_at),
        **_group(one.group),
        "detail": one.detail,
        "adapter": one.adapter,
        "came": came,
        "bytes": len(one.value or b""),
        "why_not": one.why_not,
    }


def _content(one: Reject) -> dict[str, Any]:
    headers = [[name, value.decode(errors="replace")] for name, value in one.headers]
    return {"key": _base64(one.key), "headers": headers, "value": _base64(one.value)}


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _write_json(document: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _print_list(found: RejectSurvey, newest: list[Reject]) -> None:
    waiting = f"{len(found.waiting)} refused {'record waits' if len(found.waiting) == 1 else 'records wait'}"
    sys.stdout.write(f"{waiting}, {found.retried} retried\n")
    if found.waiting:
        groups = [(str(count), *group, format_instant(last)) for group, count, last in found.counts()]
        sys.stdout.write("\n" + columns([("count", "topic", "feed", "reason", "last"), *groups]))
    if newest:
        rows = [(str(one.at), format_instant(one.refused_at), one.came, one.group.reason, one.detail) for one in newest]
        sys.stdout.write("\n" + columns([("at", "refused", "came", "reason", "detail"), *rows]))


def _print_one(one: Reject) -> None:
    rows = {
        "at": str(one.at),
        "refused": format_instant(one.refused_at),
        "reason": one.group.reason,
        "detail": one.detail,
        "came": f"{one.came}, {one.came_at or 'nobody says when'}",
        "feed": f"{one.group.feed}, adapter {one.adapter}" if one.group.feed else "",
        "key": shown(one.key) if one.key is not None else "none",
        "retry": one.why_not and f"impossible: {one.why_not}",
    }
    lines = [f"{name:<8} {harmless(text)}" for name, text in rows.items() if text]
    lines += [f"header   {harmless(name)}: {harmless(value.decode(errors='replace'))}" for name, value in one.headers]
    size = f"{len(one.value)} bytes" if one.value is not None else "no value"
    sys.stdout.write("\n".join([*lines, f"value    {size}", "", shown(one.value or b"")]) + "\n")
