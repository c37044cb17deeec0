"""`promises demo` as a visitor runs it: rates of eight shops on the screen, and nothing left behind at its end."""

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
    """A running demo. It and all that it starts carry a mark, and have `scratch` for their temporary files."""

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

    def family(self) -> list[str]:
        """The command lines of all processes that carry the mark."""
        found = []
        for process in PROCESSES.glob("[0-9]*"):
            with suppress(OSError):  # it has just ended, or is another user's
                if self._mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return [command for command in found if command]

    def page(self) -> Scrape:
        """What its worker shows; an empty page while there is none."""
        addresses = re.findall(r"streams\.cli worker .*--metrics (\S+)", "\n".join(self.family()))
        try:
            return Scrape.of(f"http://{addresses[0]}/metrics") if addresses else Scrape("")
        except OSError:
            return Scrape("")

    def end(self, seconds: float) -> str:
        """Wait for its end; what it printed."""
        return self.process.communicate(timeout=seconds)[0]

    def kill(self) -> None:
        """End it at once where it still runs; all that it started ends with it."""
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


def left_nothing(demo: Demo) -> None:
    until(lambda: demo.family() == [], "every process of the demo has ended", seconds=20)
    assert list(demo.scratch.iterdir()) == []


def test_it_shows_the_rates_of_all_eight_shops_and_ends_in_time(demo: Callable[..., Demo]) -> None:
    shown = demo("--seconds", "20")
    said = shown.end(180)
    assert shown.process.returncode == 0, said
    left_nothing(shown)
    assert "Traceback" not in said
    rates = {
        shop.location: re.findall(rf"^{shop.location} +\d+ +(\d+\.\d%)( +\d+){{5}}\s*$", said, re.M) for shop in SHOPS
    }
    assert len(rates) == 8
    assert [shop for shop, rate in rates.items() if not rate] == []


def starts_kafka(demo: Demo) -> bool:
    return any("kafka.Kafka" in command for command in demo.family())


def has_judged(demo: Demo) -> bool:
    return demo.page().sum("promises_verdicts_total") > 0


@pytest.mark.parametrize(
    ("moment", "number", "is_background_job"),
    [(starts_kafka, signal.SIGINT, False), (has_judged, signal.SIGINT, False), (starts_kafka, signal.SIGTERM, True)],
)
def test_it_is_interrupted(
    demo: Callable[..., Demo], moment: Callable[[Demo], bool], number: signal.Signals, is_background_job: bool
) -> None:
    interrupted = demo(ignores_sigint=is_background_job)
    until(lambda: moment(interrupted), moment.__name__)
    interrupted.process.send_signal(number)
    said = interrupted.end(60)
    assert interrupted.process.returncode == 0, said
    assert "Traceback" not in said
    assert said.endswith("ended\n")
    left_nothing(interrupted)
