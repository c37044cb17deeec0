"""Whether a webhook comes from whom it says: its signature, over the bytes as they came, in constant time. Pure.

Every vendor's scheme is one row of SCHEMES: where the signature stands, how it is written, what it is a signature of,
and when it was made, where it says so.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from schemas.instants import Instant, Millis
from streams.signatures.schemes import SCHEMES, Scheme, SignedRequest

Failure = Literal["missing", "malformed", "wrong", "old"]


class Unverified(Exception):
    """A webhook that is not shown to come from its vendor. failing: what of its signature; detail: in words, without a
    secret or a signature."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure: Failure = failure
        self.detail = detail


def scheme_of(name: str, header: str = "", tolerance: Millis | None = None) -> Scheme:
    """The scheme of that name, with its signature in `header` and as old as `tolerance`, where these are given.

    Raises KeyError where there is none, and ValueError where it has to be told its header and is not.
    """
    scheme = SCHEMES[name]
    if scheme.own_header and not header:
        raise ValueError("does not say by itself which header holds the signature")
    scheme = replace(scheme, headers=(header,)) if header else scheme
    return scheme if tolerance is None else replace(scheme, tolerance=tolerance)


def read_secret(scheme: Scheme, text: str) -> tuple[bytes, ...]:
    """The keys in a file of one secret. Raises ValueError saying what is wrong, without quoting it."""
    if not text.strip():
        raise ValueError("is empty; write the secret that the vendor shows")
    return scheme.keys(text.strip())


def verify(scheme: Scheme, posted: SignedRequest, keys: Sequence[bytes], now: Instant) -> None:
    """Return where one of `keys` made the signature, and it is not too old at `now`. Raises Unverified."""
    if scheme.is_open:
        return
    found = [posted.headers[name] for name in scheme.headers if posted.headers.get(name)]
    if not found:
        raise Unverified("missing", f"there is no header {' or '.join(scheme.headers)}")
    try:
        said, signed = scheme.read(found[0]), scheme.content(posted)
    except ValueError as error:
        raise Unverified("malformed", str(error)) from None
    # A list, so that it does not show in time which key it was.
    if not any([_is_made_by(key, said, signed, scheme) for key in keys]):
        raise Unverified("wrong", f"the signature in {' or '.join(scheme.headers)} is of another secret, body or URL")
    _check_age(scheme, posted, now)


def _is_made_by(key: bytes, said: Sequence[bytes], signed: bytes, scheme: Scheme) -> bool:
    # What is compared without a digest is digested first: compare_digest tells of two texts whether they are as long.
    expected = hmac.digest(key, signed, scheme.digest) if scheme.digest else hashlib.sha256(key).digest()
    given = said if scheme.digest else [hashlib.sha256(one).digest() for one in said]
    return any([hmac.compare_digest(expected, one) for one in given])


def _check_age(scheme: Scheme, posted: SignedRequest, now: Instant) -> None:
    if scheme.made_at is None:
        return
    try:
        at = scheme.made_at(posted)
    except ValueError as error:
        raise Unverified("malformed", str(error)) from None
    if at is not None and abs(now - at) > scheme.tolerance:
        raise Unverified("old", f"it was signed {abs(now - at) // 1000} s from now; at most {scheme.tolerance // 1000}")


def secret_headers(scheme: Scheme) -> frozenset[str]:
    """The headers whose value is the secret itself: nobody else may see them."""
    return frozenset() if scheme.digest else frozenset(scheme.headers)
