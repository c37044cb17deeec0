"""Where alerts are sent, read from a URL. Its path and query may be secret: they are in no text that is made here."""

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
        """What may be shown of it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_webhook(url: str) -> Webhook:
    """The webhook at `url`. Raises ValueError saying what is wrong, without quoting the URL."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("has a space or a character that a URL cannot have; write it percent-encoded")
    try:
        found = urlsplit(url)
        host, port = found.hostname, found.port
    except ValueError:
        raise ValueError("has no host and port that can be read; write https://HOST[:PORT]/PATH") from None
    if found.scheme not in _PORTS or not host or port == 0 or ".." in host or len(max(host.split("."), key=len)) > 63:
        raise ValueError("is no address of a receiver; write https://HOST[:PORT]/PATH")
    if "@" in found.netloc:
        raise ValueError("has a user or password in it, which is not sent; the signature says who calls")
    return Webhook(found.scheme, host, port or _PORTS[found.scheme], _target(found))


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
