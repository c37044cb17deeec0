"""From a request to a record of Kafka: the body as it came, and the headers that somebody may need. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.instants import Instant, show
from streams.signatures.schemes import Scheme
from streams.signatures.verify import secret_headers

_OF_THE_WAY: Final = re.compile(
    r"accept(-.*)?|connection|content-(encoding|length)|expect|forwarded|host|keep-alive|te|trailer|transfer-encoding|"
    r"upgrade(-.*)?|user-agent|via|x-forwarded-.*|x-real-ip"
)
"""What is between the sender and us, and of no use to an adapter. Addresses of machines are not kept either."""

_OURS: Final = re.compile(r"promises\..*|__(key|value)_schema_id")
"""What readers of the record believe of it: nobody outside says that we received it yesterday, or in an envelope."""

_SECRET: Final = re.compile(r"authorization|cookie|secret|token|password|api-?key|-auth$")


def record_headers(
    headers: Mapping[str, str], scheme: Scheme, feed: str, url: str, received_at: Instant
) -> tuple[tuple[str, bytes], ...]:
    """The headers of the record, by name in lower case; without any that is a secret.

    A signature is none, and stays: with `promises.url` and the body, whoever reads the record can check it again.
    """
    ours = {"promises.feed": feed, "promises.received_at": show(received_at)} | ({"promises.url": url} if url else {})
    kept = {name: value for name, value in headers.items() if _is_kept(name, scheme)}
    return tuple((name, value.encode()) for name, value in (kept | ours).items())


def _is_kept(name: str, scheme: Scheme) -> bool:
    if _OF_THE_WAY.fullmatch(name) or _OURS.fullmatch(name):
        return False
    if name == "authorization" or name in secret_headers(scheme):
        return False
    return name in scheme.headers or not _SECRET.search(name)
