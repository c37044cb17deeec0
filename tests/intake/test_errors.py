"""Errors of intake: one clear line, no traceback, an exit code to act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import promises
from tests.worker.answers import USAGE, assert_error

UNUSED_ADDRESS = "127.0.0.1:9"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no feeds", "[[feed]]"]),
        ("[[feed]\n", ["not TOML"]),
        ('[[feed]]\nname = "till"\nadapter = "squash"\n', ["feed till", "no adapter 'squash'"]),
        (None, ["cannot be read"]),
    ],
)
def test_invalid_feeds(text: str | None, words: list[str], tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.toml"
    if text is not None:
        feeds.write_text(text, "utf-8")
    assert_error(promises("intake", "--bootstrap", UNUSED_ADDRESS, "--feeds", feeds), USAGE, *words)


def test_an_invalid_address_for_metrics(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.toml"
    feeds.write_text('[[feed]]\nname = "till"\n', "utf-8")
    answer = promises("intake", "--bootstrap", UNUSED_ADDRESS, "--feeds", feeds, "--metrics", "9465")
    assert_error(answer, USAGE, "--metrics", "'9465'", "HOST:PORT")
