"""A local Apache Kafka of one or three brokers that starts in seconds and leaves nothing behind."""

from __future__ import annotations

import atexit
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import MappingProxyType, TracebackType
from uuid import NAMESPACE_URL, uuid5

from streams.local.kafka_broker import Broker
from streams.local.kafka_program import KafkaProgram, KafkaUnavailable, kafka_program
from streams.local.kafka_settings import Listener, Node
from streams.local.ports import free_ports

__all__ = ["KafkaUnavailable", "LocalKafka"]

_START_TIMEOUT = 60.0
_EMPTY: Mapping[str, str] = MappingProxyType({})


class LocalKafka:
    """An Apache Kafka 4.3.1 on 127.0.0.1, in KRaft mode; a context manager that starts and stops it.

    brokers: 1 or 3; they are numbered from 1. port: of a single broker, by default a free one. properties: broker
    settings that override ours. listeners: additional ports for clients, with their protocol
    (`{"SECURED": "SASL_SSL"}`); certificates and the like are `properties`. directory: for data and logs; without it,
    they are in a temporary directory that `stop` removes. cache: the directory of the downloaded program, by default in
    this user's cache directory.

    The brokers end with this process, even if it is killed (on Linux and macOS; Windows is not supported). The address
    stays the same during the life of the object.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        port: int | None = None,
        properties: Mapping[str, str] = _EMPTY,
        listeners: Mapping[str, str] = _EMPTY,
        directory: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        if brokers not in (1, 3):
            raise ValueError(f"A local Kafka has 1 or 3 brokers, not {brokers}.")
        if port is not None and brokers != 1:
            raise ValueError(f"A port is chosen for one broker, not for {brokers}.")
        ports = iter(free_ports((2 + len(listeners)) * brokers))
        self._nodes = [
            Node(
                number=number,
                clients=port or next(ports),
                controllers=next(ports),
                more=tuple(Listener(name, protocol, next(ports)) for name, protocol in listeners.items()),
            )
            for number in range(1, brokers + 1)
        ]
        self._properties = dict(properties)
        self._directory = directory
        self._cache = cache
        self._scratch: Path | None = None
        self._brokers: list[Broker] = []

    @property
    def bootstrap(self) -> str:
        """The addresses of all brokers for clients, `127.0.0.1:PORT,127.0.0.1:PORT`."""
        return ",".join(node.address for node in self._nodes)

    def bootstrap_of(self, listener: str) -> str:
        """Return the addresses of all brokers for one of `listeners`."""
        return ",".join(extra.address for node in self._nodes for extra in node.more if extra.name == listener)

    def __enter__(self) -> LocalKafka:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all brokers and wait until they respond. Download Kafka if it is not in the cache.

        Raises KafkaUnavailable if Kafka cannot be downloaded, or does not start, with the end of the log.
        """
        if self._brokers:
            raise ValueError(f"The local Kafka at {self.bootstrap} is running already.")
        program = kafka_program(self._cache)
        atexit.register(self.stop)
        try:
            self._start(program)
        except BaseException:  # Ctrl-C too
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all brokers, and remove the data unless `directory` was given; do nothing if none run."""
        atexit.unregister(self.stop)
        # Stop all before waiting for any, because each waits for the others. Temporary data needs no orderly stop.
        for broker in self._brokers:
            broker.end(at_once=self._scratch is not None)
        for broker in self._brokers:
            broker.wait()
        self._brokers = []
        if self._scratch is not None:
            rmtree(self._scratch, ignore_errors=True)

    def stop_broker(self, number: int) -> None:
        """Stop one broker in order, as an operator would; its data stays."""
        self._end_broker(number, at_once=False)

    def kill_broker(self, number: int) -> None:
        """Kill one broker, as a crash would; its data stays."""
        self._end_broker(number, at_once=True)

    def start_broker(self, number: int) -> None:
        """Start a stopped broker again with its port and data, and wait until it is active in the cluster.

        Raises KafkaUnavailable if it does not start, with the end of its log.
        """
        broker = self._broker(number)
        if broker.is_running:
            raise ValueError(f"Broker {number} at {broker.node.address} is running already.")
        broker.start()
        _wait_until_ready([other for other in self._brokers if other.is_running or other is broker])

    def _start(self, program: KafkaProgram) -> None:
        home = (self._directory or Path(mkdtemp(prefix="promises-kafka-"))).resolve()
        self._scratch = home if self._directory is None else None
        self._brokers = [Broker(program, node, home / f"broker-{node.number}", self._scratch) for node in self._nodes]
        _check_directory(home, self._brokers)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda broker: broker.prepare(self._nodes, self._properties, _cluster(home)), self._brokers))
        for broker in self._brokers:
            broker.start()
        _wait_until_ready(self._brokers)

    def _end_broker(self, number: int, *, at_once: bool) -> None:
        broker = self._broker(number)
        broker.end(at_once=at_once)
        broker.wait()

    def _broker(self, number: int) -> Broker:
        for broker in self._brokers:
            if broker.node.number == number:
                return broker
        numbers = [broker.node.number for broker in self._brokers]
        raise ValueError(f"The local Kafka at {self.bootstrap} runs no broker {number}; its brokers are {numbers}.")


def _check_directory(home: Path, brokers: Sequence[Broker]) -> None:
    """Raise KafkaUnavailable if `home` has the data of another number of brokers, which cannot change."""
    existing = {path.name for path in home.glob("broker-*")}
    if existing and existing != {broker.directory.name for broker in brokers}:
        raise KafkaUnavailable(
            f"{home} has the data of a local Kafka with {len(existing)} brokers, and cannot be used with "
            f"{len(brokers)}. Start it with {len(existing)}, or give another directory."
        )


def _wait_until_ready(brokers: Sequence[Broker]) -> None:
    numbers = {broker.node.number for broker in brokers}
    deadline = time.monotonic() + _START_TIMEOUT
    while not all(broker.serves(numbers) for broker in brokers):
        for broker in brokers:
            broker.check(late=time.monotonic() > deadline)
        time.sleep(0.05)


def _cluster(home: Path) -> str:
    """Return a cluster id that depends only on the directory, so that an interrupted start can be repeated."""
    return urlsafe_b64encode(uuid5(NAMESPACE_URL, home.resolve().as_uri()).bytes).decode().rstrip("=")
