"""Runs the command `promises` in this process, as if it had one of its own."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from streams.cli.main import main
from tests.support.exit_codes import exit_code_of


class Ended(NamedTuple):
    """A command that has ended: its exit code, and the bytes that it wrote."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run(arguments: Sequence[str], *, stdin: bytes, directory: Path, environment: Mapping[str, str]) -> Ended:
    """Run `promises ARGUMENTS` and restore what it changes of this process. Only in the main thread."""
    assert threading.current_thread() is threading.main_thread(), "streams and environment belong to the process"
    streams = [io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (stdin, b"", b"")]
    streams[2].reconfigure(line_buffering=True, errors="backslashreplace")
    with ExitStack() as changes:
        for change in (_no_collections(), _logging(), _hooks(), _signals(), _directory(directory)):
            changes.enter_context(change)
        changes.enter_context(patch.dict(os.environ, environment, clear=True))
        changes.enter_context(patch.object(sys, "argv", ["promises", *arguments]))
        changes.enter_context(warnings.catch_warnings())
        # As in a process of its own: kafka-python never closes the socket of a refused connection (see pyproject.toml).
        warnings.simplefilter("ignore", ResourceWarning)
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            changes.enter_context(patch.object(sys, name, stream))
        code = exit_code_of(main)
    written = [_content(stream) for stream in streams[1:]]
    return Ended(code, *written)


def _content(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue()


@contextmanager
def _logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    levels = {name: logger.level for name, logger in _loggers().items()}
    root.handlers[:] = []  # pytest's own; left in place, basicConfig(force=True) would close them
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, logger in _loggers().items():
            logger.setLevel(levels.get(name, logging.NOTSET))


def _loggers() -> dict[str, logging.Logger]:
    known = logging.Logger.manager.loggerDict.items()
    return {name: logger for name, logger in known if isinstance(logger, logging.Logger)}


@contextmanager
def _hooks() -> Iterator[None]:
    kept: list[tuple[Any, str, Any]] = [
        (module, name, getattr(module, name))
        for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook"))
    ]
    interval = sys.getswitchinterval()
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        for module, name, hook in kept:
            setattr(module, name, hook)


@contextmanager
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Collect no garbage meanwhile: what earlier tests left unclosed would be reported as an error of this command."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _directory(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
