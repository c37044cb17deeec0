"""Feeds from TOML: one [[feed]] table each, read by intake and gateway. What is wrong is named: file, key, remedy."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from schemas.instants import Millis
from streams.config.toml import ConfigError, Table, entry_label, read_entries
from streams.signatures.schemes import SCHEMES, Scheme
from streams.signatures.verify import scheme_of

_KEYS: Final = {"name", "topic", "adapter", "tables", "schemas", "silence", "webhook"}
_WEBHOOK: Final = {"path", "scheme", "secrets", "url", "header", "tolerance"}
_SILENCE: Final = ("trusted", "unknown")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_HEADER: Final = re.compile(r"[A-Za-z0-9_-]+")

_REMEDY: Final = {
    "secrets": 'name the file of the secret, such as ["secret"]',
    "url": "write the URL as the vendor knows it",
    "header": "name the header that holds the signature",
}


class FeedsError(ConfigError):
    """A file of feeds that cannot be used; the message names file, key and remedy."""


class FeedWebhook(NamedTuple):
    """How the gateway takes a feed from its vendor.

    path: the path that it is posted to. scheme: how it is signed, a name in streams/signatures/schemes.py.
    secrets: the files of one secret, or of two during a rotation. url: the URL as the vendor knows it, for schemes that
    sign it. header: the header of the signature, in lower case, if it is not the scheme's own. tolerance: the maximum
    age of a signature, if it is not the scheme's own.
    """

    path: str
    scheme: str
    secrets: tuple[str, ...] = ()
    url: str = ""
    header: str = ""
    tolerance: Millis | None = None

    @property
    def signature_scheme(self) -> Scheme:
        """How it is signed."""
        return scheme_of(self.scheme, self.header, self.tolerance)


class Feed(NamedTuple):
    """One feed: a topic of records in a vendor's own shape.

    name: the `source` of its events and clock records; a location of locations.toml may name it. adapter: the name of
    one that comes with `promises`, or a file, as it stands in the feeds file. tables: a file of reference tables for
    it, or empty. schemas: where those of its Avro are found, a folder or the URL of a registry, or empty.
    trusts_silence: whether a topic that is read to its end says that nothing happened; else the clock of the feed moves
    with its records only.
    """

    name: str
    topic: str
    adapter: str = "generic"
    tables: str = ""
    schemas: str = ""
    trusts_silence: bool = True
    webhook: FeedWebhook | None = None


def parse_feeds(text: str, source: str) -> tuple[Feed, ...]:
    """The feeds in `text`; `source` names the file in errors, and files in it stand relative to its folder.

    Raises FeedsError.
    """
    entries = read_entries(text, "feed", source, "feeds", FeedsError)
    feeds = tuple(_read(entry, number, source) for number, entry in enumerate(entries, 1))
    _each_once(source, "feed", [feed.name for feed in feeds])
    _each_once(source, "topic", [feed.topic for feed in feeds])
    _each_once(source, "webhook path", [feed.webhook.path for feed in feeds if feed.webhook])
    return feeds


def _each_once(source: str, what: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise FeedsError(f"{source}: {what} {name!r} is there {count} times; give each feed its own")


def _read(entry: Any, number: int, source: str) -> Feed:
    table = _Reader(entry, entry_label(entry, number, "feed", "name", source, FeedsError))
    table.only(_KEYS)
    return table.feed(PurePath(source).parent)


class _Reader(Table):
    """One [[feed]] table, key by key."""

    error = FeedsError

    def feed(self, folder: PurePath) -> Feed:
        name = self.text("name", example="square")
        silence = self.text("silence", "trusted")
        if silence not in _SILENCE:
            raise self.wrong("silence", f"write {' or '.join(_SILENCE)}")
        return Feed(
            name,
            self._matching("topic", f"feeds.{name}", _TOPIC, f'write a name of a topic, such as "feeds.{name}"'),
            self._adapter(folder),
            str(folder / self.text("tables", example="tables.toml")) if "tables" in self.table else "",
            self._schemas(folder) if "schemas" in self.table else "",
            silence == "trusted",
            self._webhook(folder, name) if "webhook" in self.table else None,
        )

    def _matching(self, key: str, default: str | None, pattern: re.Pattern[str], remedy: str) -> str:
        if not pattern.fullmatch(found := self.text(key, default, example=default or key)):
            raise self.wrong(key, remedy)
        return found

    def _adapter(self, folder: PurePath) -> str:
        """A name stays a name; whatever looks like a file is one."""
        adapter = self.text("adapter", "generic", example="square")
        return str(folder / adapter) if adapter.endswith(".toml") else adapter

    def _schemas(self, folder: PurePath) -> str:
        place = self.text("schemas", example="schemas")
        return place if place.startswith(("http://", "https://")) else str(folder / place)

    def _webhook(self, folder: PurePath, name: str) -> FeedWebhook:
        inner = _Reader(self.inner("webhook", _WEBHOOK), f"{self.where}, webhook")
        return inner.webhook(folder, name)

    def webhook(self, folder: PurePath, name: str) -> FeedWebhook:
        webhook = FeedWebhook(
            self._matching("path", f"/{name}", _PATH, f'write the path of a URL, such as "/{name}"'),
            self.text("scheme", example="square"),
            self._secrets(folder),
            self.text("url", example="https://example.com/square") if "url" in self.table else "",
            self._matching("header", None, _HEADER, 'write the name of a header, such as "x-signature"').lower()
            if "header" in self.table
            else "",
            self.duration("tolerance", 0) or None,
        )
        self._check(webhook)
        return webhook

    def _check(self, webhook: FeedWebhook) -> None:
        """Whatever the scheme has to be told is told, and nothing beside: it would look as if it were heeded."""
        if webhook.scheme not in SCHEMES:
            raise self.wrong("scheme", f"write one of {', '.join(SCHEMES)}")
        scheme = SCHEMES[webhook.scheme]
        is_signed = not scheme.is_open
        for key, is_wanted, is_heeded in (
            ("secrets", is_signed, is_signed),
            ("url", scheme.signs_url, scheme.signs_url),
            ("header", scheme.own_header, is_signed),
            ("tolerance", False, scheme.made_at is not None),
        ):
            if is_wanted and key not in self.table:
                raise self.wrong(key, f"{_REMEDY[key]}, which scheme {webhook.scheme} needs")
            if key in self.table and not is_heeded:
                raise self.wrong(key, f"scheme {webhook.scheme} does not use it; leave it out")

    def _secrets(self, folder: PurePath) -> tuple[str, ...]:
        if "secrets" not in self.table:
            return ()
        names = self.texts("secrets", [])
        if len(names) > 2:
            raise self.wrong("secrets", "name the file of one secret, or of two while one takes the other's place")
        return tuple(str(folder / name) for name in names)
