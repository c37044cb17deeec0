"""One process of a local Kafka: its files, its start, and what it says when it does not start."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.local.child_process import ChildProcess
from streams.local.kafka_program import KafkaProgram, KafkaUnavailable
from streams.local.kafka_settings import Node, render, settings

_SECONDS_TO_FORMAT = 60.0
_LINES_OF_LOG = 25
_MS_TO_ANSWER = 5_000
# The light compiler alone: on two cores three brokers start in half the time, and in its first minute under load a
# broker takes a third to a half less processor time a record than with both compilers.
_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_FORMAT_FLAGS = ("-Xmx128m", "-XX:+UseSerialGC")
_BROKER_FLAGS = ("-Xmx512m", "-Dlog4j2.level=INFO")


class Broker:
    """Broker `node`, with its settings, data and log in `directory`. `scratch` goes when this process is killed."""

    def __init__(self, program: KafkaProgram, node: Node, directory: Path, scratch: Path | None) -> None:
        self.node = node
        self.directory = directory
        self._program = program
        self._settings = directory / "server.properties"
        self._data = directory / "data"
        self._log = directory / "kafka.log"
        # Compression libraries unpack themselves there; a killed Java machine would leave them in the system's.
        self._temporary = directory / "tmp"
        self._scratch = scratch
        self._kept: ChildProcess | None = None

    def prepare(self, nodes: Sequence[Node], chosen: Mapping[str, str], cluster: str) -> None:
        """Write the settings, and format the data directory as one of `cluster` unless it was before."""
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            self._temporary.mkdir(exist_ok=True)
            self._settings.write_text(render(settings(self.node, nodes, self._data, chosen)), encoding="ascii")
        except OSError as reason:
            raise KafkaUnavailable(
                f"The local Kafka cannot keep its data in {self.directory}: {reason}. Give another directory."
            ) from reason
        if not (self._data / "meta.properties").exists():
            self._format(cluster)

    @property
    def is_running(self) -> bool:
        return self._kept is not None and self._kept.exit_code is None

    def start(self) -> None:
        """Start the process and return at once."""
        self.end(at_once=True)
        command = self._command("kafka.Kafka", str(self._settings), flags=_BROKER_FLAGS)
        self._kept = ChildProcess(command, log=self._log, scratch=self._scratch)

    def end(self, *, at_once: bool) -> None:
        """Have the process ended, in good order or at once; does not wait, and does nothing when it does not run."""
        if self._kept is not None:
            self._kept.end(at_once=at_once)

    def wait(self) -> None:
        """Return when the process, told to end, has ended."""
        if self._kept is not None:
            self._kept.wait()

    def serves(self, numbers: set[int]) -> bool:
        """Whether it answers clients, and exactly the brokers `numbers` take part in its cluster."""
        if not self.is_running:
            return False
        # The bare connection first: of each that is refused the client logs an error, and leaves the socket open.
        try:
            socket.create_connection(("127.0.0.1", self.node.clients), timeout=1).close()
        except OSError:
            return False
        return _taking_part(self.node.address) == numbers

    def check(self, *, late: bool) -> None:
        """Raise KafkaUnavailable, with the end of the log, when the process has ended or the start is overdue."""
        if not self.is_running:
            raise self._failed("ended before it was ready")
        if late:
            raise self._failed("was not ready in time")

    def _format(self, cluster: str) -> None:
        arguments = ("format", f"--cluster-id={cluster}", f"--config={self._settings}")
        command = self._command("kafka.tools.StorageTool", *arguments, flags=_FORMAT_FLAGS)
        try:
            with self._log.open("ab") as output:
                subprocess.run(command, stdout=output, stderr=output, timeout=_SECONDS_TO_FORMAT, check=True)
        except (OSError, subprocess.SubprocessError) as reason:
            raise self._failed("could not format its data directory") from reason

    def _command(self, main_class: str, *arguments: str, flags: tuple[str, ...]) -> list[str]:
        every = (*_FLAGS, f"-Djava.io.tmpdir={self._temporary}", *flags)
        return self._program.command(main_class, *arguments, flags=every)

    def _failed(self, what: str) -> KafkaUnavailable:
        log = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        end = "\n".join(log[-_LINES_OF_LOG:])
        return KafkaUnavailable(
            f"Broker {self.node.number} of the local Kafka, at {self.node.address}, {what}. "
            f"The end of its log tells why:\n{end}"
        )


def _taking_part(address: str) -> set[int]:
    """Numbers of the brokers that serve their cluster, asked at `address`; none when it does not answer."""
    try:
        with KafkaAdminClient(
            bootstrap_servers=address, bootstrap_timeout_ms=_MS_TO_ANSWER, request_timeout_ms=_MS_TO_ANSWER
        ) as admin:
            brokers = admin.describe_cluster()["brokers"]
    except KafkaError:
        return set()
    return {broker["broker_id"] for broker in brokers if not broker["is_fenced"]}
