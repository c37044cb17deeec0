"""Sources of the schemas of Avro writers: a folder of files, or a registry with Confluent's HTTP interface."""

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
"""Seconds to connect, and to wait for each part of a response."""

_UNKNOWN_SECONDS: Final = 30.0
"""Seconds for which an id that the registry does not know is not requested again."""

_ACCEPT: Final = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
_NOT_FOUND: Final = (40401, 40402, 40403)
"""The error codes with which a registry says that it has no such subject, version or schema."""

_MAX_REFERENCES: Final = 100
_MAX_UNKNOWN: Final = 1000


class SchemaFolderError(ValueError):
    """A folder of schemas that cannot be used. The message names the file and the remedy."""


class RegistryLogin(NamedTuple):
    """The user and the password for a registry, by basic authentication."""

    username: str
    password: str


class SchemaFolder:
    """Schemas in files that are named by id: 17.avsc or b0cd1ed2-....avsc for Avro, 17.json for JSON Schema."""

    def __init__(self, folder: Path) -> None:
        """Read all of `folder`. Raises SchemaFolderError."""
        try:
            files = [file for file in sorted(folder.iterdir()) if file.suffix in _KINDS]
            self._schemas = {_id_of(file): Schema(_KINDS[file.suffix], file.read_text("utf-8")) for file in files}
        except (OSError, UnicodeError) as error:
            raise SchemaFolderError(f"{folder}: cannot be read: {error}; give a folder of <id>.avsc files") from None

    def schema(self, id: int | str) -> Schema | None:
        """Return the schema in the file with that name; None if there is no such file."""
        return self._schemas.get(id)


class SchemaRegistry:
    """A schema registry over HTTP. Schemas are cached for good, because an id never gets another schema.

    An id that the registry does not know is remembered for half a minute, so that a malformed record costs one request.
    """

    def __init__(
        self, url: str, login: RegistryLogin | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """url: such as http://127.0.0.1:8081. login: takes precedence over a user in the URL."""
        parts = urlsplit(url)
        if login is None and parts.username is not None:
            login = RegistryLogin(unquote(parts.username), unquote(parts.password or ""))
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._login = login
        self._clock = clock
        self._session = requests.Session()
        self._schemas: dict[int | str, Schema] = {}
        self._unknown_until: dict[int | str, float] = {}

    def schema(self, id: int | str) -> Schema | None:
        """Return the schema with that id; None if the registry has none. Raises SchemaUnavailable."""
        if id in self._schemas:
            return self._schemas[id]
        if self._unknown_until.get(id, 0.0) > self._clock():
            return None
        document = self._get(f"/schemas/guids/{id}" if isinstance(id, str) else f"/schemas/ids/{id}")
        if document is None:
            self._remember_unknown(id)
            return None
        self._schemas[id] = self._schema(document)
        return self._schemas[id]

    def _remember_unknown(self, id: int | str) -> None:
        now = self._clock()
        self._unknown_until = {other: until for other, until in self._unknown_until.items() if until > now}
        if len(self._unknown_until) < _MAX_UNKNOWN:
            self._unknown_until[id] = now + _UNKNOWN_SECONDS

    def _schema(self, document: Mapping[str, Any]) -> Schema:
        references: dict[tuple[str, int], str] = {}
        self._add_references(document, references)
        kind = document.get("schemaType") or "AVRO"
        return Schema(kind=kind, text=self._text(document), references=tuple(references.values()))

    def _add_references(self, document: Mapping[str, Any], references: dict[tuple[str, int], str]) -> None:
        """Add the schemas that `document` refers to, each behind those that it refers to itself."""
        for reference in document.get("references") or ():
            try:
                subject, version = str(reference["subject"]), int(reference["version"])
            except (KeyError, TypeError, ValueError):
                raise self._error(f"has a reference without subject and version: {reference!r}") from None
            key = subject, version
            if key in references:
                continue
            if len(references) == _MAX_REFERENCES:
                raise self._error(f"has a schema with more than {_MAX_REFERENCES} references")
            referenced = self._get(f"/subjects/{quote(subject, safe='')}/versions/{version}")
            if referenced is None:
                raise self._error(f"does not have version {version} of {subject}, which a schema refers to")
            references[key] = ""  # ends the recursion of two that refer to each other
            self._add_references(referenced, references)
            del references[key]
            references[key] = self._text(referenced)

    def _text(self, document: Mapping[str, Any]) -> str:
        text = document.get("schema")
        if not isinstance(text, str):
            raise self._error("answers without a schema; is this a schema registry?")
        return text

    def _get(self, path: str) -> dict[str, Any] | None:
        """Return the document at `path`; None if the registry does not have it. Raises SchemaUnavailable."""
        try:
            response = self._session.get(
                self._url + path, auth=self._login, timeout=_TIMEOUT, allow_redirects=False, headers=_ACCEPT
            )
        except requests.RequestException as error:
            raise self._error(f"does not answer ({type(error).__name__}); check address and network") from error
        return self._document(path, response.status_code, response.content)

    def _document(self, path: str, status: int, body: bytes) -> dict[str, Any] | None:
        if status in (401, 403):
            user = f"user {self._login.username}" if self._login else "us without a user"
            raise self._error(f"does not let {user} read {path} ({status}); check user and password")
        if status not in (200, 404):
            raise self._error(f"answers {status} to {path}; look into its log")
        try:
            document = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise self._error(f"answers {path} with something else than a schema; check the address") from None
        if status == 404 and document.get("error_code") not in _NOT_FOUND:
            raise self._error(f"has no {path}; check the address, it may need a path such as /apis/ccompat/v7")
        return document if status == 200 else None

    def _error(self, detail: str) -> SchemaUnavailable:
        return SchemaUnavailable(f"the schema registry {self._url} {detail}")


def schemas_at(location: str, login: RegistryLogin | None = None) -> SchemaFolder | SchemaRegistry:
    """Return the registry at a URL, or the folder at a path. Raises SchemaFolderError."""
    if location.startswith(("http://", "https://")):
        return SchemaRegistry(location, login)
    return SchemaFolder(Path(location))


def _id_of(file: Path) -> int | str:
    try:
        return int(file.stem) if file.stem.isascii() and file.stem.isdecimal() else str(UUID(file.stem))
    except ValueError:
        raise SchemaFolderError(f"{file}: name it by the id of the schema, such as 17.avsc") from None
