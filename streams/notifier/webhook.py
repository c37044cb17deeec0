"""The webhook that receives alerts, read from a URL. Path and query may be secret and are in no message. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"https": 443, "http": 80}


class Webhook(NamedTuple):
    """A receiver of alerts. target: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        """Return the URL without path and query."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_webhook(url: str) -> Webhook:
    """Read the webhook at `url`. Raises ValueError with a message that does not quote the URL."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("has a space or a character that a URL cannot have; write it percent-encoded")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("has no readable host and port; write https://HOST[:PORT]/PATH") from None
    if parts.scheme not in _PORTS or not host or port == 0 or ".." in host or len(max(host.split("."), key=len)) > 63:
        raise ValueError("is not the URL of a receiver; write https://HOST[:PORT]/PATH")
    if "@" in parts.netloc:
        raise ValueError("has a user or password, which is not sent; leave it out: requests are signed instead")
    return Webhook(parts.scheme, host, port or _PORTS[parts.scheme], _target(parts))


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
