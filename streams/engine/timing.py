"""How long, how often and how much: every number that was chosen, with its reason."""

from __future__ import annotations

from typing import Final

TICK_SECONDS: Final = 0.05
"""How often the clock is looked at: a deadline is found at most this much after it passed."""

EXPOSE_SECONDS: Final = 1.0
"""How old what /metrics shows may be. What changed is copied each time, and Prometheus asks every few seconds."""

SWITCH_SECONDS: Final = 0.001
"""How long the thread that answers Prometheus may keep the event loop waiting, each time. Python's own 5 ms add up."""

COMMIT_SECONDS: Final = 0.05
"""From the start of one transaction of a partition to the start of the next, at least: a transaction costs the worker
and the broker about a millisecond each, and a row that changes often meanwhile is written once. It is a part of how
late a broken promise is told. The first step after a pause is written at once."""

SLICE_RECORDS: Final = 100
"""Records that are judged before the event loop has its turn, a few milliseconds of work: a transaction needs about ten
turns, so this decides how long it takes while a worker is busy."""

SLICE_SECONDS: Final = 0.005
"""How long records of feeds are adapted before the event loop has its turn: some vendors' take milliseconds each."""

CLOCK_SECONDS: Final = 1.0
"""How often intake says how far a partition of a feed is read: a deadline that waits for the feed is found so much
later. Each time costs a record in every partition of promise.events, for good."""

ANSWER_MS: Final = 200
"""How old a record may be that is not in the broker's last answer, though there was nothing more: other brokers have to
have it first, and the answer takes its way."""

SETTLE_SECONDS: Final = 1.0
"""How long the transactions of others may be open where several write; what is open for longer may be one of ours that
Kafka never ended."""

DIRTY_RECORDS: Final = 50_000
"""Changelog records waiting for their transaction, at most; then the partition is not read until they are fewer."""

BATCH_BYTES: Final = 900_000
"""A batch is closed beyond this; brokers take a mebibyte unless told otherwise."""

CHANGELOG_BATCH_BYTES: Final = 32 << 20
"""The largest record, or batch that has to be whole, in promise.changelog: its max.message.bytes, less headers."""

SESSION_SECONDS: Final = 6.0
"""How long a worker may be silent before its partitions go to others. The least that brokers allow by default."""

HEARTBEAT_SECONDS: Final = 1.0
"""How often a worker says that it is there: several may be lost within a session."""

REBALANCE_SECONDS: Final = 10.0
"""How long the others wait for a worker to give up its partitions."""

TRANSACTION_MS: Final = 10_000
"""When the broker ends a transaction that nobody finishes. Longer than a session: until then the next owner ends it."""

REQUEST_MS: Final = 10_000
"""How long one request to Kafka may take; also how old what is known of leaders may be."""

RETRY_MS: Final = 20
"""How long to wait before a request is repeated that the broker was not ready for."""

NEXT_TRANSACTION_SECONDS: Final = 0.001
"""How long to wait while the broker still closes the transaction before; aiokafka waits 20 ms, and nearly every
transaction meets this."""

FLUSH_SECONDS: Final = 2.0
"""How long a worker that gives up partitions waits for what it wrote last: it makes the hand-over cheap, not exact."""

START_WRITER_SECONDS: Final = 15.0
"""How long a producer may take to find who coordinates its transactions; then it is tried again from the start."""

STOP_WRITER_SECONDS: Final = 2.0
"""How long a producer may take to close."""

STALLED_SECONDS: Final = 15.0
"""How long a changelog may give nothing more before its end; then it is read again from the start."""

REOPEN_SECONDS: Final = 0.5
"""How long to wait before a partition that could not be opened is tried again."""

LOST_SECONDS: Final = 30.0
"""How long a partition may be neither open nor given up. Then the worker ends, and its supervisor starts it again."""

LOSSES: Final = 10
"""How often in a row a partition may be opened for nothing: Kafka takes no step of it. Then the worker ends, too."""
