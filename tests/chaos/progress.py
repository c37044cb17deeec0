"""Measures how long a partition stands still: how far its durable results are, looked at ten times a second.

What counts is what a reader under read_committed can see of the changelog: the end that a commit has moved.
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
    """From one fault to the next, by the monotonic clock. what: the fault, in words. at_once: the one before it was
    not got over yet."""

    what: str
    begin: float
    end: float
    at_once: bool


class Progress(threading.Thread):
    """Notes when each partition of `topic` moved. moves: the instants, by partition."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(name="progress", daemon=True)
        self.moves: dict[int, list[float]] = {partition: [] for partition in range(PARTITIONS)}
        self._address = bootstrap
        self._places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        self._ends: dict[int, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        """Look until `finish`."""
        while not self._over.is_set():
            try:
                self._watch()
            except (KafkaError, OSError):
                time.sleep(_EVERY)

    def finish(self) -> None:
        self._over.set()
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
            while not self._over.is_set():
                self._note(consumer.end_offsets(self._places, timeout_ms=2_000))
                time.sleep(_EVERY)
        finally:
            consumer.close()

    def _note(self, ends: dict[TopicPartition, int]) -> None:
        now = time.monotonic()
        for place, end in ends.items():
            if end > self._ends.get(place.partition, 0):
                self._ends[place.partition] = end
                self.moves[place.partition].append(now)


def longest_gap(moves: Iterable[float], span: Span) -> float:
    """The longest time without a move within a span; a gap that began before counts from the beginning of the span."""
    within = [instant for instant in moves if span.begin < instant <= span.end]
    return max(later - earlier for earlier, later in pairwise([span.begin, *within, span.end]))


def gaps(progress: Progress, spans: Iterable[Span]) -> dict[str, list[float]]:
    """For each kind of fault, the gap of the partition that stood still longest, fault by fault.

    Faults that came while another was not got over yet are left out, with that other one.
    """
    found: dict[str, list[float]] = {}
    alone = [
        span for span, after in pairwise([*spans, None]) if span and not (span.at_once or (after and after.at_once))
    ]
    for span in alone:
        longest = max(longest_gap(moves, span) for moves in progress.moves.values())
        found.setdefault(span.what, []).append(longest)
    return {what: sorted(times) for what, times in sorted(found.items())}
