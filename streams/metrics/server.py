"""/metrics, served by a thread of its own from the last snapshot, never from the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from streams.metrics.collector import SnapshotCollector
from streams.settings import Address


class AddressTaken(OSError):
    """/metrics cannot be served there; the message says where, why and what to do."""


@contextmanager
def served(collector: SnapshotCollector, address: Address) -> Iterator[str]:
    """Serve what `collector` has; gives the URL. Port 0 takes a free one. Raises AddressTaken."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    try:
        server, thread = start_http_server(address.port, address.host, registry)
    except OSError as error:
        raise AddressTaken(f"/metrics cannot be served at {address}: {error}; choose another with --metrics") from error
    try:
        yield f"http://{address.host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
