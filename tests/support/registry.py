"""A schema registry with Confluent's HTTP interface: Apicurio Registry, out of a Maven repository, kept in memory.

Confluent's own is in no registry of packages that a plain machine reaches, and so is Karapace.
"""

from __future__ import annotations

import hashlib
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from streams.local.child_process import ChildProcess
from streams.local.kafka_program import cache_directory, find_java
from streams.local.ports import free_ports

_VERSION: Final = "2.6.13.Final"
_SHA256: Final = "3cda1b34aa020fb4ac4dd6a66018d757e81e437f97e20a1f92d366b70091c6ba"
_SECONDS: Final = 90.0


class Unavailable(Exception):
    """The registry is not available on this machine; the message says why, as the reason of a skipped test."""


@contextmanager
def schema_registry(folder: Path) -> Iterator[str]:
    """The address of a registry without schemas, such as http://127.0.0.1:41234/apis/ccompat/v7, that logs to `folder`.

    Its program is fetched once (142 MB). Raises Unavailable.
    """
    jar = _program(cache_directory()) / f"apicurio-registry-app-{_VERSION}-runner.jar"
    (port,) = free_ports(1)
    settings = ("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}")
    log = folder / "registry.log"
    command = [str(find_java()), "-Xmx256m", "-XX:TieredStopAtLevel=1", *settings, "-jar", str(jar)]
    running = ChildProcess(command, log=log)
    try:
        url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        _await(url, running, log)
        yield url
    finally:
        running.end(at_once=True)
        running.wait()


def _await(url: str, running: ChildProcess, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and running.exit_code is None:
        try:
            with urlopen(f"{url}/subjects", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise Unavailable(f"Apicurio Registry does not answer:\n{log.read_text(errors='replace')[-4000:]}")


def _program(cache: Path) -> Path:
    """Return the folder of the program, filled completely or not at all by any number of processes."""
    home = cache / f"apicurio-registry-{_VERSION}"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=home.parent, prefix=".apicurio-") as scratch:
            complete = Path(scratch) / "program"
            with tarfile.open(_archive(Path(scratch) / "maven")) as archive:
                archive.extractall(complete, filter="data")
            try:
                complete.rename(home)
            except OSError:
                if not home.is_dir():
                    raise
    return home


def _archive(repository: Path) -> Path:
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=repository)
    context.remote_repos.update(GlobalSettings.load().repositories)
    component = context.project("io.apicurio", "apicurio-registry-app").at_version(_VERSION)
    try:
        archive: Path = component.artifact(classifier="all", packaging="tar.gz").resolve()
    except Exception as reason:  # jgo names no errors of its own
        raise Unavailable(f"Apicurio Registry {_VERSION} cannot be fetched: {reason}") from reason
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256:
        raise Unavailable(f"What was fetched as Apicurio Registry {_VERSION} is something else (sha256 {found})")
    return archive
