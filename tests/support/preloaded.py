"""Everything that a forked process may need, imported once by the server that forks it (see processes.py)."""

from __future__ import annotations

import aiokafka
import faust
import kafka
import uvicorn

import streams.gateway.run
import streams.intake.app
import streams.local.kafka_cluster
import streams.notifier.notifier
import streams.worker.app
from streams.cli.main import app_of

__all__ = ["aiokafka", "faust", "kafka", "streams", "uvicorn"]

app_of()
