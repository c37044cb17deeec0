"""Signatures by the Standard Webhooks specification, 1.0.0 (https://www.standardwebhooks.com): symmetric, `v1`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from schemas.instants import Instant

_PREFIX: Final = "whsec_"
_MIN_BYTES, _MAX_BYTES = 24, 64
_MAX_SECRETS: Final = 2
"""The new secret and the old one, while receivers change from one to the other."""


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Return the secrets in a file, one a line. Raises ValueError, whose message does not quote a secret."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not 1 <= len(lines) <= _MAX_SECRETS:
        raise ValueError(f"holds {len(lines)} secrets; write one, or two while the secret is changed, one a line")
    return tuple(_secret(line, number) for number, line in lines)


def signature_headers(webhook_id: str, body: bytes, secrets: Sequence[bytes], at: Instant) -> dict[str, str]:
    """Return the headers of an attempt at `at`: the id, the time in seconds since 1970, and for each secret a signature
    of id, time and body."""
    seconds = str(at // 1000)
    content = b".".join((webhook_id.encode(), seconds.encode(), body))
    signatures = (base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _secret(line: str, number: int) -> bytes:
    remedy = f"write {_PREFIX} and the base64 of {_MIN_BYTES} to {_MAX_BYTES} random bytes"
    if not line.startswith(_PREFIX):
        raise ValueError(f"line {number} does not begin with {_PREFIX}; {remedy}")
    try:
        secret = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"line {number} is not base64 after {_PREFIX}; {remedy}") from None
    if not _MIN_BYTES <= len(secret) <= _MAX_BYTES:
        raise ValueError(f"line {number} is a secret of {len(secret)} bytes; {remedy}")
    return secret
