"""The log of a long-running process: lines of text for people, or one JSON object a line for those who collect them."""

from __future__ import annotations

import json
import logging
import sys
import threading
from types import TracebackType
from typing import Any, Final, Literal

from schemas.instants import format_instant

LogFormat = Literal["text", "json"]

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_log: Final = logging.getLogger("promises")


class JsonLines(logging.Formatter):
    """One JSON object a line.

    time: RFC 3339, UTC, with milliseconds. level: DEBUG, INFO, WARNING, ERROR or CRITICAL. logger: who says it.
    message. exception: the traceback, where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        said = {
            "time": format_instant(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said)  # ASCII: whatever reads it cannot take the encoding wrong


def configure(form: LogFormat) -> None:
    """Write the log to stderr in this form: ours from INFO on, that of libraries from WARNING on.

    What Python itself would print there, warnings and uncaught exceptions of any thread, becomes a line of the log.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def logs_json() -> bool:
    """Whether the log is JSON: what is said beside it then has to be, too."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.root.handlers)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # whose arguments do not fit; logging would print a traceback instead of the line
        return f"{record.msg} {record.args!r}"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("ends by an error that nobody expected: %r", error, exc_info=(kind, error, trace))


def _uncaught_in_thread(found: Any) -> None:
    # A thread that ends by SystemExit ends as it wants to.
    if found.exc_type is not SystemExit:
        name = found.thread.name if found.thread else "that has ended"
        _log.error("thread %s ends by an error that nobody expected", name, exc_info=found[:3])


def _unraisable(found: Any) -> None:
    error = (found.exc_type, found.exc_value, found.exc_traceback)
    _log.warning("%s: %r", found.err_msg or "ignored", found.object, exc_info=error)
