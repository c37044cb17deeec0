"""`python -m streams.cli` is the command `promises`."""

from __future__ import annotations

from streams.cli.main import main

main()
