"""Writes the dashboards: `python -m dashboards.build`. What is committed is what this writes; a test compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.location import location
from dashboards.overview import overview
from dashboards.pipeline import pipeline
from dashboards.staff import staff

FOLDER: Final = Path(__file__).parent / "grafana"


def dashboards() -> list[Dashboard]:
    """Every dashboard."""
    return [overview(), location(), staff(), pipeline()]


def files() -> dict[str, str]:
    """The text of every dashboard by the name of its file."""
    built = [one.build() for one in dashboards()]
    return {f"{one.uid}.json": json.dumps(one, cls=JSONEncoder, indent=1, sort_keys=True) + "\n" for one in built}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
