"""Generates the dashboards: `python -m dashboards.build`. A test compares the committed files with the output."""

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
    """Return all dashboards."""
    return [overview(), location(), staff(), pipeline()]


def files() -> dict[str, str]:
    """Return the text of each dashboard by its file name."""
    models = [dashboard.build() for dashboard in dashboards()]
    return {
        f"{model.uid}.json": json.dumps(model, cls=JSONEncoder, indent=1, sort_keys=True) + "\n" for model in models
    }


def main() -> None:
    """Write all dashboards."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
