"""The private parts of Faust and aiokafka that the transport overrides, uses or relies on, in one table.

All three packages are pinned exactly. A test compares `digest` with what is installed and fails when a release changes
one of these; then read what changed, decide whether `why` still holds, and put the new digest here.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from hashlib import sha256
from pkgutil import resolve_name


@dataclass(frozen=True, slots=True)
class Private:
    """One private part. `names` are the private names in it that our code says."""

    where: str
    names: tuple[str, ...]
    why: str
    digest: str

    def installed(self) -> str:
        """The digest of the source as it is installed; raises AttributeError if the part is gone."""
        return sha256(inspect.getsource(resolve_name(self.where)).encode()).hexdigest()[:16]


_THREAD = "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread"
_CONSUMER = "faust.transport.consumer:Consumer"
_DELEGATE = "faust.transport.consumer:ThreadDelegateConsumer"
_CLIENT = "aiokafka.consumer.consumer:AIOKafkaConsumer"
_FETCHER = "aiokafka.consumer.fetcher:Fetcher"
_STATE = "aiokafka.consumer.subscription_state"

PRIVATES = (
    Private(
        f"{_THREAD}._create_worker_consumer",
        ("_create_worker_consumer",),
        "Extended to set two attributes of the client that Faust fixes: it must still make it and not start it.",
        "c2701bfc3e6f6cad",
    ),
    Private(
        f"{_THREAD}._fetch_records",
        ("_fetch_records",),
        "Extended to take a snapshot of the ends of the partitions in the same step: the last await must be the fetch.",
        "39a2c6c79fc1455a",
    ),
    Private(
        f"{_THREAD}._ensure_consumer",
        ("_ensure_consumer",),
        "The client, or an error that says that it has not started.",
        "ff4a4c693b7ec63f",
    ),
    Private(
        "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread",
        ("_new_consumer_thread",),
        "Replaced to make our thread.",
        "0870ec53dea75083",
    ),
    Private(
        f"{_CONSUMER}._drain_messages",
        ("_drain_messages",),
        "Replaced: fetches chunks. Look whether Faust handles another error or stop there.",
        "44a2500309e83c63",
    ),
    Private(
        f"{_CONSUMER}.perform_seek",
        (),
        "Replaced: notes that all partitions are read from the application's positions.",
        "0e8c130ff4b0afd8",
    ),
    Private(
        f"{_CONSUMER}._filter_committable_offsets",
        ("_filter_committable_offsets",),
        "Replaced: commits what the positions say.",
        "dc5e9baf5d994485",
    ),
    Private(
        f"{_DELEGATE}._commit",
        ("_commit",),
        "Extended to remember what was committed.",
        "a20eec84e4b2ed50",
    ),
    Private(
        f"{_THREAD}._commit",
        (),
        "Used with a time limit, so it may be cancelled at any await.",
        "932852ce7a23f658",
    ),
    Private(
        "mode.threads:ServiceThread._shutdown_thread",
        (),
        "Relied on: on_thread_stop may take its time, but must not raise, or the worker never ends.",
        "d7377862e73421a2",
    ),
    Private(
        f"{_CONSUMER}._commit_tps",
        (),
        "Relied on: every commit, also the one at revocation and at the end, asks _filter_committable_offsets.",
        "a20e230b05ae8b15",
    ),
    Private(
        f"{_CONSUMER}.ack",
        ("_acked", "_acked_index"),
        "These lists grow with every acknowledged chunk; they are emptied at every commit.",
        "5fcf41cf45153475",
    ),
    Private(
        f"{_CONSUMER}._get_active_partitions",
        ("_get_active_partitions",),
        "Which partitions are neither paused nor held back because the agent's queue is full.",
        "b24897f3c7afdb5d",
    ),
    Private(
        f"{_DELEGATE}.__init__",
        ("_thread",),
        "The thread that _new_consumer_thread made.",
        "7072ae80eac1ff62",
    ),
    Private(
        f"{_DELEGATE}._getmany",
        ("_getmany",),
        "One fetch, in the thread.",
        "f9d47aa9010b5ff2",
    ),
    Private(
        "faust.tables.recovery:Recovery._resume_streams",
        (),
        "Relied on: on_rebalance_complete, then perform_seek, then the queues are emptied, then the flow resumes.",
        "d986a6710c1aca98",
    ),
    Private(
        "faust.app.base:App._on_partitions_revoked",
        (),
        "Relied on: stops the flow, empties the queues, waits for the agents, commits, tells on_partitions_revoked.",
        "d5c895bbe57dc73a",
    ),
    Private(
        "faust.transport.conductor:ConductorCompiler.build",
        (),
        "Relied on: carries a message whose value is a chunk to the agent, and pauses a partition whose queue is full.",
        "837cf521368c1ee4",
    ),
    Private(
        f"{_CLIENT}.start",
        ("_isolation_level", "_fetch_max_wait_ms", "_partition_assignment_strategy", "_subscription"),
        "The first three are read here, when the client starts, so setting them before is enough.",
        "2f1ba70443327538",
    ),
    Private(
        f"{_FETCHER}._proc_fetch_request",
        (),
        "Relied on: drops answers for an offset that is not the position now; sets highwater and timestamp together.",
        "59bf948fff47eed5",
    ),
    Private(
        "aiokafka.consumer.fetcher:PartitionRecords._consumer_record",
        ("_consumer_record",),
        "Replaced: returns the decoded record. Look whether anybody in aiokafka reads other fields of it.",
        "e668541600b047ab",
    ),
    Private(
        f"{_FETCHER}.fetched_records",
        (),
        "Relied on: moves the position when it returns records, and only then.",
        "be4348896b9b66af",
    ),
    Private(
        f"{_FETCHER}.seek_to",
        (),
        "Relied on: forgets what was fetched for the old position.",
        "f0ba6aba6c22ef83",
    ),
    Private(
        f"{_STATE}:TopicPartitionState",
        (),
        "position, highwater and timestamp (milliseconds) of a partition; new at each assignment.",
        "2b83334afadf6d98",
    ),
)
