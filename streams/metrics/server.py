"""The HTTP server for /metrics, /healthz and /readyz.

It runs in a thread of its own and reads the last snapshot, so that a scrape never runs on the event loop.
"""

from __future__ import annotations

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import msgspec
from prometheus_client import CollectorRegistry, make_wsgi_app

from streams.metrics.address import Address
from streams.metrics.exposition import SnapshotCollector, SnapshotType
from streams.metrics.health import Readiness, health

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger("promises")

_METHODS: Final = "GET, HEAD"
_TEXT: Final = [("Content-Type", "text/plain; charset=utf-8")]
_JSON: Final = [("Content-Type", "application/json")]


class AddressTaken(OSError):
    """The server cannot listen at the address. The message says why, and what to do."""


class PageResponse(NamedTuple):
    """The response to an HTTP request. headers: without Content-Length."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


Page = Callable[["WSGIEnvironment"], PageResponse]

_AnySnapshot = TypeVar("_AnySnapshot")
ReadinessCheck = Callable[[_AnySnapshot, float, str], Readiness]
"""A function from a snapshot, the monotonic clock in seconds and the name of the consumer group to the readiness."""


@contextmanager
def serve_snapshot(
    collector: SnapshotCollector[SnapshotType],
    address: Address,
    group: str,
    readiness_check: ReadinessCheck[SnapshotType],
) -> Iterator[Address]:
    """Serve the collector's snapshot in all three pages, and yield the address. Port 0 picks a free port.

    Raises AddressTaken.
    """
    with serve_pages(_pages(collector, group, readiness_check), address) as bound:
        yield bound


@contextmanager
def serve_pages(pages: Mapping[str, Page], address: Address) -> Iterator[Address]:
    """Serve `pages` by path, and yield the address. Port 0 picks a free port. Raises AddressTaken."""
    try:
        server = _Server(address)
    except OSError as error:
        raise AddressTaken(f"cannot serve /metrics at {address}: {error}; choose another with --metrics") from error
    server.set_app(_dispatch(pages))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield Address(address.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pages(
    collector: SnapshotCollector[SnapshotType], group: str, readiness_check: ReadinessCheck[SnapshotType]
) -> Mapping[str, Page]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)

    def healthz(_: WSGIEnvironment) -> PageResponse:
        state = health(collector.snapshot, time.monotonic())
        return json_response(state, is_ok=state.healthy)

    def readyz(_: WSGIEnvironment) -> PageResponse:
        state = readiness_check(collector.snapshot, time.monotonic(), group)
        return json_response(state, is_ok=state.ready)

    return {"/metrics": metrics_page(registry), "/healthz": healthz, "/readyz": readyz}


def metrics_page(registry: CollectorRegistry) -> Page:
    """Return the page of prometheus_client, which negotiates format and compression."""
    wsgi_app = make_wsgi_app(registry)

    def metrics(environ: WSGIEnvironment) -> PageResponse:
        start: list[Any] = []
        with _no_garbage_collection():
            body = b"".join(wsgi_app({**environ, "REQUEST_METHOD": "GET"}, lambda *args: start.extend(args)))
        status, headers = start
        return PageResponse(status, headers, body)

    return metrics


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector: a page creates so many objects that collecting would stop the event loop."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def json_response(document: msgspec.Struct, *, is_ok: bool) -> PageResponse:
    """Return a JSON document with status 200 or 503, for probes that read only the status."""
    return PageResponse("200 OK" if is_ok else "503 Service Unavailable", _JSON, msgspec.json.encode(document) + b"\n")


def _dispatch(pages: Mapping[str, Page]) -> Callable[[WSGIEnvironment, StartResponse], list[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        status, headers, body = _respond(pages, environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return app


def _respond(pages: Mapping[str, Page], environ: WSGIEnvironment) -> PageResponse:
    method, page = environ["REQUEST_METHOD"], pages.get(environ["PATH_INFO"])
    if page is None:
        return PageResponse("404 Not Found", _TEXT, f"not found; available: {', '.join(pages)}\n".encode())
    if method not in _METHODS.split(", "):
        return PageResponse("405 Method Not Allowed", [*_TEXT, ("Allow", _METHODS)], f"use {_METHODS}\n".encode())
    try:
        return page(environ)
    except Exception:
        log.exception("the page %s failed", environ["PATH_INFO"])
        return PageResponse("500 Internal Server Error", _TEXT, b"internal error; see the log\n")


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: Prometheus sends a request every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    """A server with a daemon thread for each request, so that no request keeps the process alive."""

    daemon_threads = True

    def __init__(self, address: Address) -> None:
        host = address.host.strip("[]")  # IPv6 addresses have brackets before a port
        self.address_family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, address.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log that the client has gone, instead of printing a traceback to stderr."""
        log.warning("the connection from %s broke before the response", client_address, exc_info=True)
