"""Tests of the local Kafka: it keeps records over restarts and failures, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from streams.local.kafka_cluster import KafkaUnavailable, LocalKafka
from tests.local.owners import eventually, owner, running
from tests.support.broker import emptied

pytestmark = pytest.mark.integration

YEAR_9999_MS = 253_370_764_800_000
OWNER = """
import sys, time
from pathlib import Path
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from streams.local.kafka_cluster import LocalKafka

with LocalKafka(directory=Path(sys.argv[1]) if sys.argv[1:] else None) as kafka:
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics([NewTopic("promises", 1, 1)])
    with KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer:
        producer.send("promises", b"ready at 12:40").get(30)
    print("promised", flush=True)
    time.sleep(600)
"""


def create(bootstrap: str, topic: str, *, partitions: int = 1, copies: int = 1) -> None:
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        admin.create_topics([NewTopic(topic, partitions, copies)])


def send(bootstrap: str, *values: bytes, topic: str = "promises", **settings: object) -> None:
    with KafkaProducer(bootstrap_servers=bootstrap, acks="all", **settings) as producer:
        for sent in [producer.send(topic, value) for value in values]:
            sent.get(timeout=30)


def read(bootstrap: str, count: int, topic: str = "promises", **settings: object) -> list[bytes]:
    """Return the first `count` values, or those that arrive until half a minute passes without one."""
    settings = {"auto_offset_reset": "earliest", "consumer_timeout_ms": 30_000} | settings
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, **settings)
    try:
        return [record.value for record in islice(consumer, count)]
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def kafka(broker: LocalKafka) -> Iterator[LocalKafka]:
    with emptied(broker) as bootstrap:
        create(bootstrap, "promises")
        yield broker


def test_a_broker_keeps_promises_over_a_restart(kafka: LocalKafka) -> None:
    send(kafka.bootstrap, b"ready at 12:40", b"call back today")
    assert read(kafka.bootstrap, 2, group_id="board") == [b"ready at 12:40", b"call back today"]
    kafka.stop_broker(1)
    kafka.start_broker(1)
    send(kafka.bootstrap, b"by Friday")
    assert read(kafka.bootstrap, 1, group_id="board") == [b"by Friday"]
    assert read(kafka.bootstrap, 3) == [b"ready at 12:40", b"call back today", b"by Friday"]


def test_records_of_the_year_9999_and_of_two_megabytes_are_accepted(kafka: LocalKafka) -> None:
    create(kafka.bootstrap, "odd")
    with KafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=3_000_000) as producer:
        far = producer.send("odd", b"by the end of time", timestamp_ms=YEAR_9999_MS)
        long = producer.send("odd", b"." * 2_000_000)
        assert far.get(30).timestamp == YEAR_9999_MS
        assert long.get(30).serialized_value_size == 2_000_000
    assert read(kafka.bootstrap, 1, topic="odd") == [b"by the end of time"]


def test_a_verdict_counts_when_its_transaction_does(kafka: LocalKafka) -> None:
    create(kafka.bootstrap, "verdicts")
    with KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id="state-0") as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send("verdicts", b"broken")
        producer.abort_transaction()
        producer.begin_transaction()
        producer.send("verdicts", b"kept")
        producer.commit_transaction()
    assert read(kafka.bootstrap, 1, topic="verdicts", isolation_level="read_committed") == [b"kept"]


def test_topics_are_not_created_automatically(kafka: LocalKafka) -> None:
    with KafkaProducer(bootstrap_servers=kafka.bootstrap, max_block_ms=500) as producer, pytest.raises(KafkaError):
        producer.send("nowhere", b"ready at 12:40").get(30)
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        assert "nowhere" not in admin.list_topics()


def test_a_broker_that_is_not_there_or_runs_already_is_named(kafka: LocalKafka) -> None:
    with pytest.raises(ValueError, match=r"runs no broker 2; its brokers are \[1\]"):
        kafka.stop_broker(2)
    with pytest.raises(ValueError, match=f"Broker 1 at {kafka.bootstrap} is running already"):
        kafka.start_broker(1)
    with pytest.raises(ValueError, match=f"The local Kafka at {kafka.bootstrap} is running already"):
        kafka.start()
    with pytest.raises(ValueError, match="1 or 3 brokers, not 2"):
        LocalKafka(2)
    with pytest.raises(ValueError, match="one broker, not for 3"):
        LocalKafka(3, port=9092)


def test_three_brokers_accept_records_while_one_is_lost_and_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with LocalKafka(3) as kafka:
        create(kafka.bootstrap, "promises", partitions=3, copies=3)
        send(kafka.bootstrap, b"ready at 12:40")
        kafka.stop_broker(2)
        send(kafka.bootstrap, b"call back today", b"by Friday", b"before the rain")
        assert sorted(read(kafka.bootstrap, 4)) == [
            b"before the rain", b"by Friday", b"call back today", b"ready at 12:40",
        ]  # fmt: skip
        assert len(running(str(tmp_path))) == 4  # two brokers and their keepers
        kafka.kill_broker(3)
        assert len(running(str(tmp_path))) == 2
    assert running(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_cannot_start_tells_why_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KafkaUnavailable, match=r"(?s)Broker 1 .* could not format .*log\.retention\.ms"):
        LocalKafka(properties={"log.retention.ms": "for ever"}).start()
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_ends_while_it_starts_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailable, match=r"(?s)ended before it was ready.*no\.such\.Doorkeeper"):
        LocalKafka(directory=tmp_path, properties={"authorizer.class.name": "no.such.Doorkeeper"}).start()
    assert running(str(tmp_path)) == []
    assert (tmp_path / "broker-1" / "kafka.log").exists()


def test_a_directory_that_cannot_hold_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "broker-1").write_text("a file, where a directory should be")
    with pytest.raises(KafkaUnavailable, match=rf"cannot keep its data in {tmp_path}/broker-1: .* another directory\."):
        LocalKafka(directory=tmp_path).start()


def test_a_directory_survives_its_killed_owner_and_is_opened_again(tmp_path: Path) -> None:
    with owner(OWNER, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "promised\n"
        process.kill()
    eventually(lambda: not running(str(tmp_path)), "the broker to end")
    with LocalKafka(directory=tmp_path) as kafka:
        assert read(kafka.bootstrap, 1) == [b"ready at 12:40"]
    with pytest.raises(KafkaUnavailable, match="with 1 brokers, and cannot be used with 3"):
        LocalKafka(3, directory=tmp_path).start()


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with owner(OWNER) as process:
        eventually(lambda: bool(running(str(tmp_path))), "the start to begin")
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate()
    assert "KeyboardInterrupt" in told
    assert running(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
