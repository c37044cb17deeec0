"""The log for log collectors: one JSON object per line, from every source."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from schemas.instants import parse_instant
from streams.logs import JsonLines

pytestmark = pytest.mark.integration

TROUBLE = """
import asyncio, logging, sys, threading, warnings
from streams.logs import configure

configure(sys.argv[1])
logging.getLogger("promises").info("the shop opens")
logging.getLogger("aiokafka").info("chatter")
logging.getLogger("mode.worker").warning("%s %d", "too few arguments")
logging.getLogger("faust").error("two\\nlines, \\u2028 and half a letter \\ud83c")
warnings.warn("old ways", DeprecationWarning, stacklevel=1)

class Leaky:
    def __del__(self):
        raise LookupError("too late")

Leaky()
thread = threading.Thread(target=lambda: 1 / 0, name="till")
thread.start()
thread.join()

async def forgotten():
    asyncio.get_running_loop().create_task(asyncio.sleep(0, 1 / 1)).add_done_callback(lambda _: 1 / 0)
    await asyncio.sleep(0.01)

asyncio.run(forgotten())
raise SystemError("the till burns")
"""


def lines(log_format: str) -> list[str]:
    """Return what a process with many errors writes to stderr, in that format."""
    command = [sys.executable, "-W", "always", "-c", TROUBLE, log_format]
    process = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (process.returncode, process.stdout) == (1, b"")
    return process.stderr.decode().splitlines()


def test_every_line_is_a_json_object() -> None:
    records: list[dict[str, Any]] = [json.loads(line) for line in lines("json")]
    assert [(record["level"], record["logger"]) for record in records] == [
        ("INFO", "promises"),
        ("WARNING", "mode.worker"),
        ("ERROR", "faust"),
        ("WARNING", "py.warnings"),
        ("WARNING", "promises"),
        ("ERROR", "promises"),
        ("ERROR", "asyncio"),
        ("CRITICAL", "promises"),
    ]
    opened, few, odd, warned, leaked, thread, forgotten, last = records
    assert opened.keys() == {"time", "level", "logger", "message"}
    assert opened["message"] == "the shop opens"
    assert parse_instant(opened["time"]) <= parse_instant(last["time"])
    assert few["message"] == "%s %d ('too few arguments',)"
    assert odd["message"] == "two\nlines, \u2028 and half a letter \ud83c"
    assert "DeprecationWarning: old ways" in warned["message"]
    assert "LookupError: too late" in leaked["exception"]
    assert thread["message"] == "unhandled exception, thread till ends"
    assert "ZeroDivisionError" in thread["exception"]
    assert "ZeroDivisionError" in forgotten["exception"]
    assert "the till burns" in last["message"]
    assert last["exception"].startswith("Traceback (most recent call last)")


def test_the_text_format_has_plain_lines() -> None:
    first, *_, last = lines("text")
    assert first.endswith(" INFO promises: the shop opens")
    assert last == "SystemError: the till burns"


@pytest.mark.parametrize(("created", "text"), [(0.0, "1970-01-01T00:00:00.000Z"), (1.0019, "1970-01-01T00:00:01.001Z")])
def test_the_time_is_utc_with_milliseconds(created: float, text: str) -> None:
    record = logging.makeLogRecord({"created": created, "msg": "hello"})
    assert json.loads(JsonLines().format(record))["time"] == text
