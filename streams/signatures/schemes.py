"""The ways in which vendors sign webhooks, as data with their sources; streams/signatures/verify.py applies them."""

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
    """A webhook as it came. headers: by name in lower case. url: as the vendor knows it, where that is signed."""

    body: bytes
    headers: Mapping[str, str]
    url: str = ""


def _one_line(text: str) -> tuple[bytes, ...]:
    if len(text.splitlines()) > 1:
        raise ValueError("has several lines; write one secret, and name a second file for a second one")
    return (text.encode(),)


def _as_it_stands(value: str) -> Sequence[bytes]:
    return (value.encode(),)


def _nothing(_: SignedRequest) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to show where a webhook comes from.

    headers: where the signature may be; the first that is there counts. digest: of the HMAC; empty where the header
    holds the secret itself. read: the bytes of one or several signatures in it. content: what is signed. made_at: when,
    where the signed says so; then it may be as old as `tolerance`, or as far ahead. keys: those in the text of a
    secret. signs_url, own_header: what the feeds file has to name. is_open: nothing is shown, anybody may post. The
    functions raise ValueError.
    """

    headers: tuple[str, ...]
    digest: str = ""
    read: Callable[[str], Sequence[bytes]] = _as_it_stands
    content: Callable[[SignedRequest], bytes] = _nothing
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


def _body(posted: SignedRequest) -> bytes:
    return posted.body


def _header(posted: SignedRequest, name: str) -> str:
    if not posted.headers.get(name):
        raise ValueError(f"there is no header {name}, which is signed too")
    return posted.headers[name]


def _url_and_body(posted: SignedRequest) -> bytes:
    return posted.url.encode() + posted.body


class _Message(msgspec.Struct):
    timestamp: str


_message = msgspec.json.Decoder(_Message)


def _toast_time(posted: SignedRequest) -> str:
    try:
        return _message.decode(posted.body).timestamp
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("the body has no text `timestamp`, which is signed too") from None


def _toast_signed(posted: SignedRequest) -> bytes:
    return posted.body + _toast_time(posted).encode()


class _Event(msgspec.Struct):
    event_time: int | None = None


_event = msgspec.json.Decoder(_Event)


def _uber_time(posted: SignedRequest) -> Instant | None:
    """Uber Eats says it, in seconds; Uber Direct does not."""
    try:
        at = _event.decode(posted.body).event_time
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if at is None else at * 1000


def _olo_signed(posted: SignedRequest) -> bytes:
    name, time = _header(posted, "x-olo-message-id"), _header(posted, "x-olo-timestamp")
    return b"\n".join((posted.url.encode(), posted.body, name.encode(), time.encode()))


_TICKS_TO_1970: Final = 621_355_968_000_000_000
_TICKS: Final = re.compile(r"\d{1,19}", re.ASCII)


def _olo_time(posted: SignedRequest) -> Instant:
    """.NET ticks: of 100 ns, since the year 1."""
    said = _header(posted, "x-olo-timestamp")
    if not _TICKS.fullmatch(said):
        raise ValueError("x-olo-timestamp is no count of ticks")
    return (int(said) - _TICKS_TO_1970) // 10_000


_PAIR: Final = re.compile(r"signature=([0-9a-fA-F]+)\s*,\s*algorithm=HMAC-SHA256", re.ASCII)


def _lightspeed_x(value: str) -> Sequence[bytes]:
    found = _PAIR.fullmatch(value)
    if found is None:
        raise ValueError("the signature is not `signature=<hexadecimal>, algorithm=HMAC-SHA256`")
    return _hex(found[1])


def _standard(value: str) -> Sequence[bytes]:
    """Those of version 1 among several; a receiver passes over versions that it does not know."""
    found = [_base64(one.removeprefix("v1,"))[0] for one in value.split() if one.startswith("v1,")]
    if not found:
        raise ValueError("the signature is not `v1,<base64>`")
    return found


def _standard_signed(posted: SignedRequest) -> bytes:
    name, time = _header(posted, "webhook-id"), _header(posted, "webhook-timestamp")
    return b".".join((name.encode(), time.encode(), posted.body))


def _standard_time(posted: SignedRequest) -> Instant:
    said = _header(posted, "webhook-timestamp")
    if not re.fullmatch(r"\d{1,12}", said, re.ASCII):
        raise ValueError("webhook-timestamp is no count of seconds since 1970")
    return int(said) * 1000


def _basic_keys(text: str) -> tuple[bytes, ...]:
    if ":" not in text:
        raise ValueError("has no colon; write user:password")
    return _one_line(text)


def _basic(value: str) -> Sequence[bytes]:
    return _base64(_after("Basic", value))


def _bearer(value: str) -> Sequence[bytes]:
    return (_after("Bearer", value).encode(),)


def _after(word: str, value: str) -> str:
    """What follows the name of the sort of authorization, which may be written in any case."""
    sort, _, rest = value.partition(" ")
    if sort.lower() != word.lower():
        raise ValueError(f"authorization is not {word}")
    return rest.strip()


def _hmac_base64(header: str) -> Scheme:
    return Scheme((header,), "sha256", _base64, _body)


SCHEMES: Final[Mapping[str, Scheme]] = {
    # square-python-sdk, legacy/square/utilities/webhooks_helper.py
    "square": Scheme(("x-square-hmacsha256-signature",), "sha256", _base64, _url_and_body, signs_url=True),
    # doc.toasttab.com, Message signing. It tries again after 5 and 10 minutes, with the time that it first said.
    "toast": Scheme(
        ("toast-signature",),
        "sha256",
        _base64,
        _toast_signed,
        made_at=lambda posted: parse_instant(_toast_time(posted)),
        tolerance=20 * _MINUTE,
    ),
    # shopify.dev, Verify a webhook; some deliveries leave the x- out (shopify-api-ruby, webhooks/request.rb)
    "shopify": Scheme(("x-shopify-hmac-sha256", "shopify-hmac-sha256"), "sha256", _base64, _body),
    # woocommerce-rest-api-docs, _webhooks.md
    "woocommerce": _hmac_base64("x-wc-webhook-signature"),
    # developer.uber.com, Webhooks: Eats and Direct, which also uses the name of who it was
    "uber": Scheme(
        ("x-uber-signature", "x-postmates-signature"),
        "sha256",
        _hex,
        _body,
        made_at=_uber_time,
        tolerance=11 * _MINUTE + 30_000,
    ),
    # Deliverect's documentation; and its own n8n node, which has another name
    "deliverect": Scheme(("x-server-authorization-hmac-sha256", "x-deliverect-signature"), "sha256", _hex, _body),
    # ololabs/dev-support-code-samples, WebhookSignatureValidation; the time is that of sending
    "olo": Scheme(("x-olo-signature",), "sha256", _base64, _olo_signed, made_at=_olo_time, signs_url=True),
    # from people who receive it: the vendor does not say
    "lightspeed_x": Scheme(("x-signature",), "sha256", _lightspeed_x, _body),
    # segment-docs, webhooks: SHA-1, and of a batch the first event alone is signed
    "segment": Scheme(("x-signature",), "sha1", _hex, _body),
    # standardwebhooks.com, which `promises notify` signs by, too
    "standard_webhooks": Scheme(
        ("webhook-signature",), "sha256", _standard, _standard_signed, made_at=_standard_time, keys=read_secrets
    ),
    # docs.clover.com, Webhooks: a code that never changes, and no signature
    "clover": Scheme(("x-clover-auth",)),
    # DoorDash Drive, Lightspeed K
    "basic": Scheme(("authorization",), read=_basic, keys=_basic_keys),
    "bearer": Scheme(("authorization",), read=_bearer),
    # any other header that holds the secret; and any HMAC of the body, as many senders have it
    "token": Scheme((), own_header=True),
    "hmac_sha256_hex": Scheme((), "sha256", _hex, _body, own_header=True),
    "hmac_sha256_base64": Scheme((), "sha256", _base64, _body, own_header=True),
    "none": Scheme((), is_open=True),
}
