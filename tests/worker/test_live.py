"""A worker on a live clock: promises fall due in silence, events come late, and the worker itself is down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median

import msgspec
import pytest

from schemas.instants import Instant, from_datetime, parse_instant
from schemas.verdicts import VerdictRecord
from streams.kafka.topics import REJECTS, VERDICTS
from streams.metrics.scrape import Scrape
from streams.wall_clock import wall_clock
from tests.worker.records import PARTITIONS, Order, SentRecord, alerts, read, send, verdicts
from tests.worker.workers import Worker, until

GRACE = 500
AT_RISK = 1_000
HOUR = 3_600_000
POLICIES = f'[[policy]]\nkind = "ready"\ngrace = "{GRACE}ms"\nat_risk = "{AT_RISK}ms"\n'
YEAR_9999 = 253_370_764_800_000
AWAY = 60_000 if os.environ.get("PROMISES_SLOW") else 15_000
"""The time in milliseconds that the worker is down."""

TIME_TO_END = 10_000
CURRENT = {"basis": "current"}


@pytest.fixture(scope="module")
def worker(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    directory = tmp_path_factory.mktemp("live")
    policies = directory / "policies.toml"
    policies.write_text(POLICIES, encoding="utf-8")
    with Worker(bootstrap, directory, "--policies", policies) as worker:
        worker.until_ready()
        yield worker


def lateness(bootstrap: str, location: str, due: dict[str, Instant]) -> list[int]:
    """Return the milliseconds from the end of each grace period to the verdict, and to its record in Kafka."""
    written = {record.key or b"": record.timestamp for record in read(bootstrap, VERDICTS.name)}
    verdicts_at = {verdict.case: from_datetime(verdict.decided_at) for verdict in verdicts(bootstrap, location)}
    assert verdicts_at.keys() == due.keys()
    return [at - due[case] - GRACE for case in due for at in (verdicts_at[case], written[case.encode()])]


def clocks(page: Scrape) -> list[float]:
    return list(page.by("promises_clock_timestamp_seconds", "partition").values())


def test_promises_without_an_event_are_broken_within_a_second(worker: Worker, bootstrap: str) -> None:
    made = wall_clock()
    due = {f"quay-{number}": made + 3_000 + 200 * number for number in range(9)}
    send(bootstrap, *(Order(case, "quay").promised(made, at) for case, at in due.items()))
    state = {"location": "quay", **CURRENT}
    worker.until(lambda page: page.sum("promises_state", reason="undelivered", **state) == 9, "all nine are broken")
    until(lambda: len(alerts(bootstrap, "quay")) == 18, "two alerts for each")
    delays = lateness(bootstrap, "quay", due)
    assert min(delays) > 0
    assert median(delays) <= 1_000
    for verdict in verdicts(bootstrap, "quay"):
        assert (verdict.current.verdict, verdict.current.reason) == ("broken", "undelivered")
        assert (verdict.revision, verdict.evidence) == (0, "deadline")
    for case in due:
        assert [alert.stage for alert in alerts(bootstrap, "quay") if alert.case == case] == ["at_risk", "overdue"]


def test_a_late_event_revises_broken_to_kept(worker: Worker, bootstrap: str) -> None:
    order, made = Order("market-1", "market"), wall_clock()
    due = made + 1_500
    send(bootstrap, order.promised(made, due))
    state = {"location": "market", **CURRENT}
    worker.until(lambda page: page.sum("promises_state", verdict="broken", **state) == 1, "silence breaks it")
    send(bootstrap, order.reached("ready", due - 200))
    page = worker.until(lambda page: page.sum("promises_state", verdict="kept", **state) == 1, "the scan keeps it")
    assert page.by("promises_state", "verdict", **state) == {("kept",): 1, ("broken",): 0, ("open",): 0}
    for basis in ("original", "current"):
        revised = page.by("promises_revised_total", "from", "to", location="market", basis=basis)
        assert {way: number for way, number in revised.items() if number} == {("broken", "kept"): 1}
    first, second = verdicts(bootstrap, "market")
    assert (first.revision, first.current.verdict, first.current.reason) == (0, "broken", "undelivered")
    assert (second.revision, second.current.verdict, second.current.reason) == (1, "kept", "on_time")
    assert (second.case, second.current.lateness_seconds, second.evidence) == ("market-1", -0.2, "event")
    assert first.id != second.id


def test_timestamps_of_the_year_9999_break_no_promise(worker: Worker, bootstrap: str) -> None:
    made, shops = wall_clock(), range(PARTITIONS)
    neighbours = [Order(f"patient-{shop}", "station").promised(made, made + HOUR) for shop in range(12)]
    odd = [Order(f"odd-{shop}", "odd") for shop in shops]
    events = [order.promised(made, made + HOUR, arrives=YEAR_9999) for order in odd]
    events += [order.reached("ready", made, arrives=YEAR_9999) for order in odd]
    everywhere = [SentRecord(b"who", b"knows", YEAR_9999, partition) for partition in shops]
    send(bootstrap, *neighbours, *events, *everywhere)
    page = worker.until(
        lambda page: page.sum("promises_state", location="odd", verdict="kept", **CURRENT) == len(odd), "they are kept"
    )
    before = max(clocks(page))
    page = worker.until(lambda page: min(clocks(page)) > before, "every clock goes on")
    assert max(clocks(page)) * 1000 <= wall_clock()
    assert page.by("promises_state", "reason", location="station", verdict="open", **CURRENT) == {("pending",): 12}
    assert page.sum("promises_verdicts_total", location="station") == 0


def test_an_event_of_the_year_9999_is_refused(worker: Worker, bootstrap: str) -> None:
    order, made = Order("time-traveller", "harbour"), wall_clock()
    sent = order.reached("ready", parse_instant("2099-12-31T23:59:59Z"))
    sent = sent._replace(value=(sent.value or b"").replace(b"2099-12-31", b"9999-12-31"))
    before = worker.page().sum("promises_rejects_total", reason="bad_time")
    send(bootstrap, order.promised(made, made + HOUR), sent)
    page = worker.until(
        lambda page: page.sum("promises_rejects_total", reason="bad_time") == before + 1, "it is refused"
    )
    assert page.by("promises_state", "reason", location="harbour", verdict="open", **CURRENT) == {("pending",): 1}
    (refused,) = [record for record in read(bootstrap, REJECTS.name) if record.key == b"time-traveller"]
    assert refused.value == sent.value
    assert dict(refused.headers)["reason"] == b"bad_time"


def test_a_delivery_while_the_worker_was_down_is_never_called_broken(worker: Worker, bootstrap: str) -> None:
    begin = wall_clock()
    away = range(begin + TIME_TO_END, begin + AWAY, (AWAY - TIME_TO_END) // 24)
    orders = {Order(f"away-{number}", "kitchen"): due for number, due in enumerate(away)}
    known, new = dict(list(orders.items())[::2]), dict(list(orders.items())[1::2])
    forgotten = Order("forgotten", "kitchen")
    send(bootstrap, *(order.promised(begin, due) for order, due in {**known, forgotten: begin + AWAY // 2}.items()))
    worker.until(
        lambda page: page.sum("promises_made_total", location="kitchen") == len(known) + 1, "half of it is known"
    )
    assert worker.stop() == 0
    busy = [Order(f"busy-{number}", "elsewhere").reached("started", begin) for number in range(20_000)]
    send(bootstrap, *(event._replace(at=begin + TIME_TO_END - 2_000) for event in busy))
    made = [(due - 2_000, order.promised(due - 2_000, due, arrives=due - 2_000)) for order, due in new.items()]
    ready = [(due - 400, order.reached("ready", due - 400, arrives=due - 300)) for order, due in orders.items()]
    send(bootstrap, *(event for _, event in sorted(made + ready, key=lambda timed: timed[0])))
    until(lambda: wall_clock() > begin + AWAY + 2_000, "every promise is long due", seconds=AWAY / 1000 + 30)
    worker.start()
    state = {"location": "kitchen", **CURRENT}
    page = worker.until(
        lambda page: (
            page.sum("promises_made_total", location="kitchen") == len(orders) + 1
            and page.sum("promises_state", verdict="open", **state) == 0
        ),
        "all is read, and nothing is open any more",
    )
    assert page.sum("promises_state", verdict="kept", **state) == len(orders)
    assert page.sum("promises_state", reason="undelivered", **state) == 1
    assert page.sum("promises_verdicts_total", verdict="broken", **state) == 1
    all_verdicts = verdicts(bootstrap, "kitchen")
    assert [verdict.case for verdict in all_verdicts if verdict.current.verdict == "broken"] == ["forgotten"]
    assert sorted(verdict.case for verdict in all_verdicts if verdict.current.verdict == "kept") == sorted(
        order.case for order in orders
    )


def test_every_verdict_is_keyed_by_its_case(bootstrap: str) -> None:
    records = read(bootstrap, VERDICTS.name)
    assert records != []
    for record in records:
        assert record.key == msgspec.json.decode(record.value or b"", type=VerdictRecord).case.encode()
