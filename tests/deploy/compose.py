"""docker-compose.yml, read as Compose reads it."""

from __future__ import annotations

from typing import Any, Final

import yaml

from tests.shared import ROOT

FILE: Final = ROOT / "docker-compose.yml"


def compose() -> dict[str, Any]:
    """The file, with its anchors and merges resolved."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def services() -> dict[str, dict[str, Any]]:
    """Every service by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found
