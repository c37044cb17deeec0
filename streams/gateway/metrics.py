"""The metrics of the gateway, for Prometheus. Every series is exposed at 0 before its first event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.metrics import catalogue

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_COMMON_STATUSES: Final = (200, 401, 408, 413, 429, 503)

UNKNOWN_PATH: Final = "none"
"""The feed label of requests to a path that does not exist."""


class GatewayMetrics:
    """The metrics of one gateway. feeds: all values of the label `feed`."""

    def __init__(self, feeds: Iterable[str], is_ready: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(*_arguments(catalogue.GATEWAY_REQUESTS), registry=self.registry)
        self._seconds = Histogram(*_arguments(catalogue.GATEWAY_SECONDS), registry=self.registry, buckets=_BUCKETS)
        self._kafka = Histogram(*_arguments(catalogue.GATEWAY_KAFKA), registry=self.registry, buckets=_BUCKETS)
        self._in_flight = Gauge(*_arguments(catalogue.GATEWAY_IN_FLIGHT), registry=self.registry)
        Gauge(*_arguments(catalogue.GATEWAY_READY), registry=self.registry).set_function(lambda: float(is_ready()))
        for feed in feeds:
            self._seconds.labels(feed)
            for status in _COMMON_STATUSES:
                self._requests.labels(feed, str(status))

        # Looking a series up by its labels costs more than incrementing it.
        self._requests_of = lru_cache(lambda feed, status: self._requests.labels(feed, str(status)))
        self._seconds_of = lru_cache(self._seconds.labels)

    def count_request(self, feed: str, status: int, seconds: float) -> None:
        """Count a request that was answered with `status` after so many seconds."""
        self._requests_of(feed, status).inc()
        self._seconds_of(feed).observe(seconds)

    def observe_kafka(self, seconds: float) -> None:
        """Observe how long a request waited for Kafka to store its record."""
        self._kafka.observe(seconds)

    def set_in_flight(self, requests: int) -> None:
        """Set the number of requests that are not answered yet."""
        self._in_flight.set(requests)


def _arguments(metric: catalogue.Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name.removesuffix("_total"), metric.help, metric.labels
