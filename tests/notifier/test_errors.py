"""Tests of the errors of `promises notify` at its start: one line without any secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.local.ports import free_ports
from tests.cli.command import promises
from tests.notifier.process import SECRET, secret_in, unreachable_webhook
from tests.support.certificates import written
from tests.worker.answers import UNREACHABLE, USAGE, assert_error

NOBODY = "127.0.0.1:9"
URL = "https://hooks.example/sesame?token=sesame"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max-age", "15"), ["--max-age 15", '"15m"']),
        (("--max-age", "0m"), ["--max-age 0m", "15m"]),
        (("--bootstrap", "kafka"), ["--bootstrap 'kafka'", "HOST:PORT"]),
    ],
)
def test_an_option_that_cannot_be_used(options: tuple[str, str], words: list[str], tmp_path: Path) -> None:
    assert_error(promises("notify", "--bootstrap", NOBODY, *unreachable_webhook(tmp_path), *options), USAGE, *words)


def test_an_unknown_stage_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    answer = promises("notify", "--bootstrap", NOBODY, *unreachable_webhook(tmp_path), "--stage", "late")
    assert (answer.code, answer.out) == (USAGE, "")
    assert all(word in answer.err for word in ("--stage", "late", "at_risk", "overdue"))


def test_an_invalid_webhook_is_not_quoted(tmp_path: Path) -> None:
    answer = promises(
        "notify", "--bootstrap", NOBODY, "--webhook", f"{URL} or so", "--secret-file", secret_in(tmp_path)
    )
    assert_error(answer, USAGE, "--webhook ")
    assert "sesame" not in answer.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["cannot be read", "give a readable file"]),
        (f"{SECRET}\nwhsec_c2VzYW1l", ["line 2", "6 bytes"]),
    ],
)
def test_a_secret_that_cannot_be_used_is_not_quoted(text: str | None, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "secret" if text is None else written(tmp_path, "secret", text)
    answer = promises("notify", "--bootstrap", NOBODY, "--webhook", URL, "--secret-file", file)
    assert_error(answer, USAGE, f"--secret-file {file}", *words)
    assert not [line for line in (text or "").splitlines() if line in answer.err]


def test_a_secret_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe")
    answer = promises("notify", "--bootstrap", NOBODY, "--webhook", URL, "--secret-file", file)
    assert_error(answer, USAGE, f"--secret-file {file}", "not text")


@pytest.mark.integration  # it waits for Kafka as long as the command does
def test_without_kafka_and_with_options_from_the_environment(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    settings = {"BOOTSTRAP": nobody, "WEBHOOK": URL, "SECRET_FILE": str(secret_in(tmp_path)), "STAGE": "overdue"}
    answer = promises("notify", environment={f"PROMISES_{name}": value for name, value in settings.items()})
    assert_error(answer, UNREACHABLE, nobody, "Kafka does not respond there")
