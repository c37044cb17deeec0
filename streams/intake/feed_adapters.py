"""The adapter function of each feed: from the envelopes of its records through its adapter to canonical events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.adapters.envelopes import Schemas, open_envelopes
from streams.adapters.feed_records import AdaptedRecord, FeedRecord
from streams.adapters.schema_registry import SchemaFolderError, schemas_at
from streams.adapters.vendors import Adapter, AdapterError, load
from streams.config.feeds import Feed, FeedsError
from streams.intake.state import AdapterFunction


def adapters_of(feeds: Iterable[Feed], zones: Mapping[str, str]) -> dict[str, AdapterFunction]:
    """Return the adapter function of each feed, by the name of the feed. zones: the time zone of each location.

    Raises FeedsError.
    """
    return {feed.name: _adapter_function(feed, zones) for feed in feeds}


def _adapter_function(feed: Feed, zones: Mapping[str, str]) -> AdapterFunction:
    try:
        adapter = load(feed.adapter, feed.tables, zones)
        schemas = schemas_at(feed.schemas) if feed.schemas else None
    except (AdapterError, SchemaFolderError) as error:
        raise FeedsError(f"feed {feed.name}: {error}") from None
    return lambda record: _adapt(record, feed, adapter, schemas)


def _adapt(record: FeedRecord, feed: Feed, adapter: Adapter, schemas: Schemas | None) -> AdaptedRecord | None:
    opened = open_envelopes(record, schemas)
    return adapter.adapt(opened, feed.name) if opened else None
