"""The table of private parts of Faust, mode and aiokafka that the engine overrides, uses or relies on.

All three packages are pinned exactly. A test compares each digest with the installed source, and fails when a release
changes one of these parts. Then read the change, decide whether `why` still holds, and enter the new digest.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from hashlib import sha256
from pkgutil import resolve_name


@dataclass(frozen=True, slots=True)
class Private:
    """A private part. names: the private names of it that our code uses."""

    where: str
    names: tuple[str, ...]
    why: str
    digest: str

    def installed(self) -> str:
        """Return the digest of the installed source. Raises AttributeError if the part is gone."""
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
        "Extended to set attributes of the client that Faust fixes. It must create the client without starting it.",
        "c2701bfc3e6f6cad",
    ),
    Private(
        f"{_THREAD}._fetch_records",
        ("_fetch_records",),
        "Extended to take a snapshot of the ends of all partitions in the same step. Its last await must be the fetch.",
        "39a2c6c79fc1455a",
    ),
    Private(
        f"{_THREAD}._ensure_consumer",
        ("_ensure_consumer",),
        "Returns the client, or raises an error if it has not started.",
        "ff4a4c693b7ec63f",
    ),
    Private(
        "faust.transport.drivers.aiokafka:Consumer._new_consumer_thread",
        ("_new_consumer_thread",),
        "Replaced to create our thread.",
        "0870ec53dea75083",
    ),
    Private(
        f"{_CONSUMER}._drain_messages",
        ("_drain_messages",),
        "Replaced to fetch batches. Check whether Faust handles another error or another kind of stop there.",
        "44a2500309e83c63",
    ),
    Private(
        f"{_CONSUMER}.perform_seek",
        (),
        "Replaced to read all partitions from the application's positions.",
        "0e8c130ff4b0afd8",
    ),
    Private(
        f"{_CONSUMER}._filter_committable_offsets",
        ("_filter_committable_offsets",),
        "Replaced to commit the durable positions.",
        "dc5e9baf5d994485",
    ),
    Private(
        f"{_DELEGATE}._commit",
        ("_commit",),
        "Extended to remember the committed offsets.",
        "a20eec84e4b2ed50",
    ),
    Private(
        f"{_THREAD}._commit",
        (),
        "Replaced. Check whether it does more than note the time, commit, and crash the thread if that fails.",
        "932852ce7a23f658",
    ),
    Private(
        "mode.threads:ServiceThread._shutdown_thread",
        (),
        "Relied on: on_thread_stop may be slow, but must not raise, or the worker never ends.",
        "d7377862e73421a2",
    ),
    Private(
        f"{_CONSUMER}._commit_tps",
        (),
        "Relied on: every commit, also at revocation and at the end, calls _filter_committable_offsets.",
        "a20e230b05ae8b15",
    ),
    Private(
        f"{_CONSUMER}.ack",
        ("_acked", "_acked_index"),
        "These lists grow with every acknowledged batch; we empty them at every commit.",
        "5fcf41cf45153475",
    ),
    Private(
        f"{_CONSUMER}._get_active_partitions",
        ("_get_active_partitions",),
        "Returns the partitions that are not paused; one is paused when the queue of the agent is full.",
        "b24897f3c7afdb5d",
    ),
    Private(
        f"{_DELEGATE}.__init__",
        ("_thread",),
        "The thread that _new_consumer_thread created.",
        "7072ae80eac1ff62",
    ),
    Private(
        f"{_DELEGATE}._getmany",
        ("_getmany",),
        "Makes one fetch, in the thread.",
        "f9d47aa9010b5ff2",
    ),
    Private(
        "faust.tables.recovery:Recovery._resume_streams",
        (),
        "Relied on: sends on_rebalance_complete, then calls perform_seek, empties the queues, and resumes the flow.",
        "d986a6710c1aca98",
    ),
    Private(
        "faust.app.base:App._on_partitions_revoked",
        (),
        "Relied on: stops the flow, empties the queues, waits for the agents, commits, sends on_partitions_revoked.",
        "d5c895bbe57dc73a",
    ),
    Private(
        "faust.transport.conductor:ConductorCompiler.build",
        (),
        "Relied on: sends a message whose value is a batch to the agent, and pauses a partition whose queue is full.",
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
        "The first four are read when the client starts, so it is enough to set them before.",
        "2f1ba70443327538",
    ),
    Private(
        f"{_FETCHER}._proc_fetch_request",
        (),
        "Relied on: drops responses for an offset that is not the position; sets highwater and timestamp together.",
        "59bf948fff47eed5",
    ),
    Private(
        "aiokafka.consumer.fetcher:PartitionRecords._consumer_record",
        ("_consumer_record",),
        "Replaced to return the decoded record. Check whether aiokafka reads other fields of the result.",
        "e668541600b047ab",
    ),
    Private(
        f"{_FETCHER}.fetched_records",
        (),
        "Relied on: moves the position only when it returns records.",
        "be4348896b9b66af",
    ),
    Private(
        f"{_FETCHER}.seek_to",
        (),
        "Relied on: drops what was fetched for the old position.",
        "f0ba6aba6c22ef83",
    ),
    Private(
        f"{_STATE}:TopicPartitionState",
        (),
        "Position, highwater and timestamp (milliseconds) of a partition; created at each assignment.",
        "2b83334afadf6d98",
    ),
    Private(
        f"{_SENDER}:AddPartitionsToTxnHandler.handle_response",
        (),
        "Relied on: waits BACKOFF_OVERRIDE seconds, which we shorten, while the previous transaction is being closed.",
        "67266db24da2dfaf",
    ),
    Private(
        f"{_SENDER}:InitPIDHandler.handle_response",
        (),
        "Relied on: start() returns only when the broker has fenced the former producer and aborted its transaction.",
        "bdb0727aba5de02e",
    ),
    Private(
        f"{_SENDER}:Sender._do_txn_commit",
        (),
        "The reason to check every batch before a commit: it commits even if a batch failed.",
        "8263eaebb7c30ea1",
    ),
    Private(
        f"{_PRODUCER}.create_batch",
        (),
        "Relied on: a batch of a transactional producer is part of the transaction, limited by max_batch_size.",
        "c4efda4bb7a09741",
    ),
    Private(
        f"{_PRODUCER}.send_batch",
        (),
        "Relied on: sends the batches of a partition in order, unchanged; the future of a failed batch gets its error.",
        "bf42b0f0c5c0646d",
    ),
    Private(
        f"{_BATCHES}:BatchBuilder.append",
        (),
        "Relied on: returns None if the batch is full; accepts the first record, whatever its size.",
        "657d76f55157d9ca",
    ),
    Private(
        f"{_PRODUCER}.stop",
        (),
        "The reason for a timeout: it waits until all is written, and if it is cancelled, the sender goes on.",
        "43ef97147111893b",
    ),
    Private(
        f"{_SENDER}:Sender.close",
        ("_sender",),
        "Used after a stop that timed out: ends the tasks that would write later.",
        "f60b3d023d2526f4",
    ),
    Private(
        f"{_BATCHES}:MessageAccumulator.fail_all",
        ("_message_accumulator", "_batches", "_pending_batches"),
        "Used after that: fails all unwritten batches, waiting or under way.",
        "f1e12e8100bfcb8c",
    ),
    Private(
        f"{_BATCHES}:MessageAccumulator._pop_batch",
        (),
        "The reason to add waiting batches to the pending ones first: a batch that is retried removes itself there.",
        "41cc98a298ef2628",
    ),
    Private(
        f"{_BATCHES}:MessageBatch.failure",
        ("_drain_waiter",),
        "The reason to retrieve the errors of these futures: it fails them even if nothing waits for them.",
        "719b2122c318e955",
    ),
    Private(
        f"{_TRANSACTIONS}.wait_for_transaction_end",
        ("_txn_manager",),
        "The future of the transaction under way, which fails even if nothing waits for it.",
        "67dc578aafc32bbf",
    ),
    Private(
        f"{_FETCHER}._proc_offset_request",
        (),
        "Relied on: sends the isolation level, so the end for a read_committed consumer is the last stable offset.",
        "40c09472da94d88c",
    ),
)
