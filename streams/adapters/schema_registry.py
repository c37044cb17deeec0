"""Where the schemas of Avro writers are found: a folder of files, or a registry with Confluent's HTTP interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from uuid import UUID

import msgspec
import requests

from streams.adapters.envelopes.avro import Schema, SchemaUnavailable

_KINDS: Final = {".avsc": "AVRO", ".json": "JSON"}
_TIMEOUT: Final = (3.05, 10)
"""Seconds to connect, and to wait for each piece of an answer."""

_UNKNOWN_FOR: Final = 30.0
"""Seconds for which an id that a registry does not know is not asked again."""

_ACCEPT: Final = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
_NOT_FOUND: Final = (40401, 40402, 40403)
"""The error codes with which a registry says that it has no such subject, version or schema."""

_MAX_REFERENCES: Final = 100


class SchemaFolderError(ValueError):
    """A folder of schemas that cannot be used; the message names file and remedy."""


class RegistryLogin(NamedTuple):
    """Who we are to a registry: basic authentication."""

    username: str
    password: str


class SchemaFolder:
    """Schemas in files that are named by id: 17.avsc, or b0cd1ed2-....avsc; .json says that an id is of JSON Schema."""

    def __init__(self, folder: Path) -> None:
        """Read all of `folder`. Raises SchemaFolderError."""
        try:
            files = [file for file in sorted(folder.iterdir()) if file.suffix in _KINDS]
            self._schemas = {_id_of(file): Schema(_KINDS[file.suffix], file.read_text("utf-8")) for file in files}
        except (OSError, UnicodeError) as error:
            raise SchemaFolderError(f"{folder}: cannot be read: {error}; give a folder of <id>.avsc files") from None

    def schema(self, id: int | str) -> Schema | None:
        """The schema in the file that is named so; None where there is no such file."""
        return self._schemas.get(id)


class SchemaRegistry:
    """A schema registry over HTTP. What it answered is kept, because an id never means another schema.

    An id that it does not know is kept for half a minute, so that a record of nonsense costs one question.
    """

    def __init__(
        self, url: str, login: RegistryLogin | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """The registry at `url`, such as http://127.0.0.1:8081; `login` goes before a user that is named in it."""
        parts = urlsplit(url)
        if login is None and parts.username is not None:
            login = RegistryLogin(unquote(parts.username), unquote(parts.password or ""))
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._login = login
        self._clock = clock
        self._session = requests.Session()
        self._known: dict[int | str, Schema] = {}
        self._unknown: dict[int | str, float] = {}

    def schema(self, id: int | str) -> Schema | None:
        """The schema that the registry has under `id`; None where it has none. Raises SchemaUnavailable."""
        if id in self._known:
            return self._known[id]
        if self._unknown.get(id, 0.0) > self._clock():
            return None
        found = self._asked(f"/schemas/guids/{id}" if isinstance(id, str) else f"/schemas/ids/{id}")
        if found is None:
            self._miss(id)
            return None
        self._known[id] = self._schema(found)
        return self._known[id]

    def _miss(self, id: int | str) -> None:
        now = self._clock()
        self._unknown = {other: until for other, until in self._unknown.items() if until > now}
        if len(self._unknown) < 1000:
            self._unknown[id] = now + _UNKNOWN_FOR

    def _schema(self, found: Mapping[str, Any]) -> Schema:
        references: dict[tuple[str, int], str] = {}
        self._refer(found, references)
        return Schema(found.get("schemaType") or "AVRO", self._text(found), tuple(references.values()))

    def _refer(self, found: Mapping[str, Any], references: dict[tuple[str, int], str]) -> None:
        """Add to `references` what `found` refers to, behind what that refers to in turn."""
        for reference in found.get("references") or ():
            try:
                place = str(reference["subject"]), int(reference["version"])
            except (KeyError, TypeError, ValueError):
                raise self._failed(f"has a reference without subject and version: {reference!r}") from None
            if place in references:
                continue
            if len(references) == _MAX_REFERENCES:
                raise self._failed(f"has a schema with more than {_MAX_REFERENCES} references")
            referred = self._asked(f"/subjects/{quote(place[0], safe='')}/versions/{place[1]}")
            if referred is None:
                raise self._failed(f"does not have version {place[1]} of {place[0]}, which a schema refers to")
            references[place] = ""  # two that refer to each other end here
            self._refer(referred, references)
            del references[place]
            references[place] = self._text(referred)

    def _text(self, found: Mapping[str, Any]) -> str:
        text = found.get("schema")
        if not isinstance(text, str):
            raise self._failed("answers without a schema; is this a schema registry?")
        return text

    def _asked(self, path: str) -> dict[str, Any] | None:
        """The answer to a question; None for 404."""
        try:
            answer = self._session.get(
                self._url + path, auth=self._login, timeout=_TIMEOUT, allow_redirects=False, headers=_ACCEPT
            )
        except requests.RequestException as error:
            raise self._failed(f"does not answer ({type(error).__name__}); check address and network") from error
        return self._read(path, answer.status_code, answer.content)

    def _read(self, path: str, status: int, text: bytes) -> dict[str, Any] | None:
        if status in (401, 403):
            who = f"user {self._login.username}" if self._login else "us without a user"
            raise self._failed(f"does not let {who} read {path} ({status}); check user and password")
        if status not in (200, 404):
            raise self._failed(f"answers {status} to {path}; look into its log")
        try:
            answer = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise self._failed(f"answers {path} with something else than a schema; check the address") from None
        if status == 404 and answer.get("error_code") not in _NOT_FOUND:
            raise self._failed(f"has no {path}; check the address, it may need a path such as /apis/ccompat/v7")
        return answer if status == 200 else None

    def _failed(self, what: str) -> SchemaUnavailable:
        return SchemaUnavailable(f"the schema registry {self._url} {what}")


def schemas_at(place: str, login: RegistryLogin | None = None) -> SchemaFolder | SchemaRegistry:
    """The registry at a URL, or the folder of that name. Raises SchemaFolderError."""
    if place.startswith(("http://", "https://")):
        return SchemaRegistry(place, login)
    return SchemaFolder(Path(place))


def _id_of(file: Path) -> int | str:
    try:
        return int(file.stem) if file.stem.isascii() and file.stem.isdecimal() else str(UUID(file.stem))
    except ValueError:
        raise SchemaFolderError(f"{file}: name it by the id of the schema, such as 17.avsc") from None
