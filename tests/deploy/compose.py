"""docker-compose.yml as Compose reads it."""

from __future__ import annotations

from typing import Any, Final

import yaml

from tests.shared import ROOT

FILE: Final = ROOT / "docker-compose.yml"


def compose() -> dict[str, Any]:
    """Return the file, with its anchors and merges resolved."""
    result: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return result


def services() -> dict[str, dict[str, Any]]:
    """Return every service by name."""
    result: dict[str, dict[str, Any]] = compose()["services"]
    return result
