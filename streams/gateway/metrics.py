"""What the gateway counts and times, as Prometheus reads it. Whatever can be counted is there at 0 before it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.metrics import catalogue

_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_USUAL: Final = (200, 401, 408, 413, 429, 503)

NOBODY: Final = "none"
"""The label of requests to a path that is nobody's."""


class GatewayMetrics:
    """The metrics of one gateway. feeds: the labels that there can be."""

    def __init__(self, feeds: Iterable[str], is_ready: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(*_named(catalogue.GATEWAY_REQUESTS), registry=self.registry)
        self._seconds = Histogram(*_named(catalogue.GATEWAY_SECONDS), registry=self.registry, buckets=_BOUNDS)
        self._kafka = Histogram(*_named(catalogue.GATEWAY_KAFKA), registry=self.registry, buckets=_BOUNDS)
        self._in_flight = Gauge(*_named(catalogue.GATEWAY_IN_FLIGHT), registry=self.registry)
        Gauge(*_named(catalogue.GATEWAY_READY), registry=self.registry).set_function(lambda: float(is_ready()))
        for feed in feeds:
            self._seconds.labels(feed)
            for status in _USUAL:
                self._requests.labels(feed, str(status))

        # Looking them up by their labels costs more than counting does.
        self._requests_of = lru_cache(lambda feed, status: self._requests.labels(feed, str(status)))
        self._seconds_of = lru_cache(self._seconds.labels)

    def answered(self, feed: str, status: int, seconds: float) -> None:
        """A request was answered, so long after it came."""
        self._requests_of(feed, status).inc()
        self._seconds_of(feed).observe(seconds)

    def stored(self, seconds: float) -> None:
        """A record was waited for so long."""
        self._kafka.observe(seconds)

    def in_flight(self, requests: int) -> None:
        """So many are not answered yet."""
        self._in_flight.set(requests)


def _named(metric: catalogue.Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name.removesuffix("_total"), metric.help, metric.labels
