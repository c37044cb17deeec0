"""`promises demo` as a visitor runs it: it shows the rates of eight shops, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from streams.local.town_shops import SHOPS
from streams.metrics.scrape import Scrape
from tests.cli.command import ROOT
from tests.worker.workers import environment, until

PROCESSES = Path("/proc")
MARK = "DEMO_OF_THIS_TEST"
_IGNORING = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
"""Starts a command as a shell starts a background job."""

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not PROCESSES.is_dir(), reason="needs /proc to see which processes a demo started"),
]


class Demo:
    """A running demo. All its processes carry a mark in their environment, and use `scratch` for temporary files."""

    def __init__(self, scratch: Path, *options: str, ignores_sigint: bool = False) -> None:
        self._mark = f"{MARK}={uuid4().hex}".encode()
        self.scratch = scratch
        name, value = self._mark.decode().split("=")
        self.process = subprocess.Popen(
            [*(_IGNORING if ignores_sigint else ()), sys.executable, "-m", "streams.cli", "demo", *options],
            cwd=ROOT,
            env=environment() | {name: value, "TMPDIR": str(scratch), "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> list[str]:
        """Return the command lines of all processes that carry the mark."""
        commands = []
        for process in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):  # it has just ended, or is another user's
                if self._mark in (process / "environ").read_bytes().split(b"\0"):
                    commands.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return [command for command in commands if command]

    def page(self) -> Scrape:
        """Return the metrics of its worker; empty before it serves any."""
        addresses = re.findall(r"streams\.cli worker .*--metrics (\S+)", "\n".join(self.processes()))
        try:
            return Scrape.of(f"http://{addresses[0]}/metrics") if addresses else Scrape("")
        except OSError:
            return Scrape("")

    def end(self, seconds: float) -> str:
        """Wait for its end, and return its output."""
        return self.process.communicate(timeout=seconds)[0]

    def kill(self) -> None:
        """End it at once if it is still running, with all that it started."""
        with self.process:
            self.process.kill()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    with ExitStack() as running:

        def started(*options: str, ignores_sigint: bool = False) -> Demo:
            demo = Demo(tmp_path, *options, ignores_sigint=ignores_sigint)
            running.callback(demo.kill)
            return demo

        yield started


def assert_nothing_left(demo: Demo) -> None:
    until(lambda: demo.processes() == [], "every process of the demo has ended", seconds=20)
    assert list(demo.scratch.iterdir()) == []


def test_the_demo_shows_the_rates_of_all_eight_shops_and_ends_in_time(demo: Callable[..., Demo]) -> None:
    running = demo("--seconds", "20")
    output = running.end(180)
    assert running.process.returncode == 0, output
    assert_nothing_left(running)
    assert "Traceback" not in output
    rates = {
        shop.location: re.findall(rf"^{shop.location} +\d+ +(\d+\.\d%)( +\d+){{5}}\s*$", output, re.M) for shop in SHOPS
    }
    assert len(rates) == 8
    assert [shop for shop, rate in rates.items() if not rate] == []


def starts_kafka(demo: Demo) -> bool:
    return any("kafka.Kafka" in command for command in demo.processes())


def has_judged(demo: Demo) -> bool:
    return demo.page().sum("promises_verdicts_total") > 0


@pytest.mark.parametrize(
    ("moment", "number", "is_background_job"),
    [(starts_kafka, signal.SIGINT, False), (has_judged, signal.SIGINT, False), (starts_kafka, signal.SIGTERM, True)],
)
def test_the_demo_ends_cleanly_when_it_is_interrupted(
    demo: Callable[..., Demo], moment: Callable[[Demo], bool], number: signal.Signals, is_background_job: bool
) -> None:
    interrupted = demo(ignores_sigint=is_background_job)
    until(lambda: moment(interrupted), moment.__name__)
    interrupted.process.send_signal(number)
    output = interrupted.end(60)
    assert interrupted.process.returncode == 0, output
    assert "Traceback" not in output
    assert output.endswith("ended\n")
    assert_nothing_left(interrupted)
