"""Feeds from TOML: one [[feed]] table each, read by intake and gateway. What is wrong is named: file, key, remedy."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from streams.judging.tables import Table, TableError, place_of, tables_of

_KEYS: Final = {"name", "topic", "adapter", "tables", "silence", "webhook"}
_WEBHOOK: Final = {"path", "scheme", "secrets", "url", "header"}
_SILENCE: Final = ("trusted", "unknown")


class FeedsError(TableError):
    """A file of feeds that cannot be used; the message names file, key and remedy."""


class Webhook(NamedTuple):
    """How the gateway takes a feed from its vendor.

    path: where it is posted. scheme: how it is signed, a name of streams/feeds/signatures.py. secrets: the files of one
    secret, or of two while one takes the other's place. url: as the vendor knows this webhook, for schemes that sign
    it. header: of the signature, where the scheme leaves that open.
    """

    path: str
    scheme: str
    secrets: tuple[str, ...] = ()
    url: str = ""
    header: str = ""


class Feed(NamedTuple):
    """One feed: a topic of records in a vendor's own shape.

    name: the `source` of its events and clock records; a location of locations.toml may name it. adapter: the name of
    one that comes with `promises`, or a file, as it stands in the feeds file. tables: a file of reference tables for
    it, or empty. trusts_silence: whether a topic that is read to its end says that nothing happened; else the clock of
    the feed moves with its records only.
    """

    name: str
    topic: str
    adapter: str = "generic"
    tables: str = ""
    trusts_silence: bool = True
    webhook: Webhook | None = None


def parse_feeds(text: str, source: str) -> tuple[Feed, ...]:
    """The feeds in `text`; `source` names the file in errors, and files in it stand relative to its folder.

    Raises FeedsError.
    """
    entries = tables_of(text, "feed", source, "feeds", FeedsError)
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
    table = _Reader(entry, place_of(entry, number, "feed", "name", source, FeedsError))
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
            self.text("topic", f"feeds.{name}", example=f"feeds.{name}"),
            self._adapter(folder),
            str(folder / self.text("tables", example="tables.toml")) if "tables" in self.table else "",
            silence == "trusted",
            self._webhook(folder, name) if "webhook" in self.table else None,
        )

    def _adapter(self, folder: PurePath) -> str:
        """A name stays a name; whatever looks like a file is one."""
        adapter = self.text("adapter", "generic", example="square")
        return str(folder / adapter) if adapter.endswith(".toml") else adapter

    def _webhook(self, folder: PurePath, name: str) -> Webhook:
        table = self.inner("webhook", _WEBHOOK)
        inner = _Reader(table, f"{self.where}, webhook")
        path = inner.text("path", f"/{name}", example="/square")
        if not path.startswith("/"):
            raise inner.wrong("path", f'begin it with a slash, such as "/{name}"')
        return Webhook(
            path,
            inner.text("scheme", example="square"),
            inner.secrets(folder),
            inner.text("url", example="https://example.com/square") if "url" in table else "",
            inner.text("header", example="x-signature").lower() if "header" in table else "",
        )

    def secrets(self, folder: PurePath) -> tuple[str, ...]:
        if "secrets" not in self.table:
            return ()
        names = self.texts("secrets", [])
        if len(names) > 2:
            raise self.wrong("secrets", "name the file of one secret, or of two while one takes the other's place")
        return tuple(str(folder / name) for name in names)
