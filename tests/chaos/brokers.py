"""What is done to brokers: restarted in good order or after a crash, or cut off from everybody.

Cut off means frozen: SIGSTOP on every broker. To the workers that is a network which swallows all they send, on
connections that stay open. It differs from a cable that was cut in one way: the brokers' own time-outs do not run
meanwhile but all strike when they go on. A proxy would be nearer, but the address that a broker gives to workers is
also the one that brokers call each other by.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from streams.local.kafka_cluster import LocalKafka


def restart(kafka: LocalKafka, number: int, *, crash: bool, meanwhile: Callable[[], None], down: float) -> None:
    """End broker `number`, in good order or by a `crash`; start it again `down` seconds later.

    `meanwhile` takes about 0.1 seconds and is called again and again until the broker answers.
    """
    end = kafka.kill_broker if crash else kafka.stop_broker
    _with(lambda: end(number), meanwhile)
    for _ in range(round(down * 10)):
        meanwhile()
    _with(lambda: kafka.start_broker(number), meanwhile)


def cut_off(kafka: LocalKafka, *, seconds: float, meanwhile: Callable[[], None], elapsed: Callable[[], float]) -> None:
    """Freeze every broker for so many seconds by the clock `elapsed`."""
    processes = [pid for keeper in _keepers(kafka) for pid in _children(keeper)]
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


def _keepers(kafka: LocalKafka) -> list[int]:
    """The processes that keep the brokers. They must go on, since they end the brokers when this process dies."""
    kept = [broker._kept for broker in kafka._brokers]
    return [one._process.pid for one in kept if one is not None and one.exit_code is None]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
