"""The schemes by which vendors sign webhooks, as data with their sources. streams/signatures/verify.py applies them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from schemas.instants import Instant, Millis, parse_instant
from streams.signatures.standard_webhooks import read_secrets

_MINUTE: Final[Millis] = 60_000


class SignedRequest(NamedTuple):
    """A webhook as it was received. headers: by name in lower case. url: as the vendor knows it, if it is signed."""

    body: bytes
    headers: Mapping[str, str]
    url: str = ""


def _one_line(text: str) -> tuple[bytes, ...]:
    if len(text.splitlines()) > 1:
        raise ValueError("has several lines; write one secret, and name a second file for a second one")
    return (text.encode(),)


def _unencoded(value: str) -> Sequence[bytes]:
    return (value.encode(),)


def _empty(_: SignedRequest) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to prove where a webhook comes from.

    headers: the headers that may hold the signature; the first that is present counts. digest: that of the HMAC; empty
    if the header holds the secret itself. read: returns the signatures in the header. content: returns the signed
    bytes. made_at: returns the time of the signature, if it is signed too; it may differ from now by `tolerance` in
    either direction. keys: returns the keys in the text of a secret. signs_url, own_header: True if the feeds file has
    to name the URL, or the header. is_open: True if nothing is proved and anybody may post. The functions raise
    ValueError.
    """

    headers: tuple[str, ...]
    digest: str = ""
    read: Callable[[str], Sequence[bytes]] = _unencoded
    content: Callable[[SignedRequest], bytes] = _empty
    made_at: Callable[[SignedRequest], Instant | None] | None = None
    tolerance: Millis = 5 * _MINUTE
    keys: Callable[[str], tuple[bytes, ...]] = _one_line
    signs_url: bool = False
    own_header: bool = False
    is_open: bool = False


def _base64(value: str) -> Sequence[bytes]:
    try:
        return (base64.b64decode(value, validate=True),)
    except (binascii.Error, ValueError):
        raise ValueError("the signature is not base64") from None


def _hex(value: str) -> Sequence[bytes]:
    try:
        return (binascii.unhexlify(value),)
    except (binascii.Error, ValueError):
        raise ValueError("the signature is not hexadecimal") from None


def _body(request: SignedRequest) -> bytes:
    return request.body


def _header(request: SignedRequest, name: str) -> str:
    if not request.headers.get(name):
        raise ValueError(f"there is no header {name}, which is signed too")
    return request.headers[name]


def _url_and_body(request: SignedRequest) -> bytes:
    return request.url.encode() + request.body


class _Message(msgspec.Struct):
    timestamp: str


_message = msgspec.json.Decoder(_Message)


def _toast_time(request: SignedRequest) -> str:
    try:
        return _message.decode(request.body).timestamp
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("the body has no text `timestamp`, which is signed too") from None


def _toast_signed(request: SignedRequest) -> bytes:
    return request.body + _toast_time(request).encode()


class _Event(msgspec.Struct):
    event_time: int | None = None


_event = msgspec.json.Decoder(_Event)


def _uber_time(request: SignedRequest) -> Instant | None:
    """Return the time in the body. Uber Eats sends it, in seconds; Uber Direct does not."""
    try:
        at = _event.decode(request.body).event_time
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if at is None else at * 1000


def _olo_signed(request: SignedRequest) -> bytes:
    name, time = _header(request, "x-olo-message-id"), _header(request, "x-olo-timestamp")
    return b"\n".join((request.url.encode(), request.body, name.encode(), time.encode()))


_TICKS_TO_1970: Final = 621_355_968_000_000_000
_TICKS: Final = re.compile(r"\d{1,19}", re.ASCII)


def _olo_time(request: SignedRequest) -> Instant:
    """Return the time in the header: .NET ticks of 100 ns since the year 1."""
    ticks = _header(request, "x-olo-timestamp")
    if not _TICKS.fullmatch(ticks):
        raise ValueError("x-olo-timestamp is not a number of ticks")
    return (int(ticks) - _TICKS_TO_1970) // 10_000


_PAIR: Final = re.compile(r"signature=([0-9a-fA-F]+)\s*,\s*algorithm=HMAC-SHA256", re.ASCII)


def _lightspeed_x(value: str) -> Sequence[bytes]:
    match = _PAIR.fullmatch(value)
    if match is None:
        raise ValueError("the signature is not `signature=<hexadecimal>, algorithm=HMAC-SHA256`")
    return _hex(match[1])


def _standard(value: str) -> Sequence[bytes]:
    """Return the signatures of version 1. A receiver has to skip versions that it does not know."""
    signatures = [_base64(part.removeprefix("v1,"))[0] for part in value.split() if part.startswith("v1,")]
    if not signatures:
        raise ValueError("the signature is not `v1,<base64>`")
    return signatures


def _standard_signed(request: SignedRequest) -> bytes:
    name, time = _header(request, "webhook-id"), _header(request, "webhook-timestamp")
    return b".".join((name.encode(), time.encode(), request.body))


def _standard_time(request: SignedRequest) -> Instant:
    seconds = _header(request, "webhook-timestamp")
    if not re.fullmatch(r"\d{1,12}", seconds, re.ASCII):
        raise ValueError("webhook-timestamp is not a number of seconds since 1970")
    return int(seconds) * 1000


def _basic_keys(text: str) -> tuple[bytes, ...]:
    if ":" not in text:
        raise ValueError("has no colon; write user:password")
    return _one_line(text)


def _basic(value: str) -> Sequence[bytes]:
    return _base64(_credentials("Basic", value))


def _bearer(value: str) -> Sequence[bytes]:
    return (_credentials("Bearer", value).encode(),)


def _credentials(scheme: str, value: str) -> str:
    """Return the credentials behind the name of the authorization scheme, which may be written in any case."""
    name, _, credentials = value.partition(" ")
    if name.lower() != scheme.lower():
        raise ValueError(f"authorization is not {scheme}")
    return credentials.strip()


def _hmac_base64(header: str) -> Scheme:
    return Scheme((header,), "sha256", _base64, _body)


SCHEMES: Final[Mapping[str, Scheme]] = {
    # square-python-sdk, legacy/square/utilities/webhooks_helper.py
    "square": Scheme(("x-square-hmacsha256-signature",), "sha256", _base64, _url_and_body, signs_url=True),
    # doc.toasttab.com, Message signing. Retries come after 5 and 10 minutes, with the time of the first attempt.
    "toast": Scheme(
        ("toast-signature",),
        "sha256",
        _base64,
        _toast_signed,
        made_at=lambda request: parse_instant(_toast_time(request)),
        tolerance=20 * _MINUTE,
    ),
    # shopify.dev, Verify a webhook; some deliveries leave the x- out (shopify-api-ruby, webhooks/request.rb)
    "shopify": Scheme(("x-shopify-hmac-sha256", "shopify-hmac-sha256"), "sha256", _base64, _body),
    # woocommerce-rest-api-docs, _webhooks.md
    "woocommerce": _hmac_base64("x-wc-webhook-signature"),
    # developer.uber.com, Webhooks: Eats, and Direct, which also uses its former name, Postmates
    "uber": Scheme(
        ("x-uber-signature", "x-postmates-signature"),
        "sha256",
        _hex,
        _body,
        made_at=_uber_time,
        tolerance=11 * _MINUTE + 30_000,
    ),
    # Deliverect's documentation; its own n8n node uses another header
    "deliverect": Scheme(("x-server-authorization-hmac-sha256", "x-deliverect-signature"), "sha256", _hex, _body),
    # ololabs/dev-support-code-samples, WebhookSignatureValidation; the time is the one of sending
    "olo": Scheme(("x-olo-signature",), "sha256", _base64, _olo_signed, made_at=_olo_time, signs_url=True),
    # reports of receivers: the vendor does not document it
    "lightspeed_x": Scheme(("x-signature",), "sha256", _lightspeed_x, _body),
    # segment-docs, webhooks: SHA-1; of a batch only the first event is signed
    "segment": Scheme(("x-signature",), "sha1", _hex, _body),
    # standardwebhooks.com; `promises notify` signs by it, too
    "standard_webhooks": Scheme(
        ("webhook-signature",), "sha256", _standard, _standard_signed, made_at=_standard_time, keys=read_secrets
    ),
    # docs.clover.com, Webhooks: a code that never changes instead of a signature
    "clover": Scheme(("x-clover-auth",)),
    # DoorDash Drive, Lightspeed K
    "basic": Scheme(("authorization",), read=_basic, keys=_basic_keys),
    "bearer": Scheme(("authorization",), read=_bearer),
    # any other header that holds the secret, and any HMAC of the body: many senders do that
    "token": Scheme((), own_header=True),
    "hmac_sha256_hex": Scheme((), "sha256", _hex, _body, own_header=True),
    "hmac_sha256_base64": Scheme((), "sha256", _base64, _body, own_header=True),
    "none": Scheme((), is_open=True),
}
