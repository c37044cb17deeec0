"""Rejected records are listed, shown and retried once, unchanged; and `tail` shows events as they arrive."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from select import select
from typing import Any, Final

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError
from typer.testing import CliRunner

from schemas.instants import Instant, format_instant
from streams.cli.main import app_of
from streams.cli.resend import TRANSACTIONAL_ID
from streams.kafka.clients import producer
from streams.kafka.connection import Connection
from streams.kafka.topics import EVENTS, REJECTS
from streams.records import KafkaRecord
from streams.wall_clock import wall_clock
from tests.cli.command import ROOT, CommandResult, promises
from tests.worker.answers import assert_error
from tests.worker.records import Order, SentRecord, read, send
from tests.worker.workers import Worker, environment

USAGE, UNREADABLE = 2, 3
SQUARE: Final = "feeds.square"
ORDER: Final = b'{"type": "order.created", "note": "\x1b[2J"}'


@pytest.fixture(scope="module")
def feed(bootstrap: str) -> str:
    """The topic of a feed that stamps its records with the time of arrival."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(SQUARE, 2, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
    admin.close()
    return SQUARE


def refused(offset: int, value: bytes | None, reason: str = "unknown_shape", **more: str) -> SentRecord:
    """Return a record in promise.rejects as intake writes it."""
    reason_headers = {
        "reason": reason,
        "detail": f"order {offset}: no rule fits",
        "feed": "square",
        "adapter": "square",
    }
    position_headers = {"topic": SQUARE, "partition": "1", "offset": str(offset), "timestamp": str(arrival(offset))}
    headers = tuple((name, text.encode()) for name, text in (reason_headers | position_headers | more).items())
    return SentRecord(
        b"o-%d" % offset, value, headers=(*headers, ("original.X-Square-Signature", b"s\xff")), partition=0
    )


def arrival(offset: int) -> Instant:
    return 1_772_800_000_000 + offset


def rejects(bootstrap: str, command: str, *options: str) -> CommandResult:
    """Run `promises rejects` in this process: it takes a second to start one."""
    ended = CliRunner().invoke(app_of(), ["rejects", command, *options, "--bootstrap", bootstrap])
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return CommandResult(ended.exit_code, ended.stdout, ended.stderr)


def waiting(bootstrap: str, *options: str) -> dict[str, Any]:
    answer = rejects(bootstrap, "list", "--json", *options)
    assert (answer.code, answer.err) == (0, "")
    return answer.document


def in_feed(bootstrap: str) -> list[KafkaRecord]:
    return read(bootstrap, SQUARE, range(2))


def test_without_rejects_there_is_nothing_to_list_or_retry(bootstrap: str) -> None:
    assert rejects(bootstrap, "list").out == "0 refused records wait, 0 retried\n"
    assert rejects(bootstrap, "retry").out == "nothing to retry\n"


def test_a_retry_without_a_repair_is_refused_again(bootstrap: str, tmp_path: Path) -> None:
    order, made = Order("bakery-17", "bakery"), wall_clock() - 60_000
    promised = order.promised(made, made + 30_000)
    assert promised.value is not None
    warm = promised._replace(value=promised.value.replace(b'"ready"', b'"warm"'), at=made)
    policies = tmp_path / "policies.toml"
    policies.write_text('[[policy]]\nkind = "ready"\n', "utf-8")
    send(bootstrap, warm)
    with Worker(bootstrap, tmp_path, "--policies", policies) as worker:
        worker.until(lambda page: page.sum("promises_rejects_total", reason="unknown_kind") == 1, "it is refused")
        sent = rejects(bootstrap, "retry", "--reason", "unknown_kind", "--yes")
        assert (sent.code, sent.out) == (0, "1 refused as unknown_kind to promise.events\n"), sent.err
        worker.until(lambda page: page.sum("promises_rejects_total", reason="unknown_kind") == 2, "it is refused again")
    first, second = read(bootstrap, EVENTS.name)
    assert (second.partition, second.timestamp, second.key) == (first.partition, first.timestamp, first.key)
    assert second.value == first.value == warm.value
    listed = waiting(bootstrap)
    assert (listed["waiting"], listed["retried"], listed["newest"][0]["came"]["offset"]) == (1, 1, second.offset)


@pytest.fixture(scope="module")
def four(bootstrap: str, feed: str) -> list[str]:
    """The positions of four rejects of the feed in promise.rejects."""
    made = [refused(0, ORDER), refused(1, b"\x00\xff\xfe"), refused(2, None, "bad_envelope")]
    send(bootstrap, *made, refused(3, b"{", cut="99999999 bytes"), topic=REJECTS.name)
    return last_refused(bootstrap, 4)


def last_refused(bootstrap: str, count: int) -> list[str]:
    """Return the positions of the last rejects of the feed."""
    records = [record for record in read(bootstrap, REJECTS.name, [0]) if (record.key or b"").startswith(b"o-")]
    return [f"0@{record.offset}" for record in records[-count:]]


def test_rejects_are_counted_and_the_newest_are_listed(bootstrap: str, four: list[str]) -> None:
    listed = waiting(bootstrap, "--feed", "square", "--limit", "2")
    counts = [(group["reason"], group["count"]) for group in listed["groups"]]
    assert counts == [("unknown_shape", 3), ("bad_envelope", 1)]
    assert [reject["at"] for reject in listed["newest"]] == [four[3], four[2]]
    lines = rejects(bootstrap, "list").out.splitlines()
    assert lines[0] == "5 refused records wait, 1 retried"
    (oldest,) = [line for line in lines if line.startswith(f"{four[0]} ")]
    assert oldest.split("  ", 2)[2].split() == [SQUARE, "1@0", "unknown_shape", "order", "0:", "no", "rule", "fits"]


def test_a_reject_is_shown_with_its_headers_and_its_bytes(bootstrap: str, four: list[str]) -> None:
    text = rejects(bootstrap, "show", four[0]).out
    assert 'value    41 bytes\n\n{"type": "order.created", "note": "\\x1b[2J"}\n' in text
    assert f"source   {SQUARE} 1@0, {format_instant(arrival(0))}\n" in text
    assert "header   X-Square-Signature: s\ufffd\n" in text
    assert "00000000  00 ff fe " in rejects(bootstrap, "show", four[1]).out
    assert rejects(bootstrap, "show", four[0], "--raw").out.encode() == ORDER
    document = rejects(bootstrap, "show", four[1], "--json").document
    assert (document["value"], document["reason"]) == (base64.b64encode(b"\x00\xff\xfe").decode(), "unknown_shape")


def test_a_retry_needs_confirmation(bootstrap: str, four: list[str]) -> None:
    plan = f"3 refused as unknown_shape to {SQUARE}\n1 refused as bad_envelope to {SQUARE}\n"
    dry = rejects(bootstrap, "retry", "--feed", "square", "--dry-run")
    assert (dry.code, dry.out, dry.err) == (0, plan, "")
    unasked = rejects(bootstrap, "retry", "--feed", "square")
    assert (unasked.code, unasked.out, "add --yes" in unasked.err) == (USAGE, plan, True)
    assert in_feed(bootstrap) == []


def test_each_record_is_resent_once_and_unchanged(bootstrap: str, four: list[str]) -> None:
    first = rejects(bootstrap, "retry", four[1], "--yes")
    assert (first.code, first.out, first.err) == (0, f"1 refused as unknown_shape to {SQUARE}\n", "1 of 1 sent\n")
    rest = rejects(bootstrap, "retry", "--feed", "square", "--yes")
    assert "1 more were retried before" in rest.out
    assert rest.err.splitlines() == [
        f"{four[3]} still waits: only its beginning was kept, it had 99999999 bytes",
        "2 of 3 sent",
    ]
    assert "sent" not in rejects(bootstrap, "retry", "--feed", "square", "--yes").err
    sent = in_feed(bootstrap)
    assert [(record.partition, record.key, record.value) for record in sent] == [
        (1, b"o-1", b"\x00\xff\xfe"),
        (1, b"o-0", ORDER),
        (1, b"o-2", None),
    ]
    assert sent[0].headers == (
        ("X-Square-Signature", b"s\xff"),
        ("promises.retried", four[1].encode()),
        ("promises.received_at", format_instant(arrival(1)).encode()),
    )
    left = waiting(bootstrap, "--feed", "square")
    assert (left["waiting"], left["retried"], left["newest"][0]["at"]) == (1, 3, four[3])


def test_a_killed_retry_leaves_nothing_and_the_next_one_sends_it(bootstrap: str, feed: str) -> None:
    before = len(in_feed(bootstrap))
    killed = producer(Connection(bootstrap), transactional_id=TRANSACTIONAL_ID)
    killed.init_transactions()
    killed.begin_transaction()
    killed.send(feed, b"half", partition=1).get(30)
    send(bootstrap, refused(7, b"{}"), topic=REJECTS.name)
    (at,) = last_refused(bootstrap, 1)
    assert rejects(bootstrap, "retry", at, "--since", "1h", "--yes").err == "1 of 1 sent\n"
    with pytest.raises(KafkaError):
        killed.commit_transaction()
    killed.close(timeout=1)
    assert [record.value for record in in_feed(bootstrap)[before:]] == [b"{}"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("show", "17"), USAGE, ["17", "PARTITION@OFFSET"]),
        (("show", "0@999999"), UNREADABLE, ["0@999999", "promises rejects list"]),
        (("show", "99@0"), UNREADABLE, ["99@0", "promises rejects list"]),
        (("list", "--since", "noon"), USAGE, ["--since", "noon"]),
        (("list", "--since", "3parsecs"), USAGE, ["--since", "3parsecs"]),
    ],
)
def test_invalid_arguments_are_named(bootstrap: str, options: tuple[str, ...], code: int, words: list[str]) -> None:
    assert_error(rejects(bootstrap, *options), code, *words)


def test_a_deleted_topic_is_named_and_nothing_is_sent(bootstrap: str) -> None:
    send(bootstrap, refused(8, b"{}", topic="feeds.gone", feed="gone"), topic=REJECTS.name)
    answer = rejects(bootstrap, "retry", "--feed", "gone", "--yes")
    assert (answer.code, "has no topic feeds.gone" in answer.err) == (UNREADABLE, True)
    assert waiting(bootstrap, "--feed", "gone")["waiting"] == 1


def test_tail_shows_past_events_by_case_and_type_and_unreadable_ones(bootstrap: str) -> None:
    made = wall_clock()
    order = Order("kiosk-1", "kiosk")
    nonsense = SentRecord(b"kiosk-1", b"{", partition=None)
    send(bootstrap, order.promised(made, made + 60_000), order.reached("ready", made), nonsense)
    tail = promises("tail", "--bootstrap", bootstrap, "--from-beginning", "--case", "kiosk-1", "--limit", "3")
    assert (tail.code, tail.err) == (0, "")
    first, second, third = tail.out.splitlines()
    assert "kiosk-1  promises_made  ready by " in first
    assert second.endswith("kiosk-1  step_reached  ready  at kiosk  by s-1")
    assert "kiosk-1  refused  not_json: " in third
    filters = ("--location", "kiosk", "--type", "step_reached", "--limit", "1", "--json")
    document = promises("tail", "--bootstrap", bootstrap, "--from-beginning", *filters).document
    assert (document["key"], document["event"]["step"]) == ("kiosk-1", "ready")
    assert set(document) == {"partition", "offset", "timestamp", "key", "event"}


def test_tail_follows_events_until_ctrl_c(bootstrap: str) -> None:
    command = [sys.executable, "-m", "streams.cli", "tail", "--bootstrap", bootstrap, "--feed", "till", "--json"]
    running = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    clock = json.dumps({"type": "clock", "source": "till", "at": "2026-03-06T12:40:00Z"}).encode()
    event = {"type": "step_reached", "case": "pier-1", "occurred_at": "2026-03-06T12:40:00Z", "step": "ready"}
    number = 0
    try:
        while True:  # it begins with what comes after its start, so something has to come until it shows the first
            number += 1
            value = json.dumps(event | {"id": f"e-{number}", "source": "till"}).encode()
            send(bootstrap, SentRecord(None, clock), SentRecord(b"pier-1", value))
            if select([running.stdout], [], [], 0.2)[0]:
                break
            assert number < 100, "nothing was shown"
        document = json.loads(running.stdout.readline())
        assert (document["event"]["type"], document["event"]["source"]) == ("step_reached", "till")
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=20)
        assert (running.returncode, errors) == (0, b"")
    finally:
        running.kill()
        running.wait()


def test_an_unknown_type_is_named_with_the_known_ones(bootstrap: str) -> None:
    assert_error(promises("tail", "--bootstrap", bootstrap, "--type", "ready"), USAGE, "--type ready", "step_reached")
