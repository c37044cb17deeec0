"""The log of a long-running process: lines of text for people, or one JSON object per line for log collectors."""

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
    """A formatter that writes one JSON object per line.

    time: RFC 3339, UTC, with milliseconds. level: DEBUG, INFO, WARNING, ERROR or CRITICAL. logger: the name of the
    logger. message: the text. exception: the traceback, if there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without the newline."""
        fields = {
            "time": format_instant(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields)  # ASCII, so that no reader can mistake the encoding


def configure(log_format: LogFormat) -> None:
    """Write the log to stderr in this format: our own from INFO on, libraries from WARNING on.

    Warnings and uncaught exceptions of any thread, which Python would print to stderr itself, become log lines.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable


def logs_json() -> bool:
    """Return whether the log is JSON; then anything else on stderr has to be JSON too."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.root.handlers)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # the arguments do not fit; logging would print a traceback instead of the line
        return f"{record.msg} {record.args!r}"


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _log.critical("unhandled exception, the process ends: %r", error, exc_info=(kind, error, trace))


def _log_uncaught_in_thread(hook: Any) -> None:
    if hook.exc_type is not SystemExit:  # a thread may end with SystemExit on purpose
        name = hook.thread.name if hook.thread else "(already ended)"
        _log.error("unhandled exception, thread %s ends", name, exc_info=hook[:3])


def _log_unraisable(hook: Any) -> None:
    error = (hook.exc_type, hook.exc_value, hook.exc_traceback)
    _log.warning("%s: %r", hook.err_msg or "exception ignored", hook.object, exc_info=error)
