"""The services of docker-compose.yml as processes of this machine: their own commands, settings and files.

No container engine is at hand. So the name and port of a service becomes a port of 127.0.0.1, a volume a directory of
the test's, and a program comes from Debian or Maven instead of an image. The health checks are those of the file.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.local.kafka_program import kafka_program
from streams.local.kafka_settings import render
from streams.local.ports import free_ports
from tests.deploy.compose import services
from tests.shared import ROOT
from tests.support.alertmanager import home_of, movable
from tests.support.debian import program
from tests.worker.workers import environment, logs, until

_HOSTS: Final = r"kafka|worker-1|worker-2|intake|gateway|prometheus|alertmanager|127\.0\.0\.1"
_PLACE: Final = re.compile(rf"(?:\b({_HOSTS})|(?<=//)):(\d{{4,5}})\b")


class Stack:
    """The services, each started by its name. edit: changes the text of a mounted file, given its name and text."""

    def __init__(self, directory: Path, edit: Callable[[str, str], str] = lambda _, text: text) -> None:
        self.directory = directory
        self._edit = edit
        self._ports: defaultdict[tuple[str, str], int] = defaultdict(lambda: free_ports(1)[0])
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def address(self, service: str, port: int) -> str:
        """Return the address of that port of a service."""
        return f"127.0.0.1:{self._ports[service, str(port)]}"

    def start_all(self) -> None:
        """Start Kafka with its topics, and all that watches it."""
        self.start("kafka")
        self.once("topics")
        for service in ("worker-1", "worker-2", "alertmanager", "prometheus"):
            self.start(service)

    def start(self, service: str) -> None:
        """Start a service, and wait until its health check passes."""
        log = self.directory / f"{service}.log"
        logs.append(log)
        self._mount(service)
        command = self._command(service)
        with log.open("ab") as output:
            self._running[service] = subprocess.Popen(
                command,
                cwd=home_of(movable()) if service == "alertmanager" else ROOT,
                env=self._environment(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        until(lambda: self._is_healthy(service), f"{service} is healthy", seconds=120)

    def once(self, service: str) -> None:
        """Run a service that ends by itself, and well."""
        self._mount(service)
        subprocess.run(self._command(service), cwd=ROOT, env=self._environment(service), check=True, timeout=120)

    def kill(self, service: str) -> None:
        """Kill a service, as a crash would."""
        process = self._running.pop(service)
        process.kill()
        process.wait()

    def end(self) -> None:
        """End all services, the last started first."""
        for service in reversed(list(self._running)):
            self.kill(service)

    def _is_healthy(self, service: str) -> bool:
        """Return whether the health check passes. Kafka's is a script of its image, so a client is used instead."""
        code = self._running[service].poll()
        assert code is None, f"{service} ended with exit code {code}"
        if service == "kafka":
            return _answers(self.address("kafka", 19092))
        kind, *test = [self._here(service, word) for word in services()[service]["healthcheck"]["test"]]
        check = test[0] if kind == "CMD-SHELL" else shlex.join(test)
        settings = self._environment(service)
        ended = subprocess.run(check, shell=True, env=settings, capture_output=True, timeout=30, check=False)
        return ended.returncode == 0

    def _environment(self, service: str) -> dict[str, str]:
        python = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        return environment() | python | self._told(service)

    def _told(self, service: str) -> dict[str, str]:
        """Return the environment that Compose gives to a service."""
        settings: dict[str, Any] = services()[service].get("environment", {})
        return {name: self._here(service, str(value)) for name, value in settings.items()}

    def _command(self, service: str) -> list[str]:
        command = [self._here(service, word) for word in services()[service].get("command", [])]
        if service == "kafka":
            return self._kafka()
        if service not in ("prometheus", "alertmanager"):
            return [sys.executable, "-m", "streams.cli", *command]
        if service == "prometheus":
            listen = f"--web.listen-address={self.address(service, 9090)}"
            return [str(program("prometheus", "prometheus")), *command, listen]
        alone = f"--web.listen-address={self.address(service, 9093)}", "--cluster.listen-address="
        return [str(movable()), *command, *alone]

    def _kafka(self) -> list[str]:
        """Return the command of Kafka with the settings that its image makes of its environment; format its data."""
        kafka, settings = kafka_program(), self.directory / "server.properties"
        told = self._told("kafka").items()
        named = {name.removeprefix("KAFKA_").lower().replace("_", "."): text for name, text in told}
        settings.write_text(render(named), "ascii")
        flags = ("-XX:TieredStopAtLevel=1", f"-Djava.io.tmpdir={self.directory}", "-Xmx512m")
        prepare = ("format", "--ignore-formatted", "--cluster-id=4L6g3nShT-eMCtK--X86sw", f"--config={settings}")
        command = kafka.command("kafka.tools.StorageTool", *prepare, flags=flags)
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        return kafka.command("kafka.Kafka", str(settings), flags=flags)

    def _here(self, service: str, text: str) -> str:
        """Return a setting of a service with the addresses and paths of this machine."""
        for inside, here in self._folders(service).items():
            text = re.sub(rf"(?<![\w/]){inside}(?!\w)", str(here), text)

        def place(result: re.Match[str]) -> str:
            is_other = bool(result[1]) and result[1] != "127.0.0.1"
            return f"127.0.0.1:{self._ports[result[1] if is_other else service, result[2]]}"

        return _PLACE.sub(place, text)

    def _folders(self, service: str) -> dict[str, Path]:
        """Return the mounted paths in the container with their paths on this machine."""
        volumes = [volume.split(":")[:2] for volume in services()[service].get("volumes", [])]
        folders = {inside: self.directory / service / inside.strip("/") for _, inside in volumes}
        for source, inside in volumes:
            if not source.startswith("./"):
                folders[inside].mkdir(parents=True, exist_ok=True)
        return folders

    def _mount(self, service: str) -> None:
        """Copy the mounted files, with the addresses and paths of this machine in them."""
        for source, inside in (volume.split(":")[:2] for volume in services()[service].get("volumes", [])):
            if source.startswith("./"):
                self._copy(service, ROOT / source, self._folders(service)[inside])

    def _copy(self, service: str, source: Path, here: Path) -> None:
        if source.is_dir():
            for one in source.iterdir():
                self._copy(service, one, here / one.name)
        else:
            here.parent.mkdir(parents=True, exist_ok=True)
            here.write_text(self._here(service, self._edit(source.name, source.read_text("utf-8"))), "utf-8")


def _answers(address: str) -> bool:
    try:
        KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=2_000).close()
    except KafkaError:
        return False
    return True
