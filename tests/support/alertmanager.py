"""Debian's Alertmanager, run from where it was unpacked.

Debian has it read its templates below /usr/share and nowhere else, where only root can put them. So the
program is copied, and the path in the copy is patched to a relative one of the same length. Run in the folder into
which the package was unpacked, the copy finds the templates.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streams.local.kafka_program import cache_directory
from tests.support.debian import unpacked

_PACKAGE, _NAME = "prometheus-alertmanager", "prometheus-alertmanager"
_FOLDER: Final = b"/usr/share/prometheus/alertmanager"


@contextmanager
def alertmanager(folder: Path, address: str) -> Iterator[None]:
    """Alertmanager with `folder`/alertmanager.yml, which keeps its data and its log beside that.

    address: where it listens, as HOST:PORT. Alone, without a cluster. Raises debian.Unavailable.
    """
    program = movable()
    options = (
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    with (folder / "log").open("w") as log:
        running = subprocess.Popen([program, *options], cwd=home_of(program), stdout=log, stderr=log)
        try:
            yield
        finally:
            running.terminate()
            running.wait(20)


def home_of(program: Path) -> Path:
    """Return the folder in which the program has to run."""
    return program.parents[2]


def movable() -> Path:
    """Return the copy, made completely or not at all by any number of processes. Raises debian.Unavailable."""
    program = unpacked(_PACKAGE, _NAME, cache_directory() / "debian")
    copy = program.with_name(f"{program.name}-movable")
    if not copy.exists():
        scratch = copy.with_name(f".{copy.name}-{os.getpid()}")
        scratch.write_bytes(program.read_bytes().replace(_FOLDER, _FOLDER[1:] + b"/"))
        scratch.chmod(0o755)
        scratch.rename(copy)
    return copy
