"""The vendors' own sample payloads, where they are beside the repository; tests that need them skip elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from schemas.instants import Instant
from streams.feeds.adapters import load
from streams.feeds.adapting.showing import as_text
from streams.feeds.decoding import decode
from streams.feeds.deliveries import Opened
from tests.shared import ROOT

FOLDER = ROOT.parent / "shared" / "pos"


def sample(name: str) -> Path:
    """A sample payload; skips the test where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not beside the repository (../shared/pos)")
    return path


def table(adapter: str, name: str, headers: Mapping[str, str] | None = None, received_at: Instant = 0) -> str:
    """The events that `adapter` makes of a sample, as people read them."""
    opened = Opened(decode(sample(name).read_bytes()), headers or {}, received_at=received_at)
    return f"\n{as_text(load(adapter).adapt(opened).events)}"
