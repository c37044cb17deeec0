"""Webhooks that vendors signed are accepted, changed ones are not. The tests compute the signatures independently."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from standardwebhooks.webhooks import Webhook

from schemas.instants import parse_instant
from streams.signatures.schemes import SCHEMES, SignedRequest
from streams.signatures.verify import Unverified, read_secret, scheme_of, secret_headers, verify

NOW = parse_instant("2026-03-06T12:00:00Z")
SECONDS = NOW // 1000
KEY = "the secret of the shop"
URL = "https://hooks.example/till"
ORDER = '{"timestamp":"2026-03-06T11:59:58.394Z","order":{"guid":"a4","note":"zwei Stück 🥐"}}'.encode()
SALE = b"payload=%7B%22id%22%3A%22s-1%22%7D&type=sale.update"
DELIVERY = b'{"event_type":"delivery.state_changed","event_time":%d,"meta":{"status":"COMPLETED"}}' % SECONDS
TICKS = str((SECONDS + 62_135_596_800) * 10_000_000)
MESSAGE = "f8dac5dd-d3b2-4b76-b969-a668c699637c"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sha256(text: bytes) -> bytes:
    return hmac.new(KEY.encode(), text, hashlib.sha256).digest()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Vector(NamedTuple):
    """A webhook as its vendor would send it at noon."""

    scheme: str
    body: bytes
    headers: dict[str, str]
    secret: str = KEY
    url: str = ""
    header: str = ""


def standard(body: bytes, seconds: int = SECONDS) -> dict[str, str]:
    key = base64.b64decode(STANDARD.removeprefix("whsec_"))
    content = f"msg_1.{seconds}.".encode() + body
    signature = b64(hmac.new(key, content, hashlib.sha256).digest())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(seconds), "webhook-signature": f"v1a,xx v1,{signature}"}


VECTORS = {
    "square": Vector("square", ORDER, {"x-square-hmacsha256-signature": b64(sha256(URL.encode() + ORDER))}, url=URL),
    "toast": Vector("toast", ORDER, {"toast-signature": b64(sha256(ORDER + b"2026-03-06T11:59:58.394Z"))}),
    "shopify": Vector("shopify", ORDER, {"x-shopify-hmac-sha256": b64(sha256(ORDER))}),
    "shopify without x-": Vector("shopify", ORDER, {"shopify-hmac-sha256": b64(sha256(ORDER))}),
    "woocommerce": Vector("woocommerce", ORDER, {"x-wc-webhook-signature": b64(sha256(ORDER))}),
    "uber": Vector("uber", DELIVERY, {"x-uber-signature": sha256(DELIVERY).hex()}),
    "uber direct": Vector("uber", ORDER, {"x-postmates-signature": sha256(ORDER).hex()}),
    "deliverect": Vector("deliverect", ORDER, {"x-server-authorization-hmac-sha256": sha256(ORDER).hex()}),
    "deliverect elsewhere": Vector("deliverect", ORDER, {"x-other": sha256(ORDER).hex()}, header="x-other"),
    "olo": Vector(
        "olo",
        ORDER,
        {
            "x-olo-signature": b64(sha256(b"\n".join([URL.encode(), ORDER, MESSAGE.encode(), TICKS.encode()]))),
            "x-olo-message-id": MESSAGE,
            "x-olo-timestamp": TICKS,
        },
        url=URL,
    ),
    "lightspeed_x": Vector(
        "lightspeed_x", SALE, {"x-signature": f"signature={sha256(SALE).hex()}, algorithm=HMAC-SHA256"}
    ),
    "segment": Vector("segment", ORDER, {"x-signature": hmac.new(KEY.encode(), ORDER, hashlib.sha1).hexdigest()}),
    "standard_webhooks": Vector("standard_webhooks", ORDER, standard(ORDER), STANDARD),
    "hmac_sha256_hex": Vector("hmac_sha256_hex", ORDER, {"x-sig": sha256(ORDER).hex()}, header="x-sig"),
    "hmac_sha256_base64": Vector("hmac_sha256_base64", ORDER, {"x-sig": b64(sha256(ORDER))}, header="x-sig"),
    "clover": Vector("clover", ORDER, {"x-clover-auth": KEY}),
    "token": Vector("token", ORDER, {"x-api-key": KEY}, header="x-api-key"),
    "bearer": Vector("bearer", ORDER, {"authorization": f"Bearer {KEY}"}),
    "basic": Vector("basic", ORDER, {"authorization": f"basic {b64(b'dasher:pass:word')}"}, "dasher:pass:word"),
}
SIGNED = [name for name, vector in VECTORS.items() if SCHEMES[vector.scheme].digest]
TIMED = [name for name, vector in VECTORS.items() if SCHEMES[vector.scheme].made_at and name != "uber direct"]


def failure_of(vector: Vector, *, at: int = NOW, keys: tuple[bytes, ...] = ()) -> str | None:
    """Return what is wrong with the signature; None if it is accepted."""
    scheme = scheme_of(vector.scheme, vector.header)
    request = SignedRequest(vector.body, vector.headers, vector.url)
    try:
        verify(scheme, request, keys or read_secret(scheme, f"{vector.secret}\n"), at)
    except Unverified as error:
        return "the message contains the secret" if vector.secret in error.detail else error.failure
    return None


def changed(vector: Vector, change: Callable[[str], str]) -> Vector:
    """The same with another signature."""
    name = next(name for name in vector.headers if name not in ("x-olo-message-id", "webhook-id", "webhook-timestamp"))
    headers = vector.headers | {name: change(vector.headers[name])}
    return vector._replace(headers=headers)


def test_every_scheme_has_a_vector() -> None:
    assert {vector.scheme for vector in VECTORS.values()} == SCHEMES.keys() - {"none"}


def test_the_vector_that_square_publishes_is_accepted_and_a_reformatted_body_is_not() -> None:
    """Key, URL, body and signature of square-python-sdk, legacy/tests/utilities/test_webhooks_helper.py (MIT)."""
    event = {
        "merchant_id": "MLEFBHHSJGVHD",
        "type": "webhooks.test_notification",
        "event_id": "ac3ac95b-f97d-458c-a6e6-18981597e05f",
        "created_at": "2022-07-13T20:30:59.037339943Z",
        "data": {"type": "webhooks", "id": "bc368e64-01aa-407e-b46e-3231809b1129"},
    }
    vector = Vector(
        "square",
        json.dumps(event, separators=(",", ":")).encode(),
        {"x-square-hmacsha256-signature": "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="},
        "Ibxx_5AKakO-3qeNVR61Dw",
        "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9",
    )
    assert failure_of(vector) is None
    assert failure_of(vector._replace(body=json.dumps(event).encode())) == "wrong"


@pytest.mark.parametrize("name", VECTORS)
def test_a_webhook_that_the_vendor_signed_is_accepted(name: str) -> None:
    assert failure_of(VECTORS[name]) is None


@pytest.mark.parametrize("name", VECTORS)
def test_another_secret_is_refused(name: str) -> None:
    vector = VECTORS[name]
    other = (
        "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCwgbG9uZw=="
        if vector.scheme == "standard_webhooks"
        else f"x{vector.secret}"
    )
    assert failure_of(vector._replace(secret=other)) == "wrong"


@pytest.mark.parametrize("name", SIGNED)
def test_a_body_of_which_one_bit_was_changed_is_refused(name: str) -> None:
    vector = VECTORS[name]
    letter = max(place for place, byte in enumerate(vector.body) if bytes([byte]).isalpha())
    body = vector.body[:letter] + bytes([vector.body[letter] ^ 1]) + vector.body[letter + 1 :]
    assert failure_of(vector._replace(body=body)) == "wrong"
    assert failure_of(vector._replace(body=vector.body + b" ")) == "wrong"


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_that_is_missing_or_cut_short_is_refused(name: str) -> None:
    vector = VECTORS[name]
    assert failure_of(changed(vector, lambda _: "")) == "missing"
    assert failure_of(vector._replace(headers={"x-unrelated": "1"})) == "missing"
    assert failure_of(changed(vector, lambda value: value[:-3])) in ("wrong", "malformed")
    assert failure_of(changed(vector, lambda value: value[:8])) in ("wrong", "malformed")
    assert failure_of(changed(vector, lambda _: "né ⚠")) in ("wrong", "malformed")


@pytest.mark.parametrize("name", ["square", "olo"])
def test_a_signature_for_another_url_is_refused(name: str) -> None:
    assert failure_of(VECTORS[name]._replace(url=URL + "/")) == "wrong"


@pytest.mark.parametrize("name", ["uber", "deliverect", "segment"])
def test_hexadecimal_is_the_same_in_either_case(name: str) -> None:
    assert failure_of(changed(VECTORS[name], str.upper)) is None


@pytest.mark.parametrize("name", TIMED)
def test_a_retry_is_accepted_within_the_tolerance_and_refused_after_it(name: str) -> None:
    tolerance = scheme_of(VECTORS[name].scheme).tolerance
    assert failure_of(VECTORS[name], at=NOW + tolerance - 3000) is None
    assert failure_of(VECTORS[name], at=NOW + tolerance + 1000) == "old"
    assert failure_of(VECTORS[name], at=NOW - tolerance - 3000) == "old"


def test_the_retries_of_toast_are_accepted() -> None:
    assert failure_of(VECTORS["toast"], at=NOW + 16 * 60_000) is None


def test_a_feed_can_set_the_maximum_age_of_a_signature() -> None:
    vector, scheme = VECTORS["olo"], scheme_of("olo", tolerance=60_000)
    request = SignedRequest(vector.body, vector.headers, vector.url)
    verify(scheme, request, [KEY.encode()], NOW + 60_000)
    with pytest.raises(Unverified, match="61 s from now; at most 60"):
        verify(scheme, request, [KEY.encode()], NOW + 61_000)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("olo", "x-olo-timestamp", str(int(TICKS) + 1)),
        ("olo", "x-olo-message-id", MESSAGE.upper()),
        ("standard_webhooks", "webhook-timestamp", str(SECONDS + 1)),
        ("standard_webhooks", "webhook-id", "msg_2"),
    ],
)
def test_a_time_or_id_that_was_changed_is_refused_where_it_is_signed(name: str, header: str, value: str) -> None:
    vector = VECTORS[name]
    assert failure_of(vector._replace(headers=vector.headers | {header: value})) == "wrong"
    without = {key: text for key, text in vector.headers.items() if key != header}
    assert failure_of(vector._replace(headers=without)) == "malformed"


def test_a_changed_time_in_the_body_of_toast_is_refused() -> None:
    later = ORDER.replace(b"11:59:58", b"12:59:58")
    assert failure_of(VECTORS["toast"]._replace(body=later), at=NOW + 3_600_000) == "wrong"
    for body in (b'{"timestamp":7}', b"[]", b"\xff", b""):
        assert failure_of(VECTORS["toast"]._replace(body=body)) == "malformed"


def test_an_invalid_time_is_refused_even_if_it_is_signed() -> None:
    body = b'{"timestamp":"tomorrow"}'
    headers = {"toast-signature": b64(sha256(body + b"tomorrow"))}
    assert failure_of(Vector("toast", body, headers)) == "malformed"
    parts = [URL.encode(), ORDER, MESSAGE.encode(), b"soon"]
    headers = {
        "x-olo-signature": b64(sha256(b"\n".join(parts))),
        "x-olo-message-id": MESSAGE,
        "x-olo-timestamp": "soon",
    }
    assert failure_of(Vector("olo", ORDER, headers, url=URL)) == "malformed"


@pytest.mark.parametrize("name", VECTORS)
def test_during_a_rotation_the_old_and_the_new_secret_are_valid(name: str) -> None:
    vector = VECTORS[name]
    (key,) = read_secret(scheme_of(vector.scheme, vector.header), vector.secret)
    assert failure_of(vector, keys=(b"the new one", key)) is None
    assert failure_of(vector, keys=(key, b"the new one")) is None
    assert failure_of(vector, keys=(b"the new one", b"and another")) == "wrong"


def test_a_signature_of_the_reference_library_of_standard_webhooks_is_accepted() -> None:
    signature = Webhook(STANDARD).sign("msg_1", datetime.fromtimestamp(SECONDS, UTC), ORDER.decode())
    headers = standard(ORDER) | {"webhook-signature": signature}
    assert failure_of(Vector("standard_webhooks", ORDER, headers, STANDARD)) is None


def test_another_authorization_scheme_is_refused() -> None:
    assert failure_of(changed(VECTORS["basic"], lambda value: value.replace("basic", "Bearer"))) == "malformed"
    assert failure_of(changed(VECTORS["bearer"], lambda _: KEY)) == "malformed"


@pytest.mark.parametrize(
    ("scheme", "text", "why"),
    [
        ("square", " \n", "is empty"),
        ("square", "one\ntwo\n", "several lines"),
        ("basic", "password alone", "no colon"),
        ("standard_webhooks", "secret", "whsec_"),
    ],
)
def test_a_file_without_a_valid_secret_is_an_error_that_does_not_quote_it(scheme: str, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        read_secret(SCHEMES[scheme], text)
    assert "password alone" not in str(caught.value)


def test_a_scheme_with_its_own_header_needs_its_name() -> None:
    with pytest.raises(ValueError, match="which header"):
        scheme_of("token")
    assert failure_of(Vector("none", ORDER, {})) is None


def test_headers_that_hold_the_secret_itself_are_known() -> None:
    assert secret_headers(scheme_of("clover")) == {"x-clover-auth"}
    assert secret_headers(scheme_of("token", "x-api-key")) == {"x-api-key"}
    assert secret_headers(scheme_of("square")) == frozenset()
