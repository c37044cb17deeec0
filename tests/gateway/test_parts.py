"""Parts of the gateway without HTTP and Kafka: stored headers, pings, token buckets, secret files, OpenAPI."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from schemas.instants import parse_instant
from streams.config.feeds import parse_feeds
from streams.gateway import secret_files
from streams.gateway.limits import TokenBucket
from streams.gateway.manual import read_tokens
from streams.gateway.openapi import openapi
from streams.gateway.secret_files import SecretFiles
from streams.gateway.webhooks import ping, record_headers
from streams.signatures.verify import scheme_of
from tests.gateway.gateways import FEEDS

NOON = parse_instant("2026-03-06T12:00:00Z")


def stored_headers(scheme: str, header: str = "", **headers: str) -> dict[str, str]:
    """Return the headers of the record without those of the gateway."""
    received = {name.replace("_", "-"): value for name, value in headers.items()}
    stored = record_headers(received, scheme_of(scheme, header), "till", "", NOON)
    ours = {"promises.feed": "till", "promises.received_at": "2026-03-06T12:00:00.000Z"}
    texts = {name: value.decode() for name, value in stored}
    assert ours.items() <= texts.items()
    return {name: value for name, value in texts.items() if name not in ours}


def test_a_sender_cannot_set_the_reserved_headers() -> None:
    reserved = {"promises.received_at": "2020-01-01T00:00:00Z", "promises.retried": "3@7", "__value_schema_id": "x"}
    stored = record_headers(reserved | {"x-topic": "orders"}, scheme_of("shopify", ""), "till", "", NOON)
    ours = (("promises.feed", b"till"), ("promises.received_at", b"2026-03-06T12:00:00.000Z"))
    assert stored == (("x-topic", b"orders"), *ours)


def test_only_headers_for_adapters_are_stored_not_secrets_or_transport_headers() -> None:
    assert stored_headers(
        "deliverect",
        x_shopify_topic="orders/create",
        content_type="application/json",
        x_server_authorization_hmac_sha256="a signature",
        x_clover_auth="secret",
        authorization="Bearer x",
        proxy_authorization="x",
        cookie="x",
        x_api_key="x",
        x_access_token="x",
        x_webhook_secret="x",
        host="hooks.example",
        x_forwarded_for="192.0.2.1",
        x_real_ip="192.0.2.1",
        user_agent="x",
        accept_encoding="gzip",
        content_length="7",
    ) == {
        "x-shopify-topic": "orders/create",
        "content-type": "application/json",
        "x-server-authorization-hmac-sha256": "a signature",
    }


def test_a_header_that_holds_the_secret_is_not_stored_whatever_its_name() -> None:
    assert stored_headers("token", "x-shop", x_shop="secret", x_other="1") == {"x-other": "1"}
    assert stored_headers("hmac_sha256_hex", "x-token", x_token="a signature") == {"x-token": "a signature"}


@pytest.mark.parametrize(
    ("scheme", "body", "is_ping"),
    [
        ("clover", b'{"verificationCode": "b0a1-77"}', True),
        ("clover", b'{"appId":"a","merchants":{}}', False),
        ("clover", b'{"verificationCode": "b0a1-77", "merchants": {}}', False),
        ("clover", b'{"verificationCode": "line\\nof a log"}', False),
        ("woocommerce", b"webhook_id=12", True),
        ("woocommerce", b"webhook_id=12&id=7", False),
        ("shopify", b"webhook_id=12", False),
    ],
)
def test_a_ping_is_recognised_by_its_whole_body(scheme: str, body: bytes, is_ping: bool) -> None:
    assert bool(ping(scheme, body)) is is_ping


def test_a_token_bucket_allows_a_burst_and_a_rate() -> None:
    bucket = TokenBucket(per_second=2, at_once=3)
    assert [bucket.try_acquire(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.try_acquire(100.6) for _ in range(2)] == [True, False]
    assert [bucket.try_acquire(1000.0) for _ in range(4)] == [True, True, True, False]


def read(text: str) -> tuple[bytes, ...]:
    if not text.strip():
        raise ValueError("is empty")
    return (text.strip().encode(),)


def test_a_file_that_is_changed_emptied_removed_or_put_back_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(secret_files, "_CHECK_SECONDS", -1.0)
    caplog.set_level(logging.INFO, "promises")
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("a\n")
    secrets = SecretFiles("feed till", [str(old), str(new)], read)
    assert (secrets.keys(), secrets.problem) == ((b"a",), "")
    new.write_text("b")
    assert secrets.keys() == (b"a", b"b")
    old.unlink()
    assert secrets.keys() == (b"b",)
    new.write_text("")
    assert secrets.keys() == ()
    assert secrets.problem == f"{old}: cannot be read: No such file or directory; {new}: is empty"
    new.write_bytes(b"\xff")
    os.utime(new, (1, 1))
    assert secrets.keys() == ()
    old.write_text("c")
    assert secrets.keys() == (b"c",)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        f"feed till: {new} cannot be read: No such file or directory; it gives no secret",
        f"feed till: {new} has a new secret, which is valid from now on",
        f"feed till: {old} cannot be read: No such file or directory; it gives no secret",
        f"feed till: {new} is empty; it gives no secret",
        f"feed till: {new} is not text; it gives no secret",
        f"feed till: {old} has a new secret, which is valid from now on",
    ]


@pytest.mark.parametrize(
    ("text", "why"), [("", "0 tokens"), ("short", "can be guessed"), ("a" * 20 + "\nb\n", "guessed"), ("a\nb\nc", "3")]
)
def test_missing_and_guessable_tokens_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_tokens(text)


def test_openapi_describes_every_path_and_schema() -> None:
    document = openapi(parse_feeds(FEEDS, "feeds.toml"), has_tokens=True)
    assert {"/shopify", "/in/woo", "/promises", "/fulfilments", "/cancellations"} <= document["paths"].keys()
    assert document["paths"]["/till"]["post"]["security"] == []
    assert document["components"]["securitySchemes"]["shopify"]["name"] == "x-shopify-hmac-sha256"
    for name in (
        "ManualPromise",
        "ManualFulfilment",
        "ManualAmendment",
        "ManualWithdrawal",
        "ManualCancellation",
        "Refusal",
        "Stored",
        "Event",
    ):
        schema = document["components"]["schemas"][name]
        Draft202012Validator.check_schema(schema)
    promise = {"$ref": "#/components/schemas/ManualPromise", "components": document["components"]}
    Draft202012Validator(promise).validate({"case": "o-7", "kind": "ready", "within": "20m", "staff": "b17"})
    assert not Draft202012Validator(promise).is_valid({"case": "o-7", "kind": "ready", "with_in": "20m"})


def test_without_tokens_openapi_describes_no_manual_events() -> None:
    document = openapi(parse_feeds(FEEDS, "feeds.toml"), has_tokens=False)
    assert "/promises" not in document["paths"]
    assert "token" not in document["components"]["securitySchemes"]
