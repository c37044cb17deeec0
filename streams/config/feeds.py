"""Feeds from TOML, read by intake and gateway: one [[feed]] table each. Errors name file, key and remedy."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Final, Literal, NamedTuple

from schemas.instants import Millis
from streams.config.toml import ConfigError, TableReader
from streams.signatures.schemes import SCHEMES, Scheme
from streams.signatures.verify import scheme_of

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_HEADER: Final = re.compile(r"[A-Za-z0-9_-]+")

_REMEDIES: Final = {
    "secrets": 'name the file of the secret, such as ["secret"]',
    "url": "write the URL as the vendor knows it",
    "header": "name the header that holds the signature",
}


class FeedsError(ConfigError):
    """A file of feeds that cannot be used. The message names the file, the key and the remedy."""


class FeedWebhook(NamedTuple):
    """How the vendor of a feed posts its records to the gateway. The fields are the keys of [feed.webhook].

    path: the path that the vendor posts to. scheme: how requests are signed, a name in streams/signatures/schemes.py.
    secrets: the files of the secret; two during a rotation. url: the URL as the vendor knows it, for schemes that sign
    it. header: the header of the signature, in lower case; empty for the scheme's own. tolerance: the maximum age of a
    signature; None for the scheme's own.
    """

    path: str
    scheme: str
    secrets: tuple[str, ...] = ()
    url: str = ""
    header: str = ""
    tolerance: Millis | None = None

    @property
    def signature_scheme(self) -> Scheme:
        """The scheme, with the header and the tolerance of this webhook."""
        return scheme_of(self.scheme, self.header, self.tolerance)


class Feed(NamedTuple):
    """A topic of records in the format of one vendor. The fields are the keys of a [[feed]] table.

    name: the `source` of its events and clock records; a location of locations.toml may name it. adapter: the name of
    an adapter that comes with `promises`, or the path of a file. tables: the file of the adapter's reference tables, or
    empty. schemas: the folder or the registry URL that holds its Avro schemas, or empty. silence: "trusted" if reading
    the topic to its end proves that nothing more has happened; with "unknown" only records move the watermark of the
    feed.
    """

    name: str
    topic: str
    adapter: str = "generic"
    tables: str = ""
    schemas: str = ""
    silence: Literal["trusted", "unknown"] = "trusted"
    webhook: FeedWebhook | None = None


def parse_feeds(text: str, source: str) -> tuple[Feed, ...]:
    """Return the feeds in `text`. `source` names the file in errors; paths in it are relative to its folder.

    Raises FeedsError.
    """
    readers = _FeedReader.entries(text, source, "feed", "feeds", label_key="name", keys=Feed._fields)
    feeds = tuple(reader.feed(PurePath(source).parent) for reader in readers)
    _check_unique(source, "feed", [feed.name for feed in feeds])
    _check_unique(source, "topic", [feed.topic for feed in feeds])
    _check_unique(source, "webhook path", [feed.webhook.path for feed in feeds if feed.webhook])
    return feeds


def _check_unique(source: str, term: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise FeedsError(f"{source}: {term} {name!r} is there {count} times; give each feed its own")


class _FeedReader(TableReader):
    """Reads one [[feed]] table, or the webhook table within it."""

    error_type = FeedsError

    def feed(self, folder: PurePath) -> Feed:
        name = self.text("name", example="square")
        return Feed(
            name=name,
            topic=self._matching("topic", f"feeds.{name}", _TOPIC, f'write a name of a topic, such as "feeds.{name}"'),
            adapter=self._adapter(folder),
            tables=str(folder / self.text("tables", example="tables.toml")) if "tables" in self.table else "",
            schemas=self._schemas(folder) if "schemas" in self.table else "",
            silence=self.choice("silence", ("trusted", "unknown")),
            webhook=self._webhook(folder, name) if "webhook" in self.table else None,
        )

    def _matching(self, key: str, default: str | None, pattern: re.Pattern[str], remedy: str) -> str:
        value = self.text(key, default, example=default or key)
        if not pattern.fullmatch(value):
            raise self.error(key, remedy)
        return value

    def _adapter(self, folder: PurePath) -> str:
        adapter = self.text("adapter", "generic", example="square")
        return str(folder / adapter) if adapter.endswith(".toml") else adapter

    def _schemas(self, folder: PurePath) -> str:
        schemas = self.text("schemas", example="schemas")
        return schemas if schemas.startswith(("http://", "https://")) else str(folder / schemas)

    def _webhook(self, folder: PurePath, name: str) -> FeedWebhook:
        reader = _FeedReader(self.subtable("webhook", FeedWebhook._fields), f"{self.label}, webhook")
        return reader.webhook(folder, name)

    def webhook(self, folder: PurePath, name: str) -> FeedWebhook:
        webhook = FeedWebhook(
            path=self._matching("path", f"/{name}", _PATH, f'write the path of a URL, such as "/{name}"'),
            scheme=self.text("scheme", example="square"),
            secrets=self._secrets(folder),
            url=self.optional_text("url", example="https://example.com/square"),
            header=self._header() if "header" in self.table else "",
            tolerance=self.duration("tolerance", 0) or None,
        )
        self._check_scheme(webhook.scheme)
        return webhook

    def _header(self) -> str:
        return self._matching("header", None, _HEADER, 'write the name of a header, such as "x-signature"').lower()

    def _check_scheme(self, name: str) -> None:
        """Check that the table has every key that the scheme needs, and none that it ignores."""
        if name not in SCHEMES:
            raise self.error("scheme", f"write one of {', '.join(SCHEMES)}")
        scheme = SCHEMES[name]
        is_signed = not scheme.is_open
        for key, is_needed, is_used in (
            ("secrets", is_signed, is_signed),
            ("url", scheme.signs_url, scheme.signs_url),
            ("header", scheme.own_header, is_signed),
            ("tolerance", False, scheme.made_at is not None),
        ):
            if is_needed and key not in self.table:
                raise self.error(key, f"{_REMEDIES[key]}, which scheme {name} needs")
            if key in self.table and not is_used:
                raise self.error(key, f"scheme {name} does not use it; leave it out")

    def _secrets(self, folder: PurePath) -> tuple[str, ...]:
        if "secrets" not in self.table:
            return ()
        names = self.texts("secrets", [])
        if len(names) > 2:
            raise self.error("secrets", "name the file of one secret, or the files of two during a rotation")
        return tuple(str(folder / name) for name in names)
