"""The private parts of Faust and aiokafka that the transport and the ledger override, use or rely on, in one table.

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
_PRODUCER = "aiokafka.producer.producer:AIOKafkaProducer"
_SENDER = "aiokafka.producer.sender"
_BATCHES = "aiokafka.producer.message_accumulator"
_TRANSACTIONS = "aiokafka.producer.transaction_manager:TransactionManager"

PRIVATES = (
    Private(
        f"{_THREAD}._create_worker_consumer",
        ("_create_worker_consumer",),
        "Extended to set attributes of the client that Faust fixes: it must still make it and not start it.",
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
        "Replaced: look whether it does more than note the time, commit, and crash the thread where that fails.",
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
        (
            "_isolation_level",
            "_fetch_max_wait_ms",
            "_fetch_min_bytes",
            "_partition_assignment_strategy",
            "_subscription",
        ),
        "The first four are read here, when the client starts, so setting them before is enough.",
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
    Private(
        f"{_SENDER}:AddPartitionsToTxnHandler.handle_response",
        (),
        "Relied on: waits BACKOFF_OVERRIDE seconds, which we shorten, while the transaction before is being closed.",
        "67266db24da2dfaf",
    ),
    Private(
        f"{_SENDER}:InitPIDHandler.handle_response",
        (),
        "Relied on: start() returns only when the broker has fenced the former producer and ended its transaction.",
        "bdb0727aba5de02e",
    ),
    Private(
        f"{_SENDER}:Sender._do_txn_commit",
        (),
        "Why every batch is looked at before a commit: it commits whatever became of them.",
        "8263eaebb7c30ea1",
    ),
    Private(
        f"{_PRODUCER}.create_batch",
        (),
        "Relied on: a batch of a transactional producer is of the transaction, and bounded by max_batch_size.",
        "c4efda4bb7a09741",
    ),
    Private(
        f"{_PRODUCER}.send_batch",
        (),
        "Relied on: batches of a partition go one after the other, each as it is; the future is failed with its error.",
        "bf42b0f0c5c0646d",
    ),
    Private(
        f"{_BATCHES}:BatchBuilder.append",
        (),
        "Relied on: None when the batch is full; the first record is taken, whatever its size.",
        "657d76f55157d9ca",
    ),
    Private(
        f"{_PRODUCER}.stop",
        (),
        "Why it has a time limit: it waits until all is written, and when it is cancelled the sender goes on.",
        "43ef97147111893b",
    ),
    Private(
        f"{_SENDER}:Sender.close",
        ("_sender",),
        "Used after a stop that took too long: ends the tasks that would write later.",
        "f60b3d023d2526f4",
    ),
    Private(
        f"{_BATCHES}:MessageAccumulator.fail_all",
        ("_message_accumulator", "_batches", "_pending_batches"),
        "Used after that: fails what was not written, waiting or under way, so that nobody waits for it.",
        "f1e12e8100bfcb8c",
    ),
    Private(
        f"{_BATCHES}:MessageAccumulator._pop_batch",
        (),
        "Why what waits is put among what is under way first: a batch that is tried again removes itself from there.",
        "41cc98a298ef2628",
    ),
    Private(
        f"{_BATCHES}:MessageBatch.failure",
        ("_drain_waiter",),
        "Why these futures are looked at: it fails them also where nobody waits.",
        "719b2122c318e955",
    ),
    Private(
        f"{_TRANSACTIONS}.wait_for_transaction_end",
        ("_txn_manager",),
        "The future of the transaction under way, which is failed also where nobody waits.",
        "67dc578aafc32bbf",
    ),
    Private(
        f"{_FETCHER}._proc_offset_request",
        (),
        "Relied on: sends the isolation level, so the end for a read_committed consumer is the last stable offset.",
        "40c09472da94d88c",
    ),
)
