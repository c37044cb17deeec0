"""Secrets in files, which are read again when they change, so that a secret is replaced without a restart."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

log = logging.getLogger("promises")

_CHECK_SECONDS: Final = 1.0
"""How often the files are checked for changes."""

Read = Callable[[str], tuple[bytes, ...]]
"""Returns the keys in the text of a file. Raises ValueError, whose message does not quote the text."""


class _File:
    """One file, as of its last check. problem: why it gives no keys; empty if it does."""

    def __init__(self, path: str, read: Read) -> None:
        self.path = path
        self.keys: tuple[bytes, ...] = ()
        self.problem = ""
        self._read = read
        self._state: tuple[int, int, int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the file if it has changed. A file that is empty or unreadable gives no keys: they may be revoked."""
        state = self._stat()
        if state == self._state and not (state is None and not self.problem):
            return
        self._state = state
        try:
            self.keys, self.problem = self._read(Path(self.path).read_text("utf-8")), ""
        except OSError as error:
            self.keys, self.problem = (), f"cannot be read: {error.strerror}"
        except UnicodeError:
            self.keys, self.problem = (), "is not text"
        except ValueError as error:
            self.keys, self.problem = (), str(error)

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


class SecretFiles:
    """The secrets of one feed: one, or two during a rotation. name: the owner, for the log."""

    def __init__(self, name: str, paths: Iterable[str], read: Read) -> None:
        self._name = name
        self._files = [_File(path, read) for path in paths]
        self._checked_at = time.monotonic()
        self._log_problems(file for file in self._files if file.problem)

    @property
    def problem(self) -> str:
        """Why no file gives keys; empty if one does."""
        return "" if self._keys() else "; ".join(f"{file.path}: {file.problem}" for file in self._files)

    def keys(self) -> tuple[bytes, ...]:
        """Return all keys that are valid now."""
        now = time.monotonic()
        if now - self._checked_at > _CHECK_SECONDS:
            self._checked_at = now
            self._refresh()
        return self._keys()

    def _keys(self) -> tuple[bytes, ...]:
        return tuple(key for file in self._files for key in file.keys)

    def _refresh(self) -> None:
        for file in self._files:
            before = file.keys, file.problem
            file.refresh()
            if file.problem and file.problem != before[1]:
                self._log_problems([file])
            elif file.keys != before[0]:
                log.info("%s: %s has a new secret, which is valid from now on", self._name, file.path)

    def _log_problems(self, files: Iterable[_File]) -> None:
        for file in files:
            log.warning("%s: %s %s; it gives no secret", self._name, file.path, file.problem)
