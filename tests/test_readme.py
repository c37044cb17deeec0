"""Every command line of README.md, run as it is printed and in that order, in a copy of the repository.

Three things differ from what a reader does:

- The ports of 127.0.0.1 that a line names, or that its command uses by default, are replaced by free ones.
- `make test` and `make venv` are not run, because they are what runs this test: make only prints what it would do.
- `docker compose` is not run, because there is no container engine. tests/deploy checks docker-compose.yml against the
  Compose specification, and runs its services as plain processes; here only the profile is looked up.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import typer

from streams.cli.main import app_of
from streams.local.ports import free_ports
from streams.local.town_shops import SHOPS
from tests.cli.command import promises
from tests.deploy.compose import services
from tests.readme import README, ROOT, Command, commands, environment, printed, run
from tests.worker.workers import until

TEXT: Final = README.read_text("utf-8")
COMMANDS: Final = commands(TEXT)

PORTS: Final = (9092, 9464, 9465, 9466, 8088)
"""The ports of Kafka, of the metrics of a worker, an intake and a gateway, and of the webhooks of a gateway."""

LONG_RUNNING: Final = ("make demo", "make kafka", "promises worker", "promises intake", "promises gateway")
BUILT: Final = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "secrets"
)


class Clone:
    """A copy of the repository, with the long-running commands that were started in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "promises"
        self.scratch = directory / "scratch"
        self.scratch.mkdir()
        shutil.copytree(ROOT, self.directory, ignore=BUILT)
        self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line until it ends."""
        return run(self._here(line), self.directory, self._settings(line))

    def start(self, line: str) -> None:
        """Start a line that keeps running, and return when it is ready."""
        log = self.scratch.with_name(f"{'-'.join(line.split()[:2])}.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {self._here(line)}"],  # so that the process is the command itself
                cwd=self.directory,
                env=self._settings(line),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._running.append(process)
        until(lambda: self._is_ready(line, process, log), f"{line} is ready", seconds=300)

    def end(self) -> None:
        """End all that was started, the last one first."""
        while self._running:
            self.end_last()
        until(lambda: not any(self.scratch.iterdir()), "every Kafka has ended and deleted its data", seconds=30)

    def end_last(self) -> None:
        """End what was started last. make passes the signal on to the command in its recipe."""
        process = self._running.pop()
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()

    def _is_ready(self, line: str, process: subprocess.Popen[bytes], log: Path) -> bool:
        text = log.read_text("utf-8", errors="replace")
        assert process.poll() is None, f"{line} ended with exit code {process.returncode}:\n{text}"
        if line.startswith("make kafka"):
            return "is ready" in text
        if line.startswith("make demo"):
            return all(shop.location in text for shop in SHOPS)
        port = {"worker": 9464, "intake": 9465, "gateway": 9466}[line.split()[1]]
        with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{self._ports[port]}/readyz", timeout=10):
            return True
        return False

    def _here(self, line: str) -> str:
        return re.sub(r"127\.0\.0\.1:(\d+)", lambda match: self._address(int(match[1])), line)

    def _address(self, port: int) -> str:
        return f"127.0.0.1:{self._ports[port]}"

    def _settings(self, line: str) -> dict[str, str]:
        """Return the environment of a line: its ports, and a terminal wide enough for the demo."""
        return environment() | {
            "KAFKA_PORT": str(self._ports[9092]),
            "PROMISES_METRICS": self._address(9465 if "intake" in line else 9464),
            "PROMISES_GATEWAY_METRICS": self._address(9466),
            "PROMISES_BIND": self._address(8088),
            "TMPDIR": str(self.scratch),
            "TTY_COMPATIBLE": "1" if line.startswith("make demo") else "0",
            "COLUMNS": "120",
        }


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    clone = Clone(tmp_path_factory.mktemp("readme"))
    try:
        yield clone
    finally:
        clone.end()


@pytest.mark.integration
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.line.split()[:3]))
def test_every_command_line_runs_as_it_stands(clone: Clone, command: Command) -> None:
    line = command.line
    if line.startswith("docker compose"):
        check_profile(line)
    elif line.startswith(("make test", "make venv")):
        target = shlex.split(line)[1]
        assert clone.run(f"make --dry-run {target}").returncode == 0
    elif line.startswith(LONG_RUNNING):
        clone.start(line)
        if line.startswith("make demo"):
            clone.end_last()
    else:
        check_result(clone, command)


def check_profile(line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words[:3] == ["docker", "compose", "--profile"]
    assert words[3] in {profile for service in services().values() for profile in service.get("profiles", [])}
    assert words[4:] == ["up", "--detach"]


def check_result(clone: Clone, command: Command) -> None:
    """Run a line that ends, again while a worker has not yet judged what the lines before it sent."""
    results = [clone.run(command.line)]

    def succeeds() -> bool:
        if results[-1].returncode != 0:
            results.append(clone.run(command.line))
        return results[-1].returncode == 0

    until(succeeds, f"{command.line} succeeds: {results[0].stdout}{results[0].stderr}", seconds=20)
    if command.output is not None:
        remedy = "README.md shows another output: run python -m tests.readme"
        assert printed(results[-1].stdout) == command.output, remedy


def test_no_command_is_printed_where_this_test_does_not_find_it() -> None:
    prose = re.sub(r"^```.*?^```\n", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^```(\w+)$", TEXT, re.MULTILINE)) == {"sh", "text"}
    assert not re.search(r"^( {4,}|\t|\$ )\S", prose, re.MULTILINE)
    assert len(COMMANDS) == len(
        [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    )


def test_it_is_short_and_its_links_lead_somewhere() -> None:
    assert len(TEXT.splitlines()) <= 120
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
        path, _, heading = target.partition("#")
        assert (ROOT / path).exists(), target
        titles = re.findall(r"^#+ (.*)$", (ROOT / path).read_text("utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in [title.lower().replace(" ", "-") for title in titles], target


@pytest.mark.parametrize("vendor", ["shopify", "square", "toast"])
def test_every_payload_becomes_a_promise(vendor: str) -> None:
    answer = promises("adapt", f"examples/payloads/{vendor}.json", "--adapter", vendor, "--json")
    assert answer.code == 0, answer.err
    assert "promises_stated" in {event["type"] for event in answer.document["events"]}


def test_the_example_feeds_can_be_read() -> None:
    for feeds in ("feeds", "local-feeds"):
        answer = promises("check", "--feeds", f"examples/{feeds}.toml")
        assert answer.code == 0, answer.err


def test_the_reference_names_every_command_and_setting() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")
    found = typer.main.get_command(app_of()).commands  # type: ignore[attr-defined]
    settings = {
        parameter.envvar
        for command in found.values()
        for part in getattr(command, "commands", {"": command}).values()
        for parameter in part.params
        if parameter.envvar
    }
    assert {f"promises {name}" for name in found} <= set(re.findall(r"`(promises [\w-]+)`", reference))
    assert settings <= set(re.findall(r"`(PROMISES_\w+)`", reference))
