"""docs/feeds.md is followed to the letter: what it says to save is saved, what it says to run is run."""

from __future__ import annotations

import re
from pathlib import Path

from streams.adapters.vendors import names
from streams.config.feeds import parse_feeds
from streams.intake.feed_adapters import adapters_of
from tests.cli.command import promises
from tests.shared import ROOT

PAGE = (ROOT / "docs" / "feeds.md").read_text("utf-8")


def told(language: str, number: int) -> str:
    """A block of the page, without the indentation of the list that it stands in."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE, re.MULTILINE | re.DOTALL)
    indent, block = blocks[number]
    return re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)


def test_who_follows_the_page_has_an_adapter_whose_tests_pass(tmp_path: Path) -> None:
    for name, text in (
        ("order.json", told("json", 0)),
        ("bakehouse.toml", told("toml", 0)),
        ("bakehouse.tests.toml", told("toml", 1)),
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
