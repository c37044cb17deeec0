"""Alertmanager's configuration for a webhook and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.cli.command import promises
from tests.shared import ROOT

POLICIES: Final = ROOT / "streams" / "local" / "town-policies.toml"
_RECEIVERS: Final = """
[webhook]
url = "http://127.0.0.1:9099/alerts"
"""


def alertmanager_settings(folder: Path) -> str:
    """Return the configuration that `promises rules` makes, and write its secret where a stack in `folder` has it."""
    receivers = folder / "receivers.toml"
    receivers.write_text(_RECEIVERS, "utf-8")
    made = promises("rules", "--policies", POLICIES, "--receivers", receivers, "--out", folder / "made")
    assert made.code == 0, made.err
    secret = folder / "alertmanager" / "etc" / "alertmanager" / "secrets" / "webhook_token"
    secret.parent.mkdir(parents=True)
    secret.write_text("let-me-in", "utf-8")
    return (folder / "made" / "alertmanager" / "alertmanager.yml").read_text("utf-8")
