"""The tuning constants of the engine: intervals, timeouts and limits, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All intervals, timeouts and limits of a process that reads Kafka through the engine.

    It is passed to whatever needs it. A test builds its own, such as `Timing(lost_seconds=0.1)`.
    """

    # The agent.

    tick_seconds: float = 0.05
    """The interval between looks at the wall clock: a deadline is noticed at most this late."""

    snapshot_seconds: float = 1.0
    """The maximum age of the snapshot behind /metrics. Each snapshot copies what changed; Prometheus scrapes every few
    seconds."""

    thread_switch_seconds: float = 0.001
    """The longest time the metrics thread may run before the event loop gets the interpreter back. Python's default of
    5 ms adds up."""

    slice_records: int = 100
    """Records to apply before the event loop gets a turn, a few milliseconds of work. A transaction needs about ten
    turns, so this determines its duration while a worker is busy."""

    slice_seconds: float = 0.005
    """The time to adapt records of feeds before the event loop gets a turn: adapters of some vendors take milliseconds
    for each record."""

    clock_record_seconds: float = 1.0
    """The interval between clock records of one partition of a feed, which delays deadlines that wait for the feed by
    as much. Each costs a record in every partition of promise.events, for good."""

    poll_delay_ms: int = 200
    """The age at which a record is certain to be in an answer of the broker: followers must have it first, and the
    answer needs time to arrive."""

    # Transactions.

    commit_seconds: float = 0.05
    """The minimum interval between the starts of two transactions of a partition. A transaction costs the worker and
    the broker about a millisecond each, and a row that changes often meanwhile is written once. It adds to the delay
    before a broken promise is published. The first transaction after a pause starts at once."""

    dirty_records: int = 50_000
    """The maximum number of changelog records that wait for a transaction; above it, the partition is not read."""

    batch_bytes: int = 900_000
    """The size at which a producer closes a batch. Brokers accept a mebibyte by default."""

    changelog_batch_bytes: int = 32 << 20
    """The largest record, or batch that must be whole, in promise.changelog: its max.message.bytes without headers."""

    transaction_ms: int = 10_000
    """The time after which the broker aborts an abandoned transaction. It is longer than a session, because within the
    session the next owner aborts it."""

    next_transaction_seconds: float = 0.001
    """The retry interval while the broker is still closing the previous transaction. aiokafka waits 20 ms, and nearly
    every transaction meets this."""

    start_producer_seconds: float = 15.0
    """The time in which a producer must find its transaction coordinator; then the partition is opened anew."""

    stop_producer_seconds: float = 2.0
    """The time in which a producer must close."""

    # Recovery.

    foreign_transaction_seconds: float = 1.0
    """The time to wait for open transactions of other producers in a shared topic. A transaction that is open for
    longer may be one of ours that Kafka never ended."""

    unstable_poll_seconds: float = 0.05
    """The interval between two looks at open transactions."""

    stalled_seconds: float = 15.0
    """The time without progress after which reading a changelog fails and starts anew."""

    retry_recovery_seconds: float = 0.5
    """The pause before the recovery of a partition is tried again."""

    lost_seconds: float = 30.0
    """The time in which a partition must be recovered or revoked. Then the process ends, and its supervisor restarts
    it."""

    max_losses: int = 10
    """The number of recoveries in a row after which Kafka may accept no transaction. Then the process ends, too."""

    flush_seconds: float = 2.0
    """The time that a revoked partition has to finish its last transaction. It makes the hand-over cheap; the hand-over
    is exact without it."""

    # Requests to Kafka.

    request_ms: int = 10_000
    """The timeout of a request to Kafka, and the maximum age of metadata about leaders."""

    retry_ms: int = 20
    """The pause before a request is repeated because the broker was not ready."""

    faust_request_seconds: float = 30.0
    """The timeout of a request of Faust's own consumer."""

    # The consumer group.

    session_seconds: float = 6.0
    """The silence after which the group gives the partitions of a member to others: the shortest that brokers allow by
    default."""

    heartbeat_seconds: float = 1.0
    """The interval between heartbeats: several may be lost within a session."""

    rebalance_seconds: float = 10.0
    """The time that members have to give up their partitions in a rebalance."""

    offset_commit_interval_seconds: float = 0.5
    """The interval between commits of offsets to the group. Only lag monitors need them: the changelog holds the offset
    at which a partition continues."""

    offset_commit_seconds: float = 2.0
    """The timeout of one commit of offsets. An older commit serves as well."""

    stop_client_seconds: float = 3.0
    """The time in which the client must leave its group and close."""

    # Fetching.

    fetch_seconds: float = 0.5
    """The longest wait of a fetch, and so the maximum age of the known end of an idle partition."""

    fetch_wait_ms: int = 50
    """The time that the broker may wait to fill a response up to `fetch_bytes`. Faust fixes it at 1500."""

    fetch_bytes: int = 65_536
    """The size of a response that is sent at once. A response costs a worker as much as dozens of events, so single
    events are gathered for `fetch_wait_ms`."""

    idle_seconds: float = 0.02
    """The pause when all partitions are paused, because the queue of the agent is full or a rebalance is under way."""

    poll_records: int = 5_000
    """The maximum number of records of one fetch."""

    batch_records: int = 1_000
    """The maximum number of records in a batch: enough to make the cost of one event small, few enough to keep the
    event loop responsive."""

    queued_batches: int = 8
    """The maximum number of batches in the queue of the agent: enough to keep it busy."""

    poll_limit_ms: int = 3_000
    """The age of the broker's last answer above which a partition no longer counts as caught up."""


TIMING: Final = Timing()
"""The defaults, used in production."""
