"""Tests that follow docs/feeds.md: its files are saved, and its commands are run."""

from __future__ import annotations

import re
from pathlib import Path

from streams.adapters.vendors import names
from streams.config.feeds import parse_feeds
from streams.intake.feed_adapters import adapters_of
from tests.cli.command import promises
from tests.shared import ROOT

PAGE = (ROOT / "docs" / "feeds.md").read_text("utf-8")


def output(language: str, number: int) -> str:
    """Return a block of the page without its indentation."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE, re.MULTILINE | re.DOTALL)
    indent, block = blocks[number]
    return re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)


def test_the_adapter_of_the_documentation_passes_its_tests(tmp_path: Path) -> None:
    for name, text in (
        ("order.json", output("json", 0)),
        ("bakehouse.toml", output("toml", 0)),
        ("bakehouse.tests.toml", output("toml", 1)),
    ):
        (tmp_path / name).write_text(text, "utf-8")
    shown = promises("adapt", tmp_path / "order.json", "--adapter", tmp_path / "bakehouse.toml")
    assert (shown.code, shown.err) == (0, "")
    assert "bakehouse:5512" in shown.out
    checked = promises("check", "--adapter", tmp_path / "bakehouse.toml")
    assert (checked.code, checked.err) == (0, "")
    assert "tests beside it: 2" in checked.out


def test_the_page_names_every_adapter_there_is() -> None:
    assert set(names()) <= set(re.findall(r"`([a-z-]+)`", PAGE))


def test_the_feeds_to_begin_with_can_be_read() -> None:
    example = ROOT / "examples" / "feeds.toml"
    feeds = parse_feeds(example.read_text("utf-8"), str(example))
    assert adapters_of(feeds, {}).keys() == {"square", "shopify", "bookings"}
