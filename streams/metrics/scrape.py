"""A client for the pages of a worker: samples of /metrics as Prometheus reads them, and the readiness at /readyz."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from streams.metrics.address import Address
from streams.metrics.health import Readiness

Labels = Mapping[str, str]

_READYZ_SECONDS: Final = 2.0
"""The timeout for /readyz. A thread of its own serves it, so a healthy worker answers at once."""

_decode_readiness: Final = msgspec.json.Decoder(Readiness).decode
"""Created before any threads start: msgspec crashes if two threads decode a type for the first time at once."""


class Scrape:
    """The samples of one page of metrics."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    @classmethod
    def of(cls, url: str) -> Scrape:
        """Fetch the page at `url`. Raises OSError."""
        with urlopen(url, timeout=10) as page:
            return cls(page.read().decode())

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of all samples of `name` with these labels; 0 if there are none."""
        return sum(value for sample, value in self._samples.get(name, ()) if labels.items() <= sample.items())

    def by(self, name: str, *axes: str, **labels: str) -> dict[tuple[str, ...], float]:
        """Return the sums of `name` with these labels, by the values of the labels `axes`."""
        sums: dict[tuple[str, ...], float] = {}
        for sample, value in self._samples.get(name, ()):
            if labels.items() <= sample.items():
                key = tuple(sample[axis] for axis in axes)
                sums[key] = sums.get(key, 0) + value
        return sums

    def __len__(self) -> int:
        return sum(map(len, self._samples.values()))


def readiness_at(address: Address) -> Readiness | None:
    """Fetch /readyz of the worker that serves /metrics at `address`; None if none answers there."""
    try:
        with urlopen(f"http://{address}/readyz", timeout=_READYZ_SECONDS) as page:
            body = page.read()
    except HTTPError as not_ready:  # status 503, with the same document
        body = not_ready.read()
    except (OSError, HTTPException):
        return None
    try:
        return _decode_readiness(body)
    except msgspec.DecodeError:
        return None
