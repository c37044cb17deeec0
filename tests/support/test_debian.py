"""Tests of programs of Debian's packages: found, downloaded, or missing with a reason."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.debian import Unavailable, program, unpacked

pytestmark = pytest.mark.integration


def first_line(command: Path, *arguments: str) -> str:
    return subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


def unpacked_or_skip(package: str, name: str, cache: Path) -> Path:
    try:
        return unpacked(package, name, cache)
    except Unavailable as reason:
        pytest.skip(str(reason))


def test_promtool_runs_out_of_the_package(tmp_path: Path) -> None:
    promtool = unpacked_or_skip("prometheus", "promtool", tmp_path)
    assert promtool.is_relative_to(tmp_path)
    assert first_line(promtool, "--version").startswith("promtool, version ")
    assert list(tmp_path.iterdir()) == [tmp_path / "prometheus"]


def test_the_second_caller_gets_the_same_program_without_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = unpacked_or_skip("hello", "hello", tmp_path)
    monkeypatch.setenv("PATH", "")
    assert program("hello", "hello", cache=tmp_path) == first


def test_a_machine_whose_package_lists_were_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "apt.conf"
    settings.write_text(f'Dir::State::lists "{tmp_path / "empty"}";', encoding="utf-8")
    monkeypatch.setenv("APT_CONFIG", str(settings))
    hello = unpacked_or_skip("hello", "hello", tmp_path / "cache")
    assert first_line(hello) == "Hello, world!\n"


def test_a_program_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "promtool"
    installed.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("prometheus", "promtool", cache=tmp_path / "cache") == installed


def test_a_machine_without_apt_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="prometheus is not on PATH, and this machine has no apt-get and no dpkg-deb"):
        program("prometheus", "promtool", cache=tmp_path)


def test_a_machine_without_network_shows_the_error_of_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"(?s)`apt-get ... update` failed: .*127\.0\.0\.1"):
        unpacked("hello", "hello", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_without_that_program_lists_those_it_has(tmp_path: Path) -> None:
    unpacked_or_skip("hello", "hello", tmp_path)
    with pytest.raises(Unavailable, match=r"hello has no program goodbye; its programs are \['hello'\]"):
        program("hello", "goodbye", cache=tmp_path)
