"""Measures how long a partition makes no progress, ten times a second.

Progress is what a reader of committed records sees of the changelog: an end that a commit has moved.

"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tests.worker.records import PARTITIONS

_EVERY: Final = 0.1


class Span(NamedTuple):
    """The time from one fault to the next, by the monotonic clock. fault: the fault. at_once: it struck before the
    recovery from the one before.
    """

    fault: str
    begin: float
    end: float
    at_once: bool


class Progress(threading.Thread):
    """A thread that records when each partition of `topic` moved. moves: the instants, by partition."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(name="progress", daemon=True)
        self.moves: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}
        self._address = bootstrap
        self._tps = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        self._ends: dict[int, int] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Watch until `finish`."""
        while not self._stopped.is_set():
            try:
                self._watch()
            except (KafkaError, OSError):
                time.sleep(_EVERY)

    def finish(self) -> None:
        self._stopped.set()
        self.join()

    def all_moved_since(self, instant: float) -> bool:
        return all(moves and moves[-1] > instant for moves in self.moves.values())

    def _watch(self) -> None:
        consumer = KafkaConsumer(
            bootstrap_servers=self._address,
            bootstrap_timeout_ms=2_000,
            enable_auto_commit=False,
            isolation_level="read_committed",
            request_timeout_ms=2_000,
            reconnect_backoff_max_ms=200,
        )
        try:
            while not self._stopped.is_set():
                self._record(consumer.end_offsets(self._tps, timeout_ms=2_000))
                time.sleep(_EVERY)
        finally:
            consumer.close()

    def _record(self, ends: dict[TopicPartition, int]) -> None:
        now = time.monotonic()
        for tp, end in ends.items():
            if end > self._ends.get(tp.partition, 0):
                self._ends[tp.partition] = end
                self.moves[tp.partition].append(now)


def longest_gap(moves: Iterable[float], span: Span) -> float:
    """Return the longest time without a move within a span.

    A gap that began earlier counts from the start of the span.
    """
    within = [instant for instant in moves if span.begin < instant <= span.end]
    return max(later - earlier for earlier, later in pairwise([span.begin, *within, span.end]))


def gaps(progress: Progress, spans: Iterable[Span]) -> dict[str, list[float]]:
    """Return, for each kind of fault, the longest gap of any partition, fault by fault.

    A fault that struck before the recovery from another one is left out, together with that other one.

    """
    gaps_by_fault: dict[str, list[float]] = {}
    alone = [
        span for span, after in pairwise([*spans, None]) if span and not (span.at_once or (after and after.at_once))
    ]
    for span in alone:
        longest = max(longest_gap(moves, span) for moves in progress.moves.values())
        gaps_by_fault.setdefault(span.fault, []).append(longest)
    return {fault: sorted(times) for fault, times in sorted(gaps_by_fault.items())}
