"""Tests of sending to receivers that refuse, redirect, hang, respond slowly, or show a wrong certificate.

Each of these is a response, no exception, and none takes longer than the time limit.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.local.ports import free_ports
from streams.notifier.responses import WebhookResponse
from streams.notifier.sender import HttpSender
from streams.notifier.webhook import Webhook, parse_webhook
from tests.notifier.receiver import receiving, url_of
from tests.support.certificates import Authority, written

BODY = b'{"case": "o-1"}'
HEADERS = {"webhook-id": "alert_1"}


def not_terminated() -> bool:
    return False


def send(webhook: Webhook, *, timeout: float = 5.0, total_timeout: float = 20.0) -> WebhookResponse:
    response = HttpSender(webhook, timeout=timeout, total_timeout=total_timeout).send(HEADERS, BODY, not_terminated)
    assert response is not None
    return response


@contextmanager
def serving(respond: Callable[[socket.socket, threading.Event], None]) -> Iterator[Webhook]:
    """Run a server that accepts one connection and responds with `respond` until the test ends."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    respond(connection, ended)
                except OSError:
                    ended.set()

        thread = threading.Thread(target=serve)
        thread.start()
        yield parse_webhook(f"http://127.0.0.1:{server.getsockname()[1]}/")
        ended.set()
        thread.join()


def test_body_and_headers_are_sent_as_json() -> None:
    with receiving() as receiver:
        assert send(parse_webhook(url_of(receiver))).is_accepted
        (got,) = receiver.got
    assert (got.path, got.body) == ("/alerts/sesame?token=sesame", BODY)
    assert (got.headers["content-type"], got.headers["webhook-id"]) == ("application/json", "alert_1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.server_port}"


def test_an_error_response_has_its_text_and_its_retry_after() -> None:
    with receiving() as receiver:
        receiver.answer("o-1", 503, retry_after="7")
        assert send(parse_webhook(url_of(receiver))) == WebhookResponse(
            503, "503 Service Unavailable: this is 503", 7000
        )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as receiver, receiving() as elsewhere:
        receiver.answer("o-1", status, location=url_of(elsewhere))
        response = send(parse_webhook(url_of(receiver)))
        assert (response.status, response.is_accepted, elsewhere.got) == (status, False, [])


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver, receiving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        assert send(parse_webhook(url_of(receiver))).is_accepted
        assert proxy.got == []


def test_a_refused_connection_is_no_response() -> None:
    response = send(parse_webhook(f"http://127.0.0.1:{free_ports(1)[0]}/"))
    assert (response.status, "refused" in response.text) == (None, True)


def test_a_receiver_that_never_responds_times_out() -> None:
    with serving(lambda _, ended: _wait(ended)) as webhook:
        assert send(webhook, timeout=0.3) == WebhookResponse(None, "no response: timed out")


def test_a_receiver_that_responds_too_slowly_times_out() -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not ended.wait(0.05):
            connection.sendall(b"y")

    with serving(drip) as webhook:
        assert send(webhook, total_timeout=1.0) == WebhookResponse(None, "no response within 1 s")


def test_a_success_status_is_accepted_without_waiting_for_the_body() -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while not ended.wait(0.05):
            connection.sendall(b"y")

    with serving(drip) as webhook:
        assert send(webhook).is_accepted


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "without response"),
        (b"220 mail.example ESMTP\r\n", "220 mail.example"),
        (b"HTTP/1.1 200" + b" OK" * 100_000, "status line"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000, "100 headers"),
        (b"HTTP/1.1 999999 \x1b[31mOK\r\n\r\n", "no response"),
    ],
)
def test_a_response_that_is_not_http_is_no_response(sent: bytes, error: str) -> None:
    with serving(lambda connection, _: connection.sendall(sent)) as webhook:
        response = send(webhook)
    assert (response.status, response.is_accepted) == (None, False)
    assert error in response.text
    assert response.text.isprintable()


def test_an_endless_error_response_is_cut_to_one_line() -> None:
    text = b"HTTP/1.1 400 \x1b[31mBad\r\n\r\n" + b"no\r\n" * 100_000
    with serving(lambda connection, _: connection.sendall(text)) as webhook:
        response = send(webhook)
    assert response.status == 400
    assert response.text.startswith("400 [31mBad: no no no")
    assert len(response.text) < 300
    assert response.text.isprintable()


def test_after_termination_only_an_immediate_response_is_awaited() -> None:
    with receiving() as receiver:
        response = HttpSender(parse_webhook(url_of(receiver))).send(HEADERS, BODY, lambda: True)
        assert response is not None
        assert response.is_accepted
    with serving(lambda _, ended: _wait(ended)) as webhook:
        assert HttpSender(webhook).send(HEADERS, BODY, lambda: True) is None


def test_a_receiver_is_trusted_only_by_its_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority()
    signed = authority.sign("127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(written(tmp_path, "cert", signed.certificate), written(tmp_path, "key", signed.key))
    with receiving(tls=tls) as receiver:
        url = url_of(receiver, "https")
        stranger = send(parse_webhook(url))
        assert (stranger.status, "certificate verify failed" in stranger.text) == (None, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(written(tmp_path, "ca.pem", authority.certificate)))
        other_name = send(parse_webhook(url.replace("127.0.0.1", "localhost")))
        assert (other_name.status, "certificate verify failed" in other_name.text) == (None, True)
        assert send(parse_webhook(url)).is_accepted
        assert len(receiver.got) == 1


def _wait(ended: threading.Event) -> None:
    ended.wait(60)
