"""The way of each feed, put together: from its envelopes through its adapter to canonical events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.adapters.envelopes import Schemas, open_envelopes
from streams.adapters.feed_records import AdaptedRecord, FeedRecord
from streams.adapters.schema_registry import SchemaFolderError, schemas_at
from streams.adapters.vendors import Adapter, AdapterError, load
from streams.config.feeds import Feed, FeedsError
from streams.intake.state import AdapterFunction


def adapters_of(feeds: Iterable[Feed], zones: Mapping[str, str]) -> dict[str, AdapterFunction]:
    """What the records of each feed become, by the name of the feed. zones: the time zone of each location.

    Raises FeedsError.
    """
    return {feed.name: _way(feed, zones) for feed in feeds}


def _way(feed: Feed, zones: Mapping[str, str]) -> AdapterFunction:
    try:
        adapter = load(feed.adapter, feed.tables, zones)
        schemas = schemas_at(feed.schemas) if feed.schemas else None
    except (AdapterError, SchemaFolderError) as error:
        raise FeedsError(f"feed {feed.name}: {error}") from None
    return lambda delivered: _adapted(delivered, feed, adapter, schemas)


def _adapted(delivered: FeedRecord, feed: Feed, adapter: Adapter, schemas: Schemas | None) -> AdaptedRecord | None:
    opened = open_envelopes(delivered, schemas)
    return adapter.adapt(opened, feed.name) if opened else None
