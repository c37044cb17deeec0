"""What a receiver may do to a notifier: refuse, redirect, hang, drip, say nonsense, show a wrong certificate. Each is
an answer, none is an accident, and none takes longer than it may."""

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


def never() -> bool:
    return False


def asked(webhook: Webhook, *, timeout: float = 5.0, patience: float = 20.0) -> WebhookResponse:
    answer = HttpSender(webhook, timeout=timeout, patience=patience).deliver(HEADERS, BODY, never)
    assert answer is not None
    return answer


@contextmanager
def speaking(say: Callable[[socket.socket, threading.Event], None]) -> Iterator[Webhook]:
    """A server that takes one connection, and says to it what it likes until it is told to end."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    say(connection, ended)
                except OSError:
                    ended.set()

        thread = threading.Thread(target=serve)
        thread.start()
        yield parse_webhook(f"http://127.0.0.1:{server.getsockname()[1]}/")
        ended.set()
        thread.join()


def test_what_is_sent_is_what_was_given_and_says_that_it_is_json() -> None:
    with receiving() as receiver:
        assert asked(parse_webhook(url_of(receiver))).is_taken
        (got,) = receiver.got
    assert (got.path, got.body) == ("/alerts/sesame?token=sesame", BODY)
    assert (got.headers["content-type"], got.headers["webhook-id"]) == ("application/json", "alert_1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.server_port}"


def test_a_refusal_is_told_with_its_reason_and_what_the_receiver_asks_for() -> None:
    with receiving() as receiver:
        receiver.answer("o-1", 503, retry_after="7")
        assert asked(parse_webhook(url_of(receiver))) == WebhookResponse(
            503, "503 Service Unavailable: this is 503", 7000
        )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving() as receiver, receiving() as elsewhere:
        receiver.answer("o-1", status, location=url_of(elsewhere))
        answer = asked(parse_webhook(url_of(receiver)))
        assert (answer.status, answer.is_taken, elsewhere.got) == (status, False, [])


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver, receiving() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        assert asked(parse_webhook(url_of(receiver))).is_taken
        assert proxy.got == []


def test_nobody_is_there() -> None:
    answer = asked(parse_webhook(f"http://127.0.0.1:{free_ports(1)[0]}/"))
    assert (answer.status, "refused" in answer.said) == (None, True)


def test_a_receiver_that_never_answers_is_waited_for_no_longer_than_it_may() -> None:
    with speaking(lambda _, ended: _wait(ended)) as webhook:
        assert asked(webhook, timeout=0.3) == WebhookResponse(None, "no answer: timed out")


def test_a_receiver_that_answers_letter_by_letter_is_left_in_the_end() -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not ended.wait(0.05):
            connection.sendall(b"y")

    with speaking(drip) as webhook:
        assert asked(webhook, patience=1.0) == WebhookResponse(None, "no answer within 1 s")


def test_a_receiver_that_has_taken_an_alert_may_say_the_rest_as_slowly_as_it_likes() -> None:
    def drip(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while not ended.wait(0.05):
            connection.sendall(b"y")

    with speaking(drip) as webhook:
        assert asked(webhook).is_taken


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "without response"),
        (b"220 mail.example ESMTP\r\n", "220 mail.example"),
        (b"HTTP/1.1 200" + b" OK" * 100_000, "status line"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000, "100 headers"),
        (b"HTTP/1.1 999999 \x1b[31mOK\r\n\r\n", "no answer"),
    ],
)
def test_what_is_not_http_is_no_answer(said: bytes, told: str) -> None:
    with speaking(lambda connection, _: connection.sendall(said)) as webhook:
        answer = asked(webhook)
    assert (answer.status, answer.is_taken) == (None, False)
    assert told in answer.said
    assert answer.said.isprintable()


def test_an_endless_refusal_is_read_in_part_and_shown_in_one_line() -> None:
    text = b"HTTP/1.1 400 \x1b[31mBad\r\n\r\n" + b"no\r\n" * 100_000
    with speaking(lambda connection, _: connection.sendall(text)) as webhook:
        answer = asked(webhook)
    assert answer.status == 400
    assert answer.said.startswith("400 [31mBad: no no no")
    assert len(answer.said) < 300
    assert answer.said.isprintable()


def test_who_is_told_to_end_takes_an_answer_that_comes_at_once_and_waits_for_no_other() -> None:
    with receiving() as receiver:
        answer = HttpSender(parse_webhook(url_of(receiver))).deliver(HEADERS, BODY, lambda: True)
        assert answer is not None
        assert answer.is_taken
    with speaking(lambda _, ended: _wait(ended)) as webhook:
        assert HttpSender(webhook).deliver(HEADERS, BODY, lambda: True) is None


def test_a_receiver_is_trusted_by_its_certificate_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority()
    signed = authority.sign("127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(written(tmp_path, "cert", signed.certificate), written(tmp_path, "key", signed.key))
    with receiving(tls=tls) as receiver:
        url = url_of(receiver, "https")
        stranger = asked(parse_webhook(url))
        assert (stranger.status, "certificate verify failed" in stranger.said) == (None, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(written(tmp_path, "ca.pem", authority.certificate)))
        other_name = asked(parse_webhook(url.replace("127.0.0.1", "localhost")))
        assert (other_name.status, "certificate verify failed" in other_name.said) == (None, True)
        assert asked(parse_webhook(url)).is_taken
        assert len(receiver.got) == 1


def _wait(ended: threading.Event) -> None:
    ended.wait(60)
