"""Programs out of Debian's packages, for tests that run a real Prometheus or Alertmanager.

Nothing is installed and nobody has to be root: the package is downloaded with apt, which checks its signature, and
unpacked into a cache. Only the package itself is unpacked, not what it depends on. Prometheus and Alertmanager need no
more: their programs are Go's and link to nothing but the C library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.local.kafka_program import cache_directory

_SECONDS = 300.0
_FOLDERS = ("usr/bin", "usr/sbin", "usr/games", "bin", "sbin")
_OWN_SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")


class Unavailable(Exception):
    """The program is not available on this machine; the message says why, as the reason of a skipped test."""


def program(package: str, name: str, *, cache: Path | None = None) -> Path:
    """The program `name` of Debian's `package`: the one on PATH, or else one out of the package.

    A package is fetched once, into `cache` (by default this user's cache directory). Raises Unavailable.
    """
    result = shutil.which(name)
    return Path(result) if result else unpacked(package, name, cache or cache_directory() / "debian")


def unpacked(package: str, name: str, cache: Path) -> Path:
    """Return the program `name` of `package`, even if there is another on PATH. Raises Unavailable."""
    home = cache / package
    if not home.is_dir():
        _fetch(package, home)
    places = [home / folder / name for folder in _FOLDERS]
    for place in places:
        if place.is_file():
            return place
    raise Unavailable(f"Debian's package {package} has no program {name}; its programs are {_programs(home)}.")


def _programs(home: Path) -> list[str]:
    return sorted(path.name for folder in _FOLDERS for path in (home / folder).glob("*"))


def _fetch(package: str, home: Path) -> None:
    """Fill `home` completely or not at all. Several processes may try at once, each in its own directory."""
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise Unavailable(f"{package} is not on PATH, and this machine has no {' and no '.join(missing)} to fetch it.")
    home.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home.parent, prefix=f".{package}-") as scratch:
        archive = _downloaded(package, Path(scratch))
        complete = Path(scratch) / "unpacked"
        _run(["dpkg-deb", "-x", str(archive), str(complete)], Path(scratch))
        try:
            complete.rename(home)
        except OSError:
            if not home.is_dir():
                raise


def _downloaded(package: str, scratch: Path) -> Path:
    """Return the archive of the package, by the package lists of the machine, or by fresh ones if these are old."""
    download = ("download", package)
    try:
        _apt(scratch, (), download)
    except Unavailable:
        lists = _private_lists(scratch)
        _apt(scratch, lists, ("update",))
        _apt(scratch, lists, download)
    (archive,) = scratch.glob("*.deb")
    return archive


def _private_lists(scratch: Path) -> list[str]:
    """Return options for apt with lists of its own, of the distribution alone: other sources may be unreachable."""
    (scratch / "lists" / "partial").mkdir(parents=True)
    # Without the error mode an update that reached nothing counts as done, and the package as unknown.
    options = [f"Dir::State::lists={scratch / 'lists'}", "Acquire::Languages=none", "APT::Update::Error-Mode=any"]
    for name in _OWN_SOURCES:
        if Path("/etc/apt", name).is_file():
            return [*options, f"Dir::Etc::sourcelist={name}", "Dir::Etc::sourceparts=-"]
    return options


def _apt(scratch: Path, options: Sequence[str], action: Sequence[str]) -> None:
    # As root, apt downloads as a user who cannot write to the scratch directory, unless it is configured otherwise.
    bounds = ("Acquire::http::Timeout=20", "Acquire::Retries=1")
    every = ("APT::Sandbox::User=root", f"Dir::Cache={scratch / 'cache'}", *bounds, *options)
    _run(["apt-get", "--quiet", *(word for option in every for word in ("-o", option)), *action], scratch)


def _run(command: Sequence[str], directory: Path) -> None:
    environment = os.environ | {"LC_ALL": "C"}
    try:
        subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except subprocess.CalledProcessError as reason:
        raise Unavailable(f"`{command[0]} ... {command[-1]}` failed: {reason.stderr.strip()}") from reason
    except (OSError, subprocess.TimeoutExpired) as reason:
        raise Unavailable(f"`{command[0]} ... {command[-1]}` failed: {reason}") from reason
