"""The scenarios of `make bench-instructions`: one kind of event, or one feature, each with a state of its own.

A scenario prepares all of its inputs first. Then its step is called once for each of them, and only the calls are
counted. Two commits are compared by the names of scenarios, so a scenario that does other work gets another name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
from faust.types import TP

from schemas import events
from schemas.events import PromiseTerms, Staff, StepReached
from schemas.instants import Instant, moment, show
from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from schemas.words import Party
from streams.agents.intake_messages import Place, messages
from streams.agents.messages import refusal, said
from streams.book.book import Book, Effect, Incoming
from streams.book.changelog import Contents
from streams.feeds.feed_book import FeedBook
from streams.feeds.feeds_file import Feed
from streams.feeds.schemes import Posted
from streams.feeds.signatures import read_secret, scheme_of, verify
from streams.feeds.ways import ways_of
from streams.gateway.spoken import Promise, event_of
from streams.judging.feeds import NO_FEEDS, FeedOf, FeedsOf
from streams.judging.policy import Millis, Policies
from streams.judging.policy_file import parse_policies
from streams.judging.settle import judge
from streams.ledger.writer import Message
from streams.metrics.collector import SnapshotCollector
from streams.metrics.snapshot import PartitionCounts, Snapshot
from streams.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.transport import Chunk

ORDERS: Final = 150
"""Orders of a scenario, and inputs, where it does not say otherwise."""

GAP: Final[Millis] = 100
"""Between two orders."""

LOCATIONS: Final = 10
STAFF: Final = 4

START: Final[Instant] = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when the first order is made."""

SECOND: Final[Millis] = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
WALL: Final[Instant] = START + 1_000 * HOUR

DUE: Final = 20 * MINUTE
"""From order to due."""

GRACE: Final = 30 * SECOND
AT_RISK: Final = 2 * MINUTE
RETENTION: Final = 5 * MINUTE
SLICE: Final = 40
"""Events of one step of the worker."""

_READY: Final = '[[policy]]\nkind = "ready"\ngrace = "30s"\nat_risk = "2m"\n'
READY: Final = parse_policies(_READY, "one policy")
THREE_KINDS: Final = parse_policies(
    f"""{_READY}
    [[policy]]
    kind = "delivered"
    [[policy]]
    kind = "warm"
    kept_by = ["delivered"]
    """,
    "three kinds",
)
BY_ATTRIBUTES: Final = parse_policies(
    f"""{_READY}
    [[policy]]
    name = "vip"
    kind = "ready"
    when = {{ segment = "vip" }}
    [[policy]]
    name = "drive-in"
    kind = "ready"
    grace = "10s"
    when = {{ channel = ["car", "counter"], segment = "guest" }}
    """,
    "policies by attributes",
)
ASSUMED: Final = parse_policies(
    f"""{_READY}
    [[policy]]
    kind = "acknowledged"
    assumed = {{ starts_with = "placed", within = "15m" }}
    """,
    "a promise that a step makes",
)


@dataclass(frozen=True)
class Scenario:
    """What is counted: `step`, called with each of `inputs`; the first third of the calls only warms up.

    each: the number of events in one input, or of cases or rows where a scenario has no events. state: the partition
    state that the steps change, where there is just one.
    """

    step: Callable[[Any], object]
    inputs: Sequence[Any]
    each: int = 1
    state: Book | None = None

    @property
    def warm_up(self) -> Sequence[Any]:
        """The inputs that fill caches and let the interpreter specialise its code."""
        return self.inputs[: len(self.inputs) // 3]

    @property
    def blocks(self) -> list[Sequence[Any]]:
        """The inputs of the calls that are counted, in ten blocks or a few more."""
        counted = self.inputs[len(self.warm_up) :]
        size = max(1, len(counted) // 10)
        return [counted[first : first + size] for first in range(0, len(counted), size)]


# --- orders ----------------------------------------------------------------------------------------------------------

Build = Callable[[dict[str, Any], Instant], events.CaseEvent]
"""Makes the event of one order from the fields of its envelope and the time of its record."""


class Orders:
    """A partition state, and orders that all have the same events, each order GAP later than the one before it."""

    def __init__(
        self,
        policies: Policies = READY,
        *,
        feeds: FeedsOf = NO_FEEDS,
        retention: Millis | None = None,
        number: int = ORDERS,
    ) -> None:
        self.state = Book(policies, retention, feeds)
        self._number = number
        self._events = 0

    def records(self, build: Build, after: Millis, *, shift: Millis = 0) -> list[Incoming]:
        """One record of each order, `after` it was made; it says what occurred `shift` later than its timestamp."""
        serial, self._events = self._events, self._events + 1
        return [
            _record(build(_envelope(number, serial, at + shift), at), at)
            for number, at in enumerate(self.instants(after))
        ]

    def instants(self, after: Millis) -> list[Instant]:
        """The instants at which so much time has passed since each order was made."""
        return [START + number * GAP + after for number in range(self._number)]

    def apply(self, records: Sequence[Incoming]) -> list[Effect]:
        """Apply the records and return all effects."""
        return [effect for record in records for effect in self.state.apply(record, WALL)]

    def move(self, after: Millis) -> None:
        """Move the clock so far past each order in turn."""
        for at in self.instants(after):
            self.state.move(at, WALL)

    def applying(self, records: Sequence[Incoming]) -> Scenario:
        """Count how `records` are applied."""
        return Scenario(lambda record: self.state.apply(record, WALL), records, state=self.state)

    def moving(self, after: Millis) -> Scenario:
        """Count how the clock moves so far past each order in turn."""
        return Scenario(lambda at: self.state.move(at, WALL), self.instants(after), state=self.state)


def _envelope(number: int, serial: int, at: Instant) -> dict[str, Any]:
    location = f"shop-{number % LOCATIONS:03d}"
    return {
        "id": f"{number:06d}/{serial}",
        "case": f"order-{number:06d}",
        "occurred_at": moment(at),
        "received_at": moment(at + 40),
        "location": location,
        "staff": Staff(id=f"{location}-{number // LOCATIONS % STAFF}", role="cook"),
        "channel": "counter",
        "segment": "guest",
        "source": "benchmark",
    }


def _record(event: events.Record, at: Instant) -> Incoming:
    key = None if isinstance(event, events.Clock) else event.case.encode()
    return Incoming(at, key, msgspec.json.encode(event))


def _id(envelope: Mapping[str, Any], serial: int) -> str:
    """The id of an earlier event of the same order."""
    return f"{str(envelope['id']).partition('/')[0]}/{serial}"


# --- kinds of events -------------------------------------------------------------------------------------------------


def _made(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    return events.PromisesMade(**envelope, promises=[PromiseTerms(kind="ready", due=moment(at + DUE))])


def _three_made(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    terms = [PromiseTerms(kind=kind, due=moment(at + DUE)) for kind in ("ready", "delivered", "warm")]
    return events.PromisesMade(**envelope, promises=terms)


def _stated(envelope: dict[str, Any], at: Instant, *, due: Millis = DUE) -> events.CaseEvent:
    return events.PromisesStated(**envelope, promises=[PromiseTerms(kind="ready", due=moment(at + due))])


def _stated_again(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    return _stated(envelope, at, due=DUE - MINUTE)  # a minute later the same due is a minute nearer


def _step(step: str) -> Build:
    return lambda envelope, _: StepReached(**envelope, step=step)


_STARTED, _READY_NOW = _step("started"), _step("ready")


def _amended(by: Party) -> Build:
    return lambda envelope, at: events.PromiseAmended(**envelope, kind="ready", due=moment(at + DUE), by=by)


def _assigned(envelope: dict[str, Any], _: Instant) -> events.CaseEvent:
    return events.StaffAssigned(**envelope | {"staff": Staff(id="the-manager")})


def _corrected(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    """The order was ready half a minute earlier than was said."""
    instead = envelope | {"id": _id(envelope, 1), "occurred_at": moment(at - MINUTE - 30 * SECOND)}
    return events.Correction(**envelope, corrects=_id(envelope, 1), event=StepReached(**instead, step="ready"))


def _revoked(envelope: dict[str, Any], _: Instant) -> events.CaseEvent:
    return events.Correction(**envelope, corrects=_id(envelope, 1))


def _events(
    build: Build,
    *before: Build,
    policies: Policies = READY,
    feeds: FeedsOf = NO_FEEDS,
    after: Millis | None = None,
    shift: Millis = 0,
) -> Scenario:
    """One event of each order, when each has had those `before`, one a minute."""
    orders = Orders(policies, feeds=feeds)
    for minute, earlier in enumerate(before):
        orders.apply(orders.records(earlier, minute * MINUTE))
    return orders.applying(orders.records(build, len(before) * MINUTE if after is None else after, shift=shift))


def _duplicate() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    records = orders.records(_READY_NOW, MINUTE)
    orders.apply(records)
    return orders.applying(records)


def _refused(change: Callable[[Incoming], Incoming]) -> Scenario:
    orders = Orders()
    return orders.applying([change(record) for record in orders.records(_made, 0)])


def _clocks() -> Scenario:
    """Clock records of a source that no location waits for."""
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    return orders.applying(_clock_records(orders.instants(MINUTE)))


def _clock_records(instants: Sequence[Instant], timestamp: Instant | None = None) -> list[Incoming]:
    return [_record(events.Clock(source="till", at=moment(at)), timestamp or at) for at in instants]


# --- time ------------------------------------------------------------------------------------------------------------


def _at_risk() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    return orders.moving(DUE - AT_RISK)


def _overdue() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.move(DUE - AT_RISK)
    return orders.moving(DUE + GRACE + 1)


def _kept_after_its_deadline() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.move(DUE + GRACE + 1)
    return orders.applying(orders.records(_READY_NOW, DUE + HOUR))


def _ahead_comes_true() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE, shift=5 * MINUTE))
    return orders.moving(6 * MINUTE)


def _forgotten() -> Scenario:
    orders = Orders(retention=RETENTION)
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE))
    return orders.moving(DUE + RETENTION + 1)


# --- feeds that locations wait for -----------------------------------------------------------------------------------


def _fed(silent_after: Millis) -> FeedsOf:
    return {f"shop-{number:03d}": FeedOf("till", silent_after) for number in range(LOCATIONS)}


def _waiting_orders(silent_after: Millis) -> Orders:
    """Orders of a feed that was heard of when the first of them was made, and not since."""
    orders = Orders(feeds=_fed(silent_after))
    orders.apply(_clock_records([START]))
    orders.apply(orders.records(_made, 0))
    return orders


def _feed_awaited() -> Scenario:
    return _waiting_orders(HOUR).moving(DUE - AT_RISK)


def _feed_heard() -> Scenario:
    orders = _waiting_orders(HOUR)
    orders.move(DUE - AT_RISK)
    return orders.applying(_clock_records(orders.instants(DUE - AT_RISK), START + DUE))


def _feed_stale() -> Scenario:
    orders = _waiting_orders(10 * MINUTE)
    orders.move(DUE - AT_RISK)
    return orders.moving(DUE + GRACE + 1)


# --- long histories --------------------------------------------------------------------------------------------------

_FEW: Final = 36
_FACTS: Final = 40


def _long(build: Build, shift: Millis = 0) -> Scenario:
    """Events of orders that have had many steps before."""
    orders = Orders(number=_FEW)
    orders.apply(orders.records(_made, 0))
    for number in range(1, _FACTS):
        orders.apply(orders.records(_STARTED, number * 10 * SECOND))
    return orders.applying(orders.records(build, 10 * MINUTE, shift=shift))


def _from_scratch() -> Scenario:
    orders = Orders()
    for minute, build in enumerate((_made, _STARTED, _READY_NOW, _step("picked_up"))):
        orders.apply(orders.records(build, minute * MINUTE))
    cases = [orders.state.case(name) for name in orders.state.stored_cases()]
    return Scenario(lambda history: judge(history, READY, START + HOUR), [case.history for case in cases if case])


# --- what the worker does with a state -------------------------------------------------------------------------------

_EVENTS: Final = TP(EVENTS.name, 0)


class Read(NamedTuple):
    """A record as a Kafka client returns it."""

    offset: int
    timestamp: Instant
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def _verdicts() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    effects = orders.apply(orders.records(_READY_NOW, MINUTE))
    return Scenario(said, [effect for effect in effects if isinstance(effect, VerdictRecord)])


def _alerts() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    effects = orders.apply(_clock_records(orders.instants(DUE - AT_RISK)))
    return Scenario(said, [effect for effect in effects if isinstance(effect, AlertRecord)])


def _rejects() -> Scenario:
    refused, read = Refused("not_json", "JSON is malformed: invalid character (byte 0)"), Read(7, START, b"o", b"no")
    chunk = Chunk(_EVENTS, 7, [read])
    return Scenario(lambda _: refusal(chunk, read, refused), range(ORDERS))


def _kept_orders(number: int) -> Book:
    """A state that has changed since its changes were last written: so many orders were made and are ready."""
    orders = Orders(number=number)
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE))
    orders.state.next = 2 * number
    return orders.state


def _changes() -> Scenario:
    return Scenario(Book.changes, [_kept_orders(SLICE) for _ in range(6)], each=SLICE)


def _restored() -> Scenario:
    written = {key: value for key, value in _kept_orders(ORDERS).changes() if value is not None}
    return Scenario(lambda changelog: Book.restored(READY, Contents(changelog)), [written] * 6, each=ORDERS)


def _copied_rows() -> Scenario:
    return Scenario(lambda state: state.tally.copied_rows(), [_kept_orders(SLICE) for _ in range(6)], each=LOCATIONS)


def _collected() -> Scenario:
    """What a scrape asks of a worker, without writing it as text."""
    state, collector = _kept_orders(ORDERS), SnapshotCollector()
    tally = state.tally
    counts = PartitionCounts(clock=START, rows=tally.copied_rows(), windows=tally.windows.sums())
    collector.snapshot = Snapshot(ready=True, partitions={0: counts})
    return Scenario(lambda _: list(collector.collect()), range(6), each=LOCATIONS)


def _mix() -> Scenario:
    """The job of the benchmarks: promised, started, ready, picked up; 150 orders open, one in five too late.

    A step takes one slice: it applies the events, makes records of their effects, and encodes what changed.
    """
    read = [Read(offset, *record) for offset, record in enumerate(_mixed(300))]
    state, steady = Book(READY), 450
    for record in read[:steady]:
        state.apply(record, WALL)
    state.changes()

    def step(records: Sequence[Read]) -> tuple[object, object]:
        chunk = Chunk(_EVENTS, records[0].offset, records)
        made = [_to_kafka(chunk, record, effect) for record in records for effect in state.apply(record, WALL)]
        state.next = records[-1].offset + 1
        return made, state.changes()

    slices = [read[first : first + SLICE] for first in range(steady, len(read) - SLICE, SLICE)]
    return Scenario(step, slices, each=SLICE)


def _to_kafka(chunk: Chunk, record: Read, effect: Effect) -> Message:
    return refusal(chunk, record, effect) if isinstance(effect, Refused) else said(effect)


def _mixed(number: int) -> list[Incoming]:
    """Records of so many orders in order of time, until the last order is made."""
    timed = sorted(step for order in range(number) for step in _life(order))
    last = START + (number - 1) * 8 * SECOND
    return [
        _record(build(_envelope(order, serial, at), at), at)
        for at, order, serial, build in takewhile(lambda step: step[0] <= last, timed)
    ]


def _life(order: int) -> Iterator[tuple[Instant, int, int, Build]]:
    at = START + order * 8 * SECOND
    due = at + DUE
    ready = due + 90 * SECOND if order % 5 == 0 else due - (1 + order * 7_919 % 299) * SECOND
    for serial, (when, build) in enumerate(
        ((at, _made), (at + MINUTE, _STARTED), (ready, _READY_NOW), (ready + 2 * MINUTE, _step("picked_up")))
    ):
        yield when, order, serial, build


# --- intake and gateway ----------------------------------------------------------------------------------------------

_PARTITIONS: Final = {EVENTS.name: 4, REJECTS.name: 1, NEEDS_FETCH.name: 1}
Payload = Callable[[int, Instant], bytes]
"""The body of one record, by its number and its instant."""


def _intake(adapter: str, payload: Payload, headers: Mapping[str, str] = MappingProxyType({})) -> Scenario:
    """Records of a feed: opened, adapted, and made into records for promise.events."""
    feed, tp = Feed(adapter, f"feeds.{adapter}", adapter), TP(f"feeds.{adapter}", 0)
    book = FeedBook(feed, 0, ways_of([feed], {})[feed.name])
    encoded = [(name, value.encode()) for name, value in headers.items()]
    records = [
        Read(number, START + number * GAP, b"key", payload(number, START + number * GAP), encoded)
        for number in range(_FEW)
    ]
    return Scenario(
        lambda record: list(messages(book.take(record, WALL), Place.of(feed, tp, record, WALL), _PARTITIONS)), records
    )


def _canonical(number: int, at: Instant) -> bytes:
    return msgspec.json.encode(_READY_NOW(_envelope(number, 0, at), at))


def _cloudevent(number: int, at: Instant) -> bytes:
    attributes = {"specversion": "1.0", "id": f"e-{number}", "source": "/till", "type": "step", "time": show(at)}
    return msgspec.json.encode(attributes | {"data": msgspec.Raw(_canonical(number, at))})


def _captured(number: int, at: Instant) -> bytes:
    request = {"receivedAt": show(at), "headers": {"Content-Type": "application/json", "User-Agent": "till"}}
    return msgspec.json.encode(request | {"body": _canonical(number, at).decode()})


def _square_notification(number: int, at: Instant) -> bytes:
    order = {"order_id": f"O{number}", "version": 2, "location_id": "L1", "state": "OPEN", "updated_at": show(at)}
    data = {"type": "order_updated", "id": f"O{number}", "object": {"order_updated": order}}
    return msgspec.json.encode(
        {"merchant_id": "M1", "type": "order.updated", "event_id": f"e-{number}", "created_at": show(at), "data": data}
    )


def _square_order(number: int, at: Instant) -> bytes:
    details = {
        "schedule_type": "SCHEDULED",
        "pickup_at": show(at + DUE),
        "placed_at": show(at),
        "ready_at": show(at + 15 * MINUTE),
    }
    fulfillment = {"uid": f"F{number}", "type": "PICKUP", "state": "PREPARED", "pickup_details": details}
    order = {
        "id": f"O{number}",
        "location_id": f"L{number % LOCATIONS}",
        "source": {"name": "Web"},
        "created_at": show(at),
        "updated_at": show(at + 15 * MINUTE),
        "state": "OPEN",
        "version": 2,
        "fulfillments": [fulfillment],
    }
    return msgspec.json.encode({"order": order})


def _shopify_order(number: int, at: Instant) -> bytes:
    lines = [{"id": 466_157_049 + line, "title": "flat white", "quantity": 1, "price": "3.20"} for line in range(3)]
    order = {
        "id": 820_982_911_946 + number,
        "name": f"#{number}",
        "created_at": show(at),
        "updated_at": show(at),
        "closed_at": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "financial_status": "paid",
        "source_name": "web",
        "location_id": 31,
        "user_id": 55,
        "test": False,
        "line_items": lines,
        "fulfillments": [],
        "refunds": [],
    }
    return msgspec.json.encode(order)


def _toast_order(number: int, at: Instant) -> bytes:
    def time(instant: Instant) -> str:
        return show(instant).replace("Z", "+0000")

    selections = [{"guid": f"S{line}", "fulfillmentStatus": "NEW", "modifiedDate": time(at)} for line in range(3)]
    order = {
        "guid": f"O{number}",
        "entityType": "Order",
        "source": "Online",
        "server": {"guid": "S1", "entityType": "RestaurantUser"},
        "voided": False,
        "deleted": False,
        "deletedDate": "1970-01-01T00:00:00.000+0000",
        "createdDate": time(at),
        "openedDate": time(at + DUE),
        "promisedDate": time(at + DUE),
        "modifiedDate": time(at),
        "checks": [{"guid": "C1", "payments": [], "selections": selections}],
    }
    return msgspec.json.encode(
        {
            "timestamp": show(at),
            "eventCategory": "order_updated",
            "eventType": "order_updated",
            "guid": f"e-{number}",
            "details": {"restaurantGuid": f"R{number % LOCATIONS}", "order": order},
        }
    )


def _verified() -> Scenario:
    scheme, secret = scheme_of("shopify"), b"the secret of the benchmark"
    keys = read_secret(scheme, secret.decode())
    bodies = [_shopify_order(number, START) for number in range(ORDERS)]
    posted = [
        Posted(body, {"x-shopify-hmac-sha256": base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()})
        for body in bodies
    ]
    return Scenario(lambda request: verify(scheme, request, keys, START), posted)


def _manual() -> Scenario:
    said = {"kind": "ready", "within": "20m", "location": "shop-001", "staff": "ann"}
    bodies = [msgspec.json.encode(said | {"case": f"order-{number}"}) for number in range(ORDERS)]
    return Scenario(lambda body: event_of(Promise, body, "id", START), bodies)


# --- all -------------------------------------------------------------------------------------------------------------

SCENARIOS: Final[Mapping[str, Callable[[], Scenario]]] = {
    "mix/worker-step": _mix,
    "event/made": lambda: _events(_made),
    "event/made-three-kinds": lambda: _events(_three_made, policies=THREE_KINDS),
    "event/stated": lambda: _events(_stated),
    "event/stated-again": lambda: _events(_stated_again, _stated),
    "event/stated-anew": lambda: _events(_stated, _stated),
    "event/step-unread": lambda: _events(_STARTED, _made),
    "event/step-keeps": lambda: _events(_READY_NOW, _made),
    "event/step-keeps-too-late": _kept_after_its_deadline,
    "event/step-undone": lambda: _events(
        lambda envelope, _: events.StepUndone(**envelope, step="ready"), _made, _READY_NOW
    ),
    "event/amended-by-customer": lambda: _events(_amended("customer"), _made),
    "event/amended-by-us": lambda: _events(_amended("us"), _made),
    "event/withdrawn": lambda: _events(
        lambda envelope, _: events.PromiseWithdrawn(**envelope, kind="ready", by="us"), _made
    ),
    "event/cancelled": lambda: _events(lambda envelope, _: events.Cancelled(**envelope, by="customer"), _made),
    "event/assigned": lambda: _events(_assigned, _made),
    "event/hold-started": lambda: _events(
        lambda envelope, _: events.HoldStarted(**envelope, reason="oven", caused_by="us"), _made
    ),
    "event/corrected": lambda: _events(_corrected, _made, _READY_NOW),
    "event/revoked": lambda: _events(_revoked, _made, _READY_NOW),
    "event/late": lambda: _events(_READY_NOW, _made, _STARTED, shift=-90 * SECOND),
    "event/ahead": lambda: _events(_READY_NOW, _made, shift=5 * MINUTE),
    "event/duplicate": _duplicate,
    "event/clock": _clocks,
    "event/refused-not-json": lambda: _refused(lambda record: record._replace(value=b"no JSON")),
    "event/refused-wrong-key": lambda: _refused(lambda record: record._replace(key=b"another order")),
    "time/at-risk": _at_risk,
    "time/overdue": _overdue,
    "time/ahead-comes-true": _ahead_comes_true,
    "time/forgotten": _forgotten,
    "policy/by-attributes": lambda: _events(_made, policies=BY_ATTRIBUTES),
    "policy/assumed": lambda: _events(_step("placed"), policies=ASSUMED),
    "feed/made": lambda: _events(_made, feeds=_fed(HOUR)),
    "feed/step-keeps": lambda: _events(_READY_NOW, _made, feeds=_fed(HOUR)),
    "feed/waiting": _feed_awaited,
    "feed/reported": _feed_heard,
    "feed/stale": _feed_stale,
    "history/step-keeps": lambda: _long(_READY_NOW),
    "history/late": lambda: _long(_READY_NOW, shift=-5 * MINUTE),
    "judge/from-scratch": _from_scratch,
    "output/verdict": _verdicts,
    "output/alert": _alerts,
    "output/reject": _rejects,
    "changelog/changes": _changes,
    "changelog/restored": _restored,
    "metrics/rows-copied": _copied_rows,
    "metrics/collected": _collected,
    "intake/canonical": lambda: _intake("generic", _canonical),
    "intake/cloudevent": lambda: _intake("generic", _cloudevent),
    "intake/captured-request": lambda: _intake("generic", _captured),
    "intake/square-notification": lambda: _intake("square", _square_notification),
    "intake/square-order": lambda: _intake("square", _square_order),
    "intake/shopify-order": lambda: _intake("shopify", _shopify_order, {"X-Shopify-Topic": "orders/create"}),
    "intake/toast-order": lambda: _intake("toast", _toast_order),
    "intake/refused": lambda: _intake("square", lambda number, _: b"no JSON"),
    "gateway/signature": _verified,
    "gateway/manual-promise": _manual,
}
"""All scenarios by name. The part before the slash groups them."""
