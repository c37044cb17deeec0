"""`promises notify` between a real Kafka and a receiver: every alert is accepted exactly once, and none is sent without
need, even if receivers are down and notifiers are killed."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.instants import Instant
from schemas.words import Stage
from streams.kafka.topics import ALERTS
from streams.local.ports import free_ports
from streams.wall_clock import wall_clock
from tests.cli.command import ROOT
from tests.notifier.alerts import MINUTE, alert_record
from tests.notifier.process import SECRET, Notifier
from tests.notifier.receiver import NOTHING, Receiver, receiving, url_of, wait_for
from tests.worker.records import SentRecord, send

READING = f"reading {ALERTS.name}, partitions 0, 1, 2, 3"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def tell(bootstrap: str, *cases: str, decided: Instant | None = None, stage: Stage = "overdue") -> list[bytes]:
    """Send alerts to one partition, in order; decided now unless a time is given."""
    records = [alert_record(case, decided or wall_clock(), stage) for case in cases]
    send(bootstrap, *(SentRecord(b"shop", record) for record in records), topic=ALERTS.name)
    return records


def is_ours(headers: Any, body: bytes, secret: str) -> bool:
    """Verify a request as docs/notify.md tells receivers to."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "notify.md").read_text("utf-8"), re.DOTALL)
    told: dict[str, Any] = {}
    exec(code, told)
    return bool(told["is_ours"](headers, body, secret))


def test_each_alert_is_sent_once_and_signed_and_history_is_not(
    bootstrap: str, receiver: Receiver, tmp_path: Path
) -> None:
    tell(bootstrap, "before-the-first-start")
    with Notifier(bootstrap, url_of(receiver), tmp_path, "--group", "pager") as notifier:
        notifier.until_logged(READING)
        written = tell(bootstrap, "o-1", "o-2", "o-3")
        got = wait_for(receiver, 3)
        notifier.until_logged("o-3")
        assert notifier.stop() == 0
    assert [one.body for one in got] == written
    assert all(is_ours(one.headers, one.body, SECRET) for one in got)
    assert not is_ours(got[0].headers, got[1].body, SECRET)
    assert {one.headers["content-type"] for one in got} == {"application/json"}
    said = notifier.log.read_text("utf-8")
    assert f"sending at_risk and overdue of {ALERTS.name} on {bootstrap} to http://127.0.0.1" in said
    assert "as group pager" in said
    assert re.search(f"sesame|{SECRET}|Traceback", said) is None


def test_a_receiver_that_was_down_gets_the_alerts_later(bootstrap: str, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with Notifier(bootstrap, f"http://127.0.0.1:{port}/", tmp_path, "--group", "down", "--log", "json") as notifier:
        notifier.until_logged(READING)
        tell(bootstrap, "o-1")
        notifier.until_logged("does not accept alerts")
        with receiving(port) as receiver:
            receiver.answer("o-1", 503)
            got = wait_for(receiver, 2)
            notifier.until_logged("accepts alerts again")
        assert notifier.stop(signal.SIGINT) == 0
    assert [(one.case, one.answered) for one in got] == [("o-1", 503), ("o-1", 204)]
    assert len({one.headers["webhook-id"] for one in got}) == 1
    assert int(got[0].headers["webhook-timestamp"]) <= int(got[1].headers["webhook-timestamp"])
    lines = [json.loads(line) for line in notifier.log.read_text("utf-8").splitlines()]
    assert [line["level"] for line in lines] == ["INFO", "INFO", "WARNING", "INFO", "WARNING"]


def test_a_killed_notifier_loses_nothing_and_repeats_only_unacknowledged_alerts(
    bootstrap: str, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.answer("refused", 422, 422)
    receiver.answer("on-its-way", NOTHING)
    with Notifier(bootstrap, url_of(receiver), tmp_path, "--group", "killed") as notifier:
        notifier.until_logged(READING)
        tell(bootstrap, "o-1", "refused", "o-2", "on-its-way")
        before = list(wait_for(receiver, 4))
        notifier.kill()
        tell(bootstrap, "while-it-was-away")
        notifier.start()
        after = wait_for(receiver, 8)[4:]
        notifier.until_logged("try 2")
        assert notifier.stop() == 0
    assert [one.case for one in before] == ["o-1", "refused", "o-2", "on-its-way"]
    assert [one.case for one in after] == ["refused", "on-its-way", "while-it-was-away", "refused"]
    names = {one.case: one.headers["webhook-id"] for one in before}
    assert {case: names[case] for case in ("refused", "on-its-way")} == {
        one.case: one.headers["webhook-id"] for one in after if one.case in names
    }


def test_old_alerts_and_those_of_other_stages_are_not_sent(bootstrap: str, receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer("hopeless", *[500] * 9)
    options = ("--group", "old", "--max-age", "3s", "--stage", "overdue")
    with Notifier(bootstrap, url_of(receiver), tmp_path, *options) as notifier:
        notifier.until_logged(READING)
        tell(bootstrap, "yesterday", "an-hour-ago", decided=wall_clock() - 60 * MINUTE)
        tell(bootstrap, "soon", stage="at_risk")
        send(bootstrap, SentRecord(b"shop", b"no alert\nat all"), topic=ALERTS.name)
        tell(bootstrap, "hopeless")
        given_up = notifier.until_logged("is given up")
        tell(bootstrap, "o-1")
        notifier.until_logged("accepts alerts again")
        assert notifier.stop() == 0
    assert set(receiver.cases) == {"o-1"}
    assert {one.case for one in receiver.got} == {"hopeless", "o-1"}
    assert "hopeless" in given_up
    assert given_up.endswith("500 Internal Server Error: this is 500")
    assert "yesterday" in notifier.until_logged("too old to be sent")
    assert "not an alert: JSON is malformed" in notifier.log.read_text("utf-8")


def test_two_notifiers_share_the_alerts_and_one_takes_over_where_the_other_ends(
    bootstrap: str, receiver: Receiver, tmp_path: Path
) -> None:
    first, second = (Notifier(bootstrap, url_of(receiver), tmp_path, "--group", "shared") for _ in range(2))
    cases = [f"o-{number}" for number in range(60)]
    with first, second:
        for one in (first, second):
            one.until_logged("reading")
        for place, case in enumerate(cases):
            send(bootstrap, SentRecord(b"", alert_record(case, wall_clock()), partition=place % 4), topic=ALERTS.name)
            if place == 30:
                assert first.stop() == 0
        wait_for(receiver, len(cases))
        second.until_logged(READING)
        assert second.stop() == 0
    assert sorted(receiver.cases) == sorted(cases)


def test_a_notifier_that_waits_for_a_receiver_terminates_at_once(bootstrap: str, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Notifier(bootstrap, f"http://127.0.0.1:{silent.getsockname()[1]}/", tmp_path, "--group", "hang") as notifier,
    ):
        notifier.until_logged(READING)
        tell(bootstrap, "o-1")
        connection, _ = silent.accept()
        with connection:
            assert notifier.stop() == 0
