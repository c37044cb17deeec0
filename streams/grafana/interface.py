"""The interface to Grafana that pushing needs. An adapter over another client library implements this protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

Dashboard = dict[str, Any]
"""A dashboard as Grafana stores it: the content of one of our files."""


class PublishingFailed(Exception):
    """Grafana was not reached or refused a request; the message says what and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Access:
    """The address of a Grafana and the token for it. url: see grafana_url(). ca_file: the trusted certificates; None:
    those of the system."""

    url: str
    token: str = field(repr=False)
    ca_file: str | None = None


def grafana_url(url: str) -> str:
    """Return `url` if it can be the address of a Grafana: http(s)://HOST[:PORT][/PATH]. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write http://HOST[:PORT] or https://HOST[:PORT], with the path under which Grafana is served")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("leave out user, password and everything after ? or #")
    if parts.port == 0:
        raise ValueError("port 0 is invalid; give the port of Grafana")
    return url.rstrip("/")


class StoredDashboard(NamedTuple):
    """A dashboard that Grafana has. version: grows with every change. folder: the uid of its folder."""

    dashboard: Dashboard
    version: int
    folder: str


class Annotation(NamedTuple):
    """An annotation from `start` to `end`, milliseconds since 1970. id: assigned by Grafana, None before that."""

    start: int
    end: int
    text: str
    tags: tuple[str, ...]
    id: int | None = None


class Grafana(Protocol):
    """A Grafana. Every method raises PublishingFailed."""

    def has_folder(self, uid: str) -> bool:
        """Return whether a folder with that uid exists."""

    def create_folder(self, uid: str, title: str) -> None:
        """Create a folder."""

    def dashboard(self, uid: str) -> StoredDashboard | None:
        """Return the dashboard with that uid, if it exists."""

    def save(self, dashboard: Dashboard, folder: str, version: int) -> None:
        """Save a dashboard in the folder with that uid.

        version: of the dashboard that it replaces, 0 if there is none. Fails if that dashboard was changed since.
        """

    def annotations(self, tags: tuple[str, ...]) -> list[Annotation]:
        """Return the annotations that have all these tags."""

    def add_annotation(self, annotation: Annotation) -> None:
        """Create an annotation. Every dashboard that shows its tags shows it."""

    def update_annotation(self, annotation: Annotation) -> None:
        """Replace the annotation with the same id."""
