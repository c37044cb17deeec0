"""One broker of a local Kafka: its files, its process, and the errors of its start."""

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
_RESPONSE_TIMEOUT_MS = 5_000
# Only the client compiler: on two cores, three brokers start in half the time, and in its first minute under load a
# broker needs a third to a half less CPU time per record than with both compilers.
_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_FORMAT_FLAGS = ("-Xmx128m", "-XX:+UseSerialGC")
_BROKER_FLAGS = ("-Xmx512m", "-Dlog4j2.level=INFO")


class Broker:
    """Broker `node`, with its settings, data and log in `directory`. `scratch` is removed if this process is killed."""

    def __init__(self, program: KafkaProgram, node: Node, directory: Path, scratch: Path | None) -> None:
        self.node = node
        self.directory = directory
        self._program = program
        self._settings = directory / "server.properties"
        self._data = directory / "data"
        self._log = directory / "kafka.log"
        # Compression libraries unpack themselves there. A killed JVM would leave them in the system's directory.
        self._temporary = directory / "tmp"
        self._scratch = scratch
        self._process: ChildProcess | None = None

    def prepare(self, nodes: Sequence[Node], chosen: Mapping[str, str], cluster: str) -> None:
        """Write the settings, and format the data directory for `cluster` unless it is formatted already."""
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
        return self._process is not None and self._process.exit_code is None

    def start(self) -> None:
        """Start the process and return at once."""
        self.end(at_once=True)
        command = self._command("kafka.Kafka", str(self._settings), flags=_BROKER_FLAGS)
        self._process = ChildProcess(command, log=self._log, scratch=self._scratch)

    def end(self, *, at_once: bool) -> None:
        """Stop the process, in order or at once, without waiting; do nothing if it does not run."""
        if self._process is not None:
            self._process.end(at_once=at_once)

    def wait(self) -> None:
        """Wait until the stopped process has ended."""
        if self._process is not None:
            self._process.wait()

    def serves(self, numbers: set[int]) -> bool:
        """Return whether it responds to clients, and exactly the brokers `numbers` are active in its cluster."""
        if not self.is_running:
            return False
        # A bare connection first: if it is refused, the client logs an error and leaves the socket open.
        try:
            socket.create_connection(("127.0.0.1", self.node.clients), timeout=1).close()
        except OSError:
            return False
        return _active_brokers(self.node.address) == numbers

    def check(self, *, late: bool) -> None:
        """Raise KafkaUnavailable, with the end of the log, if the process has ended or is `late` with its start."""
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
        all_flags = (*_FLAGS, f"-Djava.io.tmpdir={self._temporary}", *flags)
        return self._program.command(main_class, *arguments, flags=all_flags)

    def _failed(self, problem: str) -> KafkaUnavailable:
        log = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        end = "\n".join(log[-_LINES_OF_LOG:])
        return KafkaUnavailable(
            f"Broker {self.node.number} of the local Kafka, at {self.node.address}, {problem}. "
            f"The end of its log says why:\n{end}"
        )


def _active_brokers(address: str) -> set[int]:
    """Return the numbers of the active brokers as `address` reports them; none if it does not respond."""
    try:
        with KafkaAdminClient(
            bootstrap_servers=address,
            bootstrap_timeout_ms=_RESPONSE_TIMEOUT_MS,
            request_timeout_ms=_RESPONSE_TIMEOUT_MS,
        ) as admin:
            brokers = admin.describe_cluster()["brokers"]
    except KafkaError:
        return set()
    return {broker["broker_id"] for broker in brokers if not broker["is_fenced"]}
