"""Feeds: what the promises of a location wait for before they are called undelivered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.instants import NEVER
from streams.judging.policy import Millis


class FeedOf(NamedTuple):
    """The feed through which the events of a location come.

    feed: its name, the `source` of `clock` records. silent_after: how long after the instant up to which it was heard
    of it is stale. abandoned_after: how long after that it is waited for no more.
    """

    feed: str
    silent_after: Millis
    abandoned_after: Millis = NEVER


FeedsOf = Mapping[str, FeedOf]
"""The feeds that were declared, by location. A location without one waits for nothing but the clock."""

NO_FEEDS: Final[FeedsOf] = MappingProxyType({})
