"""Runs the command `promises` as `python -m streams.cli`."""

from __future__ import annotations

from streams.cli.main import main

main()
