"""Secrets in files, read again when a file changes: so a secret is replaced without a restart."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

log = logging.getLogger("promises")

_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether a file changed."""

Read = Callable[[str], tuple[bytes, ...]]
"""The keys in the text of a file. Raises ValueError saying what is wrong, without quoting it."""


class _File:
    """One file, as it was when it was last looked at. trouble: why it gives no keys."""

    def __init__(self, path: str, read: Read) -> None:
        self.path = path
        self.keys: tuple[bytes, ...] = ()
        self.trouble = ""
        self._read = read
        self._seen: tuple[int, int, int] | None = None
        self.look()

    def look(self) -> None:
        """Read it where it is not what it was. One that cannot be read gives no keys: who empties it means that."""
        seen = self._state()
        if seen == self._seen and not (seen is None and not self.trouble):
            return
        self._seen = seen
        try:
            self.keys, self.trouble = self._read(Path(self.path).read_text("utf-8")), ""
        except OSError as error:
            self.keys, self.trouble = (), f"cannot be read: {error.strerror}"
        except UnicodeError:
            self.keys, self.trouble = (), "is not text"
        except ValueError as error:
            self.keys, self.trouble = (), str(error)

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


class SecretFiles:
    """The secrets of one feed: one, or two while one takes the other's place. name: whose they are, for the log."""

    def __init__(self, name: str, paths: Iterable[str], read: Read) -> None:
        self._name = name
        self._files = [_File(path, read) for path in paths]
        self._looked = time.monotonic()
        self._say(file for file in self._files if file.trouble)

    @property
    def trouble(self) -> str:
        """Why there are no keys at all, by file; empty where there are some."""
        return "" if self._keys() else "; ".join(f"{file.path}: {file.trouble}" for file in self._files)

    def keys(self) -> tuple[bytes, ...]:
        """All keys that are valid now."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._keys()

    def _keys(self) -> tuple[bytes, ...]:
        return tuple(key for file in self._files for key in file.keys)

    def _look(self) -> None:
        for file in self._files:
            before = file.keys, file.trouble
            file.look()
            if file.trouble and file.trouble != before[1]:
                self._say([file])
            elif file.keys != before[0]:
                log.info("%s: %s has another secret, which is valid from now on", self._name, file.path)

    def _say(self, files: Iterable[_File]) -> None:
        for file in files:
            log.warning("%s: %s %s; it gives no secret", self._name, file.path, file.trouble)
