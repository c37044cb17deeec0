"""/metrics, /healthz and /readyz, served by a thread of its own from the last snapshot, never from the event loop."""

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
from streams.metrics.exposition import Shown, SnapshotCollector
from streams.metrics.health import Readiness, health

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger("promises")

_METHODS: Final = "GET, HEAD"
_TEXT: Final = [("Content-Type", "text/plain; charset=utf-8")]
_JSON: Final = [("Content-Type", "application/json")]


class AddressTaken(OSError):
    """Nothing can be served there; the message says what, where, why and what to do."""


class PageResponse(NamedTuple):
    """What an HTTP request is answered with. headers: without the length."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


Page = Callable[["WSGIEnvironment"], PageResponse]

_Of = TypeVar("_Of")
Readies = Callable[[_Of, float, str], Readiness]
"""Whether a process is ready: from its snapshot, the monotonic clock and the name of its consumer group."""


@contextmanager
def served(
    collector: SnapshotCollector[Shown], address: Address, group: str, readies: Readies[Shown]
) -> Iterator[Address]:
    """Serve what `collector` has; gives the address. Port 0 takes a free one. Raises AddressTaken."""
    with serving(_pages(collector, group, readies), address) as bound:
        yield bound


@contextmanager
def serving(pages: Mapping[str, Page], address: Address) -> Iterator[Address]:
    """Serve `pages` by their paths; gives the address. Port 0 takes a free one. Raises AddressTaken."""
    try:
        server = _Server(address)
    except OSError as error:
        raise AddressTaken(f"/metrics cannot be served at {address}: {error}; choose another with --metrics") from error
    server.set_app(_dispatch(pages))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield Address(address.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pages(collector: SnapshotCollector[Shown], group: str, readies: Readies[Shown]) -> Mapping[str, Page]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)

    def healthz(_: WSGIEnvironment) -> PageResponse:
        found = health(collector.snapshot, time.monotonic())
        return document(found, is_well=found.healthy)

    def readyz(_: WSGIEnvironment) -> PageResponse:
        found = readies(collector.snapshot, time.monotonic(), group)
        return document(found, is_well=found.ready)

    return {"/metrics": metrics_page(registry), "/healthz": healthz, "/readyz": readyz}


def metrics_page(registry: CollectorRegistry) -> Page:
    """Prometheus' own page, which knows its formats and compression."""
    page = make_wsgi_app(registry)

    def metrics(environ: WSGIEnvironment) -> PageResponse:
        said: list[Any] = []
        with _without_collections():
            body = b"".join(page({**environ, "REQUEST_METHOD": "GET"}, lambda *head: said.extend(head)))
        status, headers = said
        return PageResponse(status, headers, body)

    return metrics


@contextmanager
def _without_collections() -> Iterator[None]:
    """A page is made of so many objects that Python would look for garbage, and the event loop would stand still."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def document(said: msgspec.Struct, *, is_well: bool) -> PageResponse:
    """What /healthz and /readyz say, with a status for those who read no more than that."""
    return PageResponse("200 OK" if is_well else "503 Service Unavailable", _JSON, msgspec.json.encode(said) + b"\n")


def _dispatch(pages: Mapping[str, Page]) -> Callable[[WSGIEnvironment, StartResponse], list[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        status, headers, body = _answer(pages, environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return app


def _answer(pages: Mapping[str, Page], environ: WSGIEnvironment) -> PageResponse:
    method, page = environ["REQUEST_METHOD"], pages.get(environ["PATH_INFO"])
    if page is None:
        return PageResponse("404 Not Found", _TEXT, f"there are {', '.join(pages)}\n".encode())
    if method not in _METHODS.split(", "):
        return PageResponse("405 Method Not Allowed", [*_TEXT, ("Allow", _METHODS)], f"use {_METHODS}\n".encode())
    try:
        return page(environ)
    except Exception:
        log.exception("%s cannot be answered", environ["PATH_INFO"])
        return PageResponse("500 Internal Server Error", _TEXT, b"the log says why\n")


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: Prometheus asks all day long."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, of which none keeps the process from ending."""

    daemon_threads = True

    def __init__(self, address: Address) -> None:
        host = address.host.strip("[]")  # as IPv6 addresses are written before a port
        self.address_family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, address.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone; a line of its own form, and no traceback on stderr."""
        log.warning("%s was not answered", client_address, exc_info=True)
