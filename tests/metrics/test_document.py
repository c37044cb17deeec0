"""docs/metrics.md equals the catalogue."""

from __future__ import annotations

from pathlib import Path

from streams.metrics.document import page

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_generated_from_the_catalogue() -> None:
    written = PAGE.read_text("utf-8")
    assert written == page(), "run: python -m streams.metrics.document > docs/metrics.md"
