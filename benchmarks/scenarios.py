"""The scenarios of `make bench-instructions`, each for one kind of event or one feature.

A scenario prepares all of its inputs first. Its step is then called once per input, and only these calls are counted.
Commits are compared by the names of their scenarios, so a scenario whose work changes must get a new name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final

import msgspec
from faust.types import TP

from schemas import events
from schemas.events import PromiseTerms, Staff, StepReached
from schemas.instants import Instant, Millis, format_instant, to_datetime
from schemas.reading import Refused
from schemas.verdicts import AlertRecord, VerdictRecord
from schemas.words import Party
from streams.config.feeds import Feed
from streams.config.policies import parse_policies
from streams.engine.transport import Batch
from streams.gateway.manual_events import ManualPromise, event_of
from streams.intake.feed_adapters import adapters_of
from streams.intake.records import RecordContext, output_records
from streams.intake.state import FeedState
from streams.judging.locations import NO_FEEDS, FeedLookup, LocationFeed
from streams.judging.policy import Policies
from streams.judging.settle import judge
from streams.kafka.topics import EVENTS, NEEDS_FETCH, REJECTS
from streams.records import ConsumedRecord, KafkaRecord, OutputRecord
from streams.signatures.schemes import SignedRequest
from streams.signatures.verify import read_secret, scheme_of, verify
from streams.state.changelog import Contents
from streams.state.partition import Effect, PartitionState
from streams.worker.metrics import WorkerCollector
from streams.worker.records import output_record, reject_record
from streams.worker.snapshot import PartitionSnapshot, WorkerSnapshot

ORDERS: Final = 150
"""The number of orders, and of inputs, of most scenarios."""

GAP: Final[Millis] = 100
"""The time between two orders."""

LOCATIONS: Final = 10
STAFF: Final = 4

START: Final[Instant] = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the time of the first order."""

SECOND: Final[Millis] = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
WALL: Final[Instant] = START + 1_000 * HOUR

DUE: Final = 20 * MINUTE
"""The time from order to due."""

GRACE: Final = 30 * SECOND
AT_RISK: Final = 2 * MINUTE
RETENTION: Final = 5 * MINUTE
SLICE: Final = 40
"""The number of events that the worker processes in one step."""

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
    "a promise opened by a step",
)


@dataclass(frozen=True)
class Scenario:
    """The work that is counted: `step`, called with each of `inputs`. The first third of the calls is the warm-up.

    each: the number of events in one input; in scenarios without events, the number of cases or rows.
    state: the partition state that the steps change, if there is exactly one.
    """

    step: Callable[[Any], object]
    inputs: Sequence[Any]
    each: int = 1
    state: PartitionState | None = None

    @property
    def warm_up(self) -> Sequence[Any]:
        """The inputs of the calls that fill caches and let the interpreter specialise its code."""
        return self.inputs[: len(self.inputs) // 3]

    @property
    def blocks(self) -> list[Sequence[Any]]:
        """The inputs of the calls that are counted, in at least ten blocks if there are enough of them."""
        counted = self.inputs[len(self.warm_up) :]
        size = max(1, len(counted) // 10)
        return [counted[first : first + size] for first in range(0, len(counted), size)]


# --- orders ----------------------------------------------------------------------------------------------------------

Build = Callable[[dict[str, Any], Instant], events.CaseEvent]
"""Returns the event of one order, given the fields of its envelope and the timestamp of its record."""


class Orders:
    """A partition state with orders that all have the same events, each order GAP later than the previous one."""

    def __init__(
        self,
        policies: Policies = READY,
        *,
        feeds: FeedLookup = NO_FEEDS,
        retention: Millis | None = None,
        number: int = ORDERS,
    ) -> None:
        self.state = PartitionState(policies, retention, feeds)
        self._number = number
        self._events = 0

    def records(self, build: Build, after: Millis, *, shift: Millis = 0) -> list[KafkaRecord]:
        """Return one record of each order, `after` the order was made.

        shift: the time from the timestamp of the record to the event's `occurred_at`.
        """
        serial, self._events = self._events, self._events + 1
        return [
            _record(build(_envelope(number, serial, at + shift), at), at)
            for number, at in enumerate(self.instants(after))
        ]

    def instants(self, after: Millis) -> list[Instant]:
        """Return the instant of each order that is `after` it was made."""
        return [START + number * GAP + after for number in range(self._number)]

    def apply(self, records: Sequence[KafkaRecord]) -> list[Effect]:
        """Apply the records and return all effects."""
        return [effect for record in records for effect in self.state.apply(record, WALL)]

    def advance(self, after: Millis) -> None:
        """Advance the watermark to that instant of each order in turn."""
        for at in self.instants(after):
            self.state.advance(at, WALL)

    def applying(self, records: Sequence[KafkaRecord]) -> Scenario:
        """Return the scenario that applies `records`."""
        return Scenario(lambda record: self.state.apply(record, WALL), records, state=self.state)

    def advancing(self, after: Millis) -> Scenario:
        """Return the scenario that advances the watermark to that instant of each order in turn."""
        return Scenario(lambda at: self.state.advance(at, WALL), self.instants(after), state=self.state)


def _envelope(number: int, serial: int, at: Instant) -> dict[str, Any]:
    location = f"shop-{number % LOCATIONS:03d}"
    return {
        "id": f"{number:06d}/{serial}",
        "case": f"order-{number:06d}",
        "occurred_at": to_datetime(at),
        "received_at": to_datetime(at + 40),
        "location": location,
        "staff": Staff(id=f"{location}-{number // LOCATIONS % STAFF}", role="cook"),
        "channel": "counter",
        "segment": "guest",
        "source": "benchmark",
    }


def _record(event: events.Record, at: Instant) -> KafkaRecord:
    key = None if isinstance(event, events.Clock) else event.case.encode()
    return KafkaRecord(at, key, msgspec.json.encode(event))


def _id(envelope: Mapping[str, Any], serial: int) -> str:
    """Return the id of an earlier event of the same order."""
    return f"{str(envelope['id']).partition('/')[0]}/{serial}"


# --- kinds of events -------------------------------------------------------------------------------------------------


def _made(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    return events.PromisesMade(**envelope, promises=[PromiseTerms(kind="ready", due=to_datetime(at + DUE))])


def _three_made(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    terms = [PromiseTerms(kind=kind, due=to_datetime(at + DUE)) for kind in ("ready", "delivered", "warm")]
    return events.PromisesMade(**envelope, promises=terms)


def _stated(envelope: dict[str, Any], at: Instant, *, due: Millis = DUE) -> events.CaseEvent:
    return events.PromisesStated(**envelope, promises=[PromiseTerms(kind="ready", due=to_datetime(at + due))])


def _stated_again(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    return _stated(envelope, at, due=DUE - MINUTE)  # the same due as a minute ago


def _step(step: str) -> Build:
    return lambda envelope, _: StepReached(**envelope, step=step)


_STARTED, _READY_NOW = _step("started"), _step("ready")


def _amended(by: Party) -> Build:
    return lambda envelope, at: events.PromiseAmended(**envelope, kind="ready", due=to_datetime(at + DUE), by=by)


def _assigned(envelope: dict[str, Any], _: Instant) -> events.CaseEvent:
    return events.StaffAssigned(**envelope | {"staff": Staff(id="the-manager")})


def _corrected(envelope: dict[str, Any], at: Instant) -> events.CaseEvent:
    """Return a correction: the order was ready half a minute earlier."""
    instead = envelope | {"id": _id(envelope, 1), "occurred_at": to_datetime(at - MINUTE - 30 * SECOND)}
    return events.Correction(**envelope, corrects=_id(envelope, 1), event=StepReached(**instead, step="ready"))


def _revoked(envelope: dict[str, Any], _: Instant) -> events.CaseEvent:
    return events.Correction(**envelope, corrects=_id(envelope, 1))


def _events(
    build: Build,
    *before: Build,
    policies: Policies = READY,
    feeds: FeedLookup = NO_FEEDS,
    after: Millis | None = None,
    shift: Millis = 0,
) -> Scenario:
    """Return the scenario that applies one event of each order, after the events `before`, which are a minute apart."""
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


def _refused(change: Callable[[KafkaRecord], KafkaRecord]) -> Scenario:
    orders = Orders()
    return orders.applying([change(record) for record in orders.records(_made, 0)])


def _clocks() -> Scenario:
    """Return the scenario of clock records from a source that no location waits for."""
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    return orders.applying(_clock_records(orders.instants(MINUTE)))


def _clock_records(instants: Sequence[Instant], timestamp: Instant | None = None) -> list[KafkaRecord]:
    return [_record(events.Clock(source="till", at=to_datetime(at)), timestamp or at) for at in instants]


# --- time ------------------------------------------------------------------------------------------------------------


def _at_risk() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    return orders.advancing(DUE - AT_RISK)


def _overdue() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.advance(DUE - AT_RISK)
    return orders.advancing(DUE + GRACE + 1)


def _kept_after_its_deadline() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.advance(DUE + GRACE + 1)
    return orders.applying(orders.records(_READY_NOW, DUE + HOUR))


def _ahead_comes_true() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE, shift=5 * MINUTE))
    return orders.advancing(6 * MINUTE)


def _forgotten() -> Scenario:
    orders = Orders(retention=RETENTION)
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE))
    return orders.advancing(DUE + RETENTION + 1)


# --- feeds with a watermark of their own ------------------------------------------------------------------------------


def _feed_lookup(silent_after: Millis) -> FeedLookup:
    return {f"shop-{number:03d}": LocationFeed("till", silent_after) for number in range(LOCATIONS)}


def _orders_of_feed(silent_after: Millis) -> Orders:
    """Return orders from a feed whose watermark is the time of the first order."""
    orders = Orders(feeds=_feed_lookup(silent_after))
    orders.apply(_clock_records([START]))
    orders.apply(orders.records(_made, 0))
    return orders


def _waiting_for_feed() -> Scenario:
    return _orders_of_feed(HOUR).advancing(DUE - AT_RISK)


def _feed_reported() -> Scenario:
    orders = _orders_of_feed(HOUR)
    orders.advance(DUE - AT_RISK)
    return orders.applying(_clock_records(orders.instants(DUE - AT_RISK), START + DUE))


def _feed_stale() -> Scenario:
    orders = _orders_of_feed(10 * MINUTE)
    orders.advance(DUE - AT_RISK)
    return orders.advancing(DUE + GRACE + 1)


# --- long histories --------------------------------------------------------------------------------------------------

_FEW: Final = 36
_FACTS: Final = 40


def _long(build: Build, shift: Millis = 0) -> Scenario:
    """Return the scenario that applies one event to each of a few orders with many earlier steps."""
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


def _verdicts() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    effects = orders.apply(orders.records(_READY_NOW, MINUTE))
    return Scenario(output_record, [effect for effect in effects if isinstance(effect, VerdictRecord)])


def _alerts() -> Scenario:
    orders = Orders()
    orders.apply(orders.records(_made, 0))
    effects = orders.apply(_clock_records(orders.instants(DUE - AT_RISK)))
    return Scenario(output_record, [effect for effect in effects if isinstance(effect, AlertRecord)])


def _rejects() -> Scenario:
    refused = Refused("not_json", "JSON is malformed: invalid character (byte 0)")
    record = KafkaRecord(START, b"o", b"no", offset=7)
    batch = Batch(_EVENTS, 7, [record])
    return Scenario(lambda _: reject_record(batch, record, refused), range(ORDERS))


def _kept_orders(number: int) -> PartitionState:
    """Return a state with this number of orders, made and ready, whose changes were never written."""
    orders = Orders(number=number)
    orders.apply(orders.records(_made, 0))
    orders.apply(orders.records(_READY_NOW, MINUTE))
    orders.state.next = 2 * number
    return orders.state


def _changes() -> Scenario:
    return Scenario(PartitionState.changes, [_kept_orders(SLICE) for _ in range(6)], each=SLICE)


def _restored() -> Scenario:
    written = {key: value for key, value in _kept_orders(ORDERS).changes() if value is not None}
    return Scenario(lambda changelog: PartitionState.restored(READY, Contents(changelog)), [written] * 6, each=ORDERS)


def _copied_rows() -> Scenario:
    return Scenario(lambda state: state.counts.copied_rows(), [_kept_orders(SLICE) for _ in range(6)], each=LOCATIONS)


def _collected() -> Scenario:
    """Return the scenario of a scrape, without formatting the metrics as text."""
    state, collector = _kept_orders(ORDERS), WorkerCollector()
    snapshot = PartitionSnapshot(rows=state.counts.copied_rows(), windows=state.counts.windows.sums())
    collector.snapshot = WorkerSnapshot(ready=True, partitions={0: snapshot})
    return Scenario(lambda _: list(collector.collect()), range(6), each=LOCATIONS)


def _mix() -> Scenario:
    """Return the job of the other benchmarks: promised, started, ready, picked up; one order in five is late.

    150 orders are open at any time. A step does the work of the worker for one slice: it applies the events, makes the
    output records, and encodes the changes.
    """
    records = [record._replace(offset=offset) for offset, record in enumerate(_mixed(300))]
    state, steady = PartitionState(READY), 450
    for record in records[:steady]:
        state.apply(record, WALL)
    state.changes()

    def step(batch: Batch) -> tuple[object, object]:
        outputs = [_output(batch, record, effect) for record in batch.records for effect in state.apply(record, WALL)]
        state.next = batch.end
        return outputs, state.changes()

    firsts = range(steady, len(records) - SLICE, SLICE)
    slices = [Batch(_EVENTS, first, records[first : first + SLICE]) for first in firsts]
    return Scenario(step, slices, each=SLICE)


def _output(batch: Batch, record: ConsumedRecord, effect: Effect) -> OutputRecord:
    return reject_record(batch, record, effect) if isinstance(effect, Refused) else output_record(effect)


def _mixed(number: int) -> list[KafkaRecord]:
    """Return the records of this number of orders in order of time, until the last order is made."""
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
"""Returns the body of one record, given its number and timestamp."""


def _intake(adapter: str, payload: Payload, headers: Mapping[str, str] = MappingProxyType({})) -> Scenario:
    """Return the scenario that adapts records of a feed and makes the output records."""
    feed, tp = Feed(adapter, f"feeds.{adapter}", adapter), TP(f"feeds.{adapter}", 0)
    state = FeedState(feed, 0, adapters_of([feed], {})[feed.name])
    encoded = [(name, value.encode()) for name, value in headers.items()]
    records = [
        KafkaRecord(at, b"key", payload(number, at), encoded, offset=number)
        for number, at in enumerate(range(START, START + _FEW * GAP, GAP))
    ]

    def step(record: KafkaRecord) -> list[OutputRecord]:
        context = RecordContext.of(feed, tp, record, WALL)
        return list(output_records(state.apply(record, WALL), context, _PARTITIONS))

    return Scenario(step, records)


def _canonical(number: int, at: Instant) -> bytes:
    return msgspec.json.encode(_READY_NOW(_envelope(number, 0, at), at))


def _cloudevent(number: int, at: Instant) -> bytes:
    attributes = {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/till",
        "type": "step",
        "time": format_instant(at),
    }
    return msgspec.json.encode(attributes | {"data": msgspec.Raw(_canonical(number, at))})


def _captured(number: int, at: Instant) -> bytes:
    request = {"receivedAt": format_instant(at), "headers": {"Content-Type": "application/json", "User-Agent": "till"}}
    return msgspec.json.encode(request | {"body": _canonical(number, at).decode()})


def _square_notification(number: int, at: Instant) -> bytes:
    order = {
        "order_id": f"O{number}",
        "version": 2,
        "location_id": "L1",
        "state": "OPEN",
        "updated_at": format_instant(at),
    }
    data = {"type": "order_updated", "id": f"O{number}", "object": {"order_updated": order}}
    return msgspec.json.encode(
        {
            "merchant_id": "M1",
            "type": "order.updated",
            "event_id": f"e-{number}",
            "created_at": format_instant(at),
            "data": data,
        }
    )


def _square_order(number: int, at: Instant) -> bytes:
    details = {
        "schedule_type": "SCHEDULED",
        "pickup_at": format_instant(at + DUE),
        "placed_at": format_instant(at),
        "ready_at": format_instant(at + 15 * MINUTE),
    }
    fulfillment = {"uid": f"F{number}", "type": "PICKUP", "state": "PREPARED", "pickup_details": details}
    order = {
        "id": f"O{number}",
        "location_id": f"L{number % LOCATIONS}",
        "source": {"name": "Web"},
        "created_at": format_instant(at),
        "updated_at": format_instant(at + 15 * MINUTE),
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
        "created_at": format_instant(at),
        "updated_at": format_instant(at),
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
        return format_instant(instant).replace("Z", "+0000")

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
            "timestamp": format_instant(at),
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
        SignedRequest(
            body, {"x-shopify-hmac-sha256": base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()}
        )
        for body in bodies
    ]
    return Scenario(lambda request: verify(scheme, request, keys, START), posted)


def _manual() -> Scenario:
    entry = {"kind": "ready", "within": "20m", "location": "shop-001", "staff": "ann"}
    bodies = [msgspec.json.encode(entry | {"case": f"order-{number}"}) for number in range(ORDERS)]
    return Scenario(lambda body: event_of(ManualPromise, body, "id", START), bodies)


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
    "feed/made": lambda: _events(_made, feeds=_feed_lookup(HOUR)),
    "feed/step-keeps": lambda: _events(_READY_NOW, _made, feeds=_feed_lookup(HOUR)),
    "feed/waiting": _waiting_for_feed,
    "feed/reported": _feed_reported,
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
"""All scenarios by name. The part before the slash is the group."""
