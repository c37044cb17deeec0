"""Faults of brokers: a restart, in good order or after a crash, or a network that swallows everything.

The network fault freezes every broker with SIGSTOP. The workers see a network that swallows all they send, on
connections that stay open. It differs from a cut cable in one way: the timeouts of the brokers do not run meanwhile,
but all strike when they go on. A proxy would be closer to reality, but brokers use the address that they give to
workers among themselves too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from streams.local.kafka_cluster import LocalKafka


def restart(kafka: LocalKafka, number: int, *, crash: bool, meanwhile: Callable[[], None], down: float) -> None:
    """Stop or crash broker `number`, and start it again `down` seconds later.

    meanwhile: takes about 0.1 seconds, and is called until the broker answers.

    """
    end = kafka.kill_broker if crash else kafka.stop_broker
    _with(lambda: end(number), meanwhile)
    for _ in range(round(down * 10)):
        meanwhile()
    _with(lambda: kafka.start_broker(number), meanwhile)


def cut_off(kafka: LocalKafka, *, seconds: float, meanwhile: Callable[[], None], elapsed: Callable[[], float]) -> None:
    """Freeze every broker for so many seconds by the clock `elapsed`."""
    processes = [pid for supervisor in _supervisors(kafka) for pid in _children(supervisor)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = elapsed()
        while elapsed() < began + seconds:
            meanwhile()
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def _with(work: Callable[[], None], meanwhile: Callable[[], None]) -> None:
    failed: list[Exception] = []

    def attempt() -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)

    thread = Thread(target=attempt)
    thread.start()
    while thread.is_alive():
        meanwhile()
    if failed:
        raise failed[0]


def _supervisors(kafka: LocalKafka) -> list[int]:
    """Return the supervisors of the brokers. They must go on: they end the brokers if this process dies."""
    children = [broker._process for broker in kafka._brokers]
    return [child._process.pid for child in children if child is not None and child.exit_code is None]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
