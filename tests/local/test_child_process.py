"""Tests of child processes: stopped by their owner, and ended with their owner."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.local.child_process import ChildProcess
from tests.local.owners import eventually, owner, running

pytestmark = pytest.mark.integration

SHOP = "trap 'echo closed in order; exit 7' TERM; echo open; while :; do sleep 0.02; done"
OWNER = """
import sys, time
from pathlib import Path
from streams.local.child_process import ChildProcess

log, scratch, shop = sys.argv[1:]
child = ChildProcess(["sh", "-c", shop, log], log=Path(log), scratch=Path(scratch))
try:
    print("the owner is here", flush=True)
    time.sleep(600)
finally:
    print("the shop is", "open" if child.exit_code is None else "closed", flush=True)
    child.end()
    child.wait()
"""

Open = Callable[[str], ChildProcess]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "shop.log"


@pytest.fixture
def open_shop(log: Path) -> Open:
    def opened(shop: str) -> ChildProcess:
        child = ChildProcess(["sh", "-c", shop], log=log)
        eventually(lambda: "open" in log.read_text(), "the shop to open")
        return child

    return opened


def test_a_stopped_command_ends_in_order(open_shop: Open, log: Path) -> None:
    child = open_shop(SHOP)
    assert child.exit_code is None
    child.end()
    child.wait()
    assert child.exit_code == 7
    assert log.read_text() == "open\nclosed in order\n"


def test_a_shop_ended_at_once_does_not_close_in_order(open_shop: Open, log: Path) -> None:
    child = open_shop(SHOP)
    child.end(at_once=True)
    child.wait()
    assert child.exit_code == 128 + signal.SIGKILL
    assert log.read_text() == "open\n"


def test_ending_a_shop_that_closed_by_itself_changes_nothing(open_shop: Open) -> None:
    child = open_shop("echo open; exit 3")
    eventually(lambda: child.exit_code is not None, "the shop to close")
    child.end()
    child.end()
    child.wait()
    assert child.exit_code == 3


def test_a_command_that_does_not_exist_is_named_in_the_log(log: Path) -> None:
    child = ChildProcess(["no-such-shop"], log=log)
    eventually(lambda: child.exit_code is not None, "the keeper to give up")
    child.end()
    assert child.exit_code == 1
    assert "No such file or directory: 'no-such-shop'" in log.read_text()


def test_a_shop_stays_open_when_the_thread_that_opened_it_ends(open_shop: Open) -> None:
    opened: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: opened.append(open_shop(SHOP)))
    thread.start()
    thread.join()
    assert opened[0].exit_code is None
    opened[0].end()
    opened[0].wait()
    assert opened[0].exit_code == 7


def test_ctrl_c_reaches_the_owner_and_leaves_the_shop_to_him(log: Path, tmp_path: Path) -> None:
    with owner(OWNER, log, tmp_path / "scratch", SHOP) as process:
        eventually(lambda: log.exists() and "open" in log.read_text(), "the shop to open")
        os.killpg(process.pid, signal.SIGINT)
        told, _ = process.communicate()
    assert "the shop is open" in told
    assert log.read_text() == "open\nclosed in order\n"


def test_a_killed_owner_takes_shop_and_scratch_along(log: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "orders").write_text("two coffees")
    with owner(OWNER, log, scratch, SHOP) as process:
        eventually(lambda: log.exists() and "open" in log.read_text(), "the shop to open")
        assert running(str(log))
        process.kill()
    eventually(lambda: not running(str(log)), "the shop to end")
    assert log.read_text() == "open\nclosed in order\n"
    assert not scratch.exists()
