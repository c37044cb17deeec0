"""Verification of webhook signatures, over the bytes as they were received, in constant time. Pure.

Every vendor's scheme is one row of SCHEMES: the header of the signature, its encoding, the signed content, and the time
of the signature, if that is signed.
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
    """A webhook that is not proved to come from its vendor. failure: what is wrong with the signature. detail: a
    message for people, without a secret or a signature."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure: Failure = failure
        self.detail = detail


def scheme_of(name: str, header: str = "", tolerance: Millis | None = None) -> Scheme:
    """Return the scheme of that name. header, tolerance: replace the scheme's own, if they are given.

    Raises KeyError if there is no such scheme, and ValueError if it needs a header and none is given.
    """
    scheme = SCHEMES[name]
    if scheme.own_header and not header:
        raise ValueError("does not say by itself which header holds the signature")
    scheme = replace(scheme, headers=(header,)) if header else scheme
    return scheme if tolerance is None else replace(scheme, tolerance=tolerance)


def read_secret(scheme: Scheme, text: str) -> tuple[bytes, ...]:
    """Return the keys in a file of one secret. Raises ValueError, whose message does not quote it."""
    if not text.strip():
        raise ValueError("is empty; write the secret that the vendor shows")
    return scheme.keys(text.strip())


def verify(scheme: Scheme, request: SignedRequest, keys: Sequence[bytes], now: Instant) -> None:
    """Check that one of `keys` made the signature, and that it is not too old at `now`. Raises Unverified."""
    if scheme.is_open:
        return
    values = [request.headers[name] for name in scheme.headers if request.headers.get(name)]
    if not values:
        raise Unverified("missing", f"there is no header {' or '.join(scheme.headers)}")
    try:
        signatures, content = scheme.read(values[0]), scheme.content(request)
    except ValueError as error:
        raise Unverified("malformed", str(error)) from None
    # A list, so that the time it takes does not reveal which key matched.
    if not any([_is_made_by(key, signatures, content, scheme) for key in keys]):
        raise Unverified("wrong", f"the signature in {' or '.join(scheme.headers)} is of another secret, body or URL")
    _check_age(scheme, request, now)


def _is_made_by(key: bytes, signatures: Sequence[bytes], content: bytes, scheme: Scheme) -> bool:
    # A secret itself is hashed before the comparison, because compare_digest reveals whether lengths are equal.
    expected = hmac.digest(key, content, scheme.digest) if scheme.digest else hashlib.sha256(key).digest()
    actual = signatures if scheme.digest else [hashlib.sha256(secret).digest() for secret in signatures]
    return any([hmac.compare_digest(expected, value) for value in actual])


def _check_age(scheme: Scheme, request: SignedRequest, now: Instant) -> None:
    if scheme.made_at is None:
        return
    try:
        at = scheme.made_at(request)
    except ValueError as error:
        raise Unverified("malformed", str(error)) from None
    if at is not None and abs(now - at) > scheme.tolerance:
        raise Unverified("old", f"it was signed {abs(now - at) // 1000} s from now; at most {scheme.tolerance // 1000}")


def secret_headers(scheme: Scheme) -> frozenset[str]:
    """Return the headers whose value is the secret itself, which must not be stored."""
    return frozenset() if scheme.digest else frozenset(scheme.headers)
