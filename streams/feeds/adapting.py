"""Which adapter each feed goes through. Every way of a record from its envelopes to events is put together here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.reading import read
from streams.feeds.deliveries import Adapted, Delivered
from streams.feeds.feed_book import Adapts
from streams.feeds.feeds_file import Feed, FeedsError


def adapters_of(feeds: Iterable[Feed]) -> Mapping[str, Adapts]:
    """What the records of each feed become, by the name of the feed. Raises FeedsError."""
    return {feed.name: _adapter(feed) for feed in feeds}


def _adapter(feed: Feed) -> Adapts:
    if feed.adapter != "generic":
        raise FeedsError(f"feed {feed.name}: there is no adapter {feed.adapter!r}; write generic for canonical events")
    return _canonical


def _canonical(delivered: Delivered) -> Adapted | None:
    """Canonical events pass as they are. Raises Refused."""
    return None if delivered.value is None else Adapted((read(delivered.value),), ("generic",))
