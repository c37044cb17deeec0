"""What publishing needs of a Grafana. An adapter over another client library has to offer this and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

Dashboard = dict[str, Any]
"""A dashboard as Grafana keeps it: the content of one of our files."""


class PublishingFailed(Exception):
    """Grafana could not be reached, or did not do what was asked; the message says what and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a Grafana is and by what it lets us in. url: see address(). ca_file: whom to trust in place of those whom
    this machine trusts; None: whom it trusts."""

    url: str
    token: str = field(repr=False)
    ca_file: str | None = None


def address(url: str) -> str:
    """`url`, where it can be the address of a Grafana: http(s)://HOST[:PORT][/PATH]. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write http://HOST[:PORT] or https://HOST[:PORT], with the path under which Grafana is served")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("leave out user, password and whatever follows ? or #")
    if parts.port == 0:
        raise ValueError("port 0 is none")
    return url.rstrip("/")


class StoredDashboard(NamedTuple):
    """A dashboard that Grafana holds. version: grows with every change of it. folder: the uid of its folder."""

    dashboard: Dashboard
    version: int
    folder: str


class Annotation(NamedTuple):
    """An annotation: from `start` to `end`, milliseconds since 1970. id: given by Grafana, None before that."""

    start: int
    end: int
    text: str
    tags: tuple[str, ...]
    id: int | None = None


class Grafana(Protocol):
    """A Grafana. Every method raises PublishingFailed."""

    def has_folder(self, uid: str) -> bool:
        """Whether there is a folder of that uid."""

    def create_folder(self, uid: str, title: str) -> None:
        """Create a folder."""

    def dashboard(self, uid: str) -> StoredDashboard | None:
        """The dashboard of that uid, if there is one."""

    def save(self, dashboard: Dashboard, folder: str, version: int) -> None:
        """Save a dashboard in the folder of that uid. version: of the one it takes the place of, 0 where there is none;
        whoever changed it since then makes this fail."""

    def notes(self, tags: tuple[str, ...]) -> list[Annotation]:
        """The annotations that have all these tags."""

    def add_note(self, note: Annotation) -> None:
        """Write an annotation for every dashboard that shows its tags."""

    def change_note(self, note: Annotation) -> None:
        """Write an annotation of a known id anew."""
