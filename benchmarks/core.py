"""`make bench-core`: what one event costs in one process, without Kafka: decode, apply, judge, count, encode.

CPU time, because the machine is shared; compare figures of one run with each other and not with those of another.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from benchmarks.orders import POLICIES, PROMISED, START, orders
from schemas.events import CaseEvent, Clock
from schemas.reading import read_event
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.facts import Fact
from streams.judging.settle import add_fact, settle
from streams.records import KafkaRecord
from streams.state import case_codec
from streams.state.fast_path import try_append
from streams.state.partition import PartitionState

SKETCH = """\
the design's sketch, for comparison, measured elsewhere and without encoding verdicts, RFC 3339 times or window sums:
    1 700 open: 10.1 us/event;  33 000 open: 10.8-11.7;  1 000 000 open: 8.2-10.1 compiled, 414 bytes/promise"""

EVENTS = 100_000
ROUNDS = 3
WALL = 1 << 50


def main(arguments: Sequence[str]) -> None:
    """Print all figures; with `profile`, a profile instead."""
    if "profile" in arguments:
        _profile(50_000)
        return
    print(f"Python {sys.version.split()[0]}; medians of {ROUNDS} x {EVENTS} events; CPU time")
    print(f"a fixed loop of Python, for scale: {_per_call(_fixed_loop, 20) / 1000:.2f} ms")
    for open_orders in (50_000, 1_000_000):
        _steady(open_orders)
    print(SKETCH)
    print("one step at a time, microseconds of CPU:")
    for name, micros in _stages():
        print(f"  {name:<34}{micros:8.2f}")


def _steady(open_orders: int) -> None:
    state, records = _warm(open_orders)
    stored = state.stored_bytes() / len(state)
    before = state.fast_path
    costs = sorted(_cost(state, list(islice(records, EVENTS))) for _ in range(ROUNDS))
    micros, share = costs[ROUNDS // 2], (state.fast_path - before) / (ROUNDS * EVENTS)
    print(f"{open_orders:>9} open: {1e6 / micros:9.0f} events/s {micros:7.2f} us/event, ", end="")
    print(f"{stored:.0f} bytes/case, {share:.0%} of events on the fast path")


def _warm(open_orders: int) -> tuple[PartitionState, Iterator[KafkaRecord]]:
    """Return a partition state with that many open promises, and the records that come next."""
    state, records = PartitionState(POLICIES), orders(open_orders)
    for record in records:
        state.apply(record, WALL)
        if record.timestamp >= START + PROMISED:
            break
    return state, records


def _cost(state: PartitionState, records: list[KafkaRecord]) -> float:
    gc.collect()
    gc.disable()
    began = time.process_time()
    for record in records:
        state.apply(record, WALL)
    spent = time.process_time() - began
    gc.enable()
    return spent / len(records) * 1e6


def _stages() -> Iterator[tuple[str, float]]:
    made = next(orders(1))
    event = _event(made)
    fact = admit(event, POLICIES)
    case = _settled(fact)
    stored = case_codec.encode(case)
    yield "JSON to event", _per_call(lambda: read_event(made.value))
    yield "event to fact", _per_call(lambda: admit(event, POLICIES))
    yield "a new case: add_fact and settle", _per_call(lambda: _settled(fact))
    yield "stored case to case", _per_call(lambda: case_codec.decode(stored, POLICIES))
    yield "settle, nothing changed", _per_call(lambda: settle(case, POLICIES, START))
    yield "case to stored case", _per_call(lambda: case_codec.encode(case))
    [started] = [record for record in islice(orders(1), 10) if b'"step":"started"' in (record.value or b"")][:1]
    step = admit(_event(started), POLICIES)
    yield "a step on the fast path", _per_call(lambda: try_append(stored, step, POLICIES, step.at))


def _event(record: KafkaRecord) -> CaseEvent:
    event = read_event(record.value)
    assert not isinstance(event, Clock)
    return event


def _settled(fact: Fact) -> Case:
    case = Case()
    add_fact(case, fact, POLICIES, START)
    settle(case, POLICIES, START)
    return case


def _per_call(step: Callable[[], object], calls: int = 20_000) -> float:
    """Return the microseconds of one call, the best of three tries."""
    tries = []
    for _ in range(3):
        began = time.process_time()
        for _ in range(calls):
            step()
        tries.append(time.process_time() - began)
    return min(tries) / calls * 1e6


def _fixed_loop() -> None:
    total = 0
    for number in range(100_000):
        total += number & 7


def _profile(open_orders: int) -> None:
    state, records = _warm(open_orders)
    measured = list(islice(records, EVENTS))
    with cProfile.Profile() as profile:
        for record in measured:
            state.apply(record, WALL)
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main(sys.argv[1:])
