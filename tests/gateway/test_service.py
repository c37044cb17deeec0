"""A gateway on a real Kafka: accepted requests are stored unchanged; refused ones get an error and a remedy."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from urllib.request import urlopen

import pytest

from schemas.reading import read_event
from streams.wall_clock import wall_clock
from tests.gateway.gateways import (
    LOGIN,
    SECRET,
    TOKEN,
    Gateway,
    Response,
    create_topics,
    records,
    replace,
    response_on,
    send_without_length,
    shopify,
    signature,
)

pytestmark = pytest.mark.integration

BODY = '{ "id": 820982911946154508,\n\t"note": "zwei Stück 🥐" }\r\n'.encode()


@pytest.fixture(scope="module")
def gateway(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    create_topics(bootstrap)
    with Gateway(bootstrap, tmp_path_factory.mktemp("gateway")) as running:
        running.until_ready_to_serve()
        yield running


def test_a_webhook_is_stored_byte_for_byte_before_it_is_acknowledged(gateway: Gateway, bootstrap: str) -> None:
    before = wall_clock()
    headers = shopify(BODY) | {"Cookie": "a=b", "X-Api-Key": "k", "X-Forwarded-For": "192.0.2.1", "X-Shop": "Zoë"}
    response = gateway.validated("post", "/shopify", gateway.post("/shopify", BODY, headers))
    assert (response.status, response.document) == (200, {"stored": True})
    (stored,) = records(bootstrap, "feeds.shopify")
    assert (stored.key, stored.value) == (None, BODY)
    assert stored.headers.pop("promises.received_at") >= "2026"
    assert stored.headers == {
        "x-shopify-hmac-sha256": signature(BODY),
        "x-shopify-topic": "orders/updated",
        "x-shop": "Zoë",
        "promises.feed": "shopify",
    }
    assert before <= stored.timestamp <= wall_clock()


def test_a_signed_url_is_stored_in_a_header(gateway: Gateway, bootstrap: str) -> None:
    url = "https://hooks.example/square"
    response = gateway.post("/square", BODY, {"x-square-hmacsha256-signature": signature(BODY, url=url)})
    assert response.status == 200
    (stored,) = records(bootstrap, "feeds.square")
    assert stored.headers["promises.url"] == url
    assert gateway.post("/square", BODY, {"x-square-hmacsha256-signature": signature(BODY)}).status == 401


def test_a_ping_is_acknowledged_and_not_stored(gateway: Gateway, bootstrap: str) -> None:
    verification = gateway.post("/clover", '{"verificationCode": "b0a1-77"}')
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert verification.status == gateway.post("/in/woo", "webhook_id=12", form).status == 200
    assert "its verification code is b0a1-77: enter it at Clover" in gateway.log_text
    assert records(bootstrap, "feeds.clover") == records(bootstrap, "feeds.woo") == []
    assert gateway.post("/clover", "{}", {"X-Clover-Auth": SECRET}).status == 200
    (stored,) = records(bootstrap, "feeds.clover")
    assert "x-clover-auth" not in stored.headers


@pytest.mark.parametrize(
    ("path", "headers", "status", "error"),
    [
        ("/shopify", {"X-Shopify-Hmac-Sha256": signature(b"another")}, 401, "of another secret, body or URL"),
        ("/shopify", {"X-Shopify-Hmac-Sha256": "no base64!"}, 400, "the signature is not base64"),
        ("/shopify", {}, 401, "there is no header x-shopify-hmac-sha256"),
        ("/shopify", {"Content-Encoding": "gzip"}, 415, "compressed"),
        ("/promises", {}, 401, "the token is missing or wrong"),
        ("/promises", {"Authorization": f"Bearer x{TOKEN}"}, 401, "the token is missing or wrong"),
        (
            "/promises",
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/csv"},
            415,
            "the content type is not JSON",
        ),
    ],
)
def test_a_refusal_has_an_error_and_a_remedy(
    gateway: Gateway, path: str, headers: dict[str, str], status: int, error: str
) -> None:
    response = gateway.validated("post", path, gateway.post(path, BODY, headers))
    assert response.status == status
    assert error in response.document["error"]
    assert SECRET not in json.dumps(response.document)
    assert response.document["remedy"]


def test_an_unknown_path_or_method_is_refused(gateway: Gateway) -> None:
    unknown, other = gateway.post("/toast", BODY), gateway.get("/shopify")
    assert (unknown.status, unknown.document["remedy"]) == (404, "/openapi.json lists all paths")
    assert (other.status, other.headers["allow"], other.document["remedy"]) == (405, "POST", "use POST")
    assert gateway.post("/shopify/", BODY).status == 404


def test_bytes_that_are_not_http_are_refused_in_the_same_form(gateway: Gateway) -> None:
    for text in (b"GET\r\n\r\n", b"POST /shopify HTTP/1.1\r\nx: " + b"a" * 20_000, b"\x16\x03\x01\x02\x00\x01\r\n\r\n"):
        with closing(socket.create_connection(("127.0.0.1", gateway.port), timeout=10)) as raw:
            raw.sendall(text)
            answer = raw.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"error":"this is not an HTTP request"' in answer


def test_a_body_of_100_megabytes_is_refused_with_and_without_a_content_length(gateway: Gateway) -> None:
    with closing(gateway.connection()) as connection:
        connection.putrequest("POST", "/shopify")
        connection.putheader("Content-Length", str(100 << 20))
        connection.endheaders()
        response = gateway.validated("post", "/shopify", response_on(connection))
    assert (response.status, response.document["error"]) == (413, "the body is larger than 1048576 bytes")
    assert response.headers["connection"] == "close"
    before = gateway.resident()
    sent = send_without_length(gateway, megabytes=100)
    assert sent < 20, "it took nearly all of it"
    assert gateway.resident() - before < 20 << 20
    assert gateway.post("/shopify", BODY, shopify(BODY)).status == 200
    assert gateway.page().sum("promises_gateway_requests_total", feed="shopify", status="413") == 2


def test_a_record_that_is_too_large_for_its_topic_is_refused_and_others_are_stored(gateway: Gateway) -> None:
    response = gateway.post("/small", b"x" * 3000)
    assert (response.status, "max.message.bytes of feeds.small" in response.document["remedy"]) == (413, True)
    assert gateway.post("/small", b"x" * 300).status == 200
    assert gateway.post("/shopify", BODY, shopify(BODY)).status == 200
    assert gateway.post("/small", b"x" * 3000).status == 413
    assert gateway.log_text.count("Kafka refuses a record of 3000 bytes") == 1, "it is not asked again at once"


def test_slow_senders_are_disconnected_and_delay_nobody_else(gateway: Gateway) -> None:
    slow = [socket.create_connection(("127.0.0.1", gateway.port), timeout=20) for _ in range(40)]
    for number, raw in enumerate(slow):
        head = b"POST /shopify HTTP/1.1\r\nHost: a\r\n"
        raw.sendall(head + b"Content-Length: 9\r\n\r\nslow" if number % 2 else head)
    for _ in range(20):
        assert gateway.post("/shopify", BODY, shopify(BODY)).status == 200
    ends = [raw.makefile("rb").read() for raw in slow]
    assert [end[:13] for end in ends] == [b"", b"HTTP/1.1 408 "] * 20
    for raw in slow:
        raw.close()


def test_a_flood_of_wrong_signatures_is_limited_and_good_requests_pass(gateway: Gateway) -> None:
    seen: list[Response] = []
    until = time.monotonic() + 3

    def flood() -> None:
        while time.monotonic() < until:
            seen.append(gateway.post("/shopify", BODY, shopify(BODY, "guessed")))

    flooding = [Thread(target=flood) for _ in range(4)]
    for thread in flooding:
        thread.start()
    good = 0
    while time.monotonic() < until:
        assert gateway.post("/shopify", BODY, shopify(BODY)).status == 200
        good += 1
    for thread in flooding:
        thread.join()
    assert good >= 20
    answered, cut_off = ([response for response in seen if response.status == status] for status in (401, 429))
    assert len(answered) + len(cut_off) == len(seen)
    assert len(answered) <= 20 + 5 * 4
    assert len(cut_off) > len(answered)
    assert {(response.headers["retry-after"], response.headers["connection"]) for response in cut_off} == {
        ("10", "close")
    }
    assert gateway.log_text.count("a webhook is refused") <= 6, "a flood is no reason to fill the log"


def test_a_secret_is_replaced_by_file_without_a_restart(gateway: Gateway, bootstrap: str) -> None:
    folder = gateway.log.parent

    def status(secret: str) -> int:
        """Return the status, with 401 for the 429 that may follow a flood of wrong signatures."""
        status = gateway.post("/shopify", BODY, shopify(BODY, secret)).status
        return 401 if status == 429 else status

    assert (status(SECRET), status("the next one")) == (200, 401)
    replace(folder / "shopify.next", "the next one\n")
    gateway.until(lambda: status("the next one") == 200, "the new secret is valid")
    assert status(SECRET) == 200
    replace(folder / "shopify", "")
    gateway.until(lambda: status(SECRET) == 401, "the old secret is not valid any more")
    assert status("the next one") == 200
    replace(folder / "shopify.next", "")
    gateway.until(lambda: status("the next one") == 503, "without a secret nothing is taken and nothing is lost")
    replace(folder / "shopify", f"{SECRET}\n")
    gateway.until(lambda: status(SECRET) == 200, "the secret is back")
    assert "a new secret, which is valid from now on" in gateway.log_text
    assert SECRET not in gateway.log_text


def test_a_manual_promise_becomes_an_event(gateway: Gateway, bootstrap: str) -> None:
    before = len(records(bootstrap, "promise.events"))
    response = gateway.post_manual(
        "/promises", {"case": "o-7", "kind": "ready", "within": "20m", "location": "soho", "staff": "b17"}
    )
    gateway.validated("post", "/promises", response)
    assert response.status == 201
    done = gateway.post_manual(
        "/fulfilments", {"case": "o-7", "kind": "ready", "staff": {"id": "b17", "role": "barista"}}
    )
    assert gateway.validated("post", "/fulfilments", done).status == 201
    stored = {response.value: response.key for response in records(bootstrap, "promise.events")}
    assert len(stored) == before + 2
    promised = next(value for value in stored if b"promises_made" in value)
    assert (read_event(promised), stored[promised]) == (
        read_event(json.dumps(response.document["event"]).encode()),
        b"o-7",
    )
    assert (response.document["id"], response.document["event"]["source"]) == (
        response.document["event"]["id"],
        "gateway",
    )


def test_a_repeated_idempotency_key_gives_the_same_event(gateway: Gateway) -> None:
    promise = {"case": "o-8", "kind": "ready", "within": "20m"}
    first, again = (gateway.post_manual("/promises", promise, Idempotency_Key="k-1").document["id"] for _ in range(2))
    other = gateway.post_manual("/promises", promise, Idempotency_Key="k-2").document["id"]
    assert first == again == "promises:k-1"
    assert other == "promises:k-2"
    assert gateway.post_manual("/promises", promise, Idempotency_Key="x" * 201).status == 400


def test_a_manual_event_that_is_invalid_is_refused_with_its_reason(gateway: Gateway) -> None:
    response = gateway.validated(
        "post", "/promises", gateway.post_manual("/promises", {"case": "o-9", "kind": "ready"})
    )
    assert response.status == 400
    assert response.document["error"].startswith("write either due, an instant, or within")
    assert "the reason is bad_value" in response.document["remedy"]


def test_every_series_is_exposed_before_its_first_event(gateway: Gateway) -> None:
    by = gateway.page().by("promises_gateway_requests_total", "feed", "status")
    assert {feed for feed, _ in by} >= {"shopify", "square", "clover", "woo", "till", "promises", "cancellations"}
    assert by["till", "503"] == 0
    assert by["none", "404"] >= 2
    page = gateway.page()
    assert page.sum("promises_gateway_request_seconds_count", feed="shopify") > 0
    assert page.sum("promises_gateway_kafka_seconds_count") > 0
    assert page.sum("promises_gateway_in_flight") == 0
    gateway.until(lambda: gateway.is_ready() and gateway.page().sum("promises_gateway_ready") == 1, "it is ready")
    with urlopen(f"{gateway.metrics}/healthz", timeout=5) as answer:
        assert json.load(answer)["healthy"] is True


def test_a_vendor_can_log_in_with_a_password_that_is_not_stored(gateway: Gateway, bootstrap: str) -> None:
    login = base64.b64encode(LOGIN.encode()).decode()
    assert gateway.post("/dash", BODY, {"Authorization": f"Basic {login}"}).status == 200
    refused = gateway.post("/dash", BODY)
    assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="promises"')
    (stored,) = records(bootstrap, "feeds.dash")
    assert "authorization" not in stored.headers


def test_a_gateway_that_is_stopped_finishes_requests_in_flight(gateway: Gateway, bootstrap: str) -> None:
    before = len(records(bootstrap, "feeds.till"))
    with closing(gateway.connection()) as connection:
        connection.putrequest("POST", "/till")
        connection.putheader("Content-Length", "8")
        connection.endheaders(b"half")
        gateway.until(lambda: gateway.page().sum("promises_gateway_in_flight") == 1, "the request is begun")
        stopping = Thread(target=gateway.stop)
        stopping.start()
        gateway.until(lambda: not gateway.is_open(), "nobody else is let in")
        connection.send(b"half")
        assert response_on(connection).status == 200
    stopping.join()
    assert gateway.process.poll() == 0
    assert len(records(bootstrap, "feeds.till")) == before + 1
