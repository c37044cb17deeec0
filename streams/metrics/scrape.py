"""Reading /metrics as Prometheus reads it, and /readyz, for those who show or check them."""

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

_ANSWER_SECONDS: Final = 2.0
"""How long a worker may take to say whether it is ready: it is a thread of its own that says it."""

_readiness: Final = msgspec.json.Decoder(Readiness).decode
"""Made once, before there are threads: msgspec crashes where two of them are the first to read one kind of value."""


class Scrape:
    """The samples of one page of metrics."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    @classmethod
    def of(cls, url: str) -> Scrape:
        """What `url` serves now. Raises OSError."""
        with urlopen(url, timeout=10) as page:
            return cls(page.read().decode())

    def sum(self, name: str, **labels: str) -> float:
        """The sum of all samples of `name` with these labels; 0 where there are none."""
        return sum(value for found, value in self._samples.get(name, ()) if labels.items() <= found.items())

    def by(self, name: str, *axes: str, **labels: str) -> dict[tuple[str, ...], float]:
        """The sums of `name` with these labels, by the values of `axes`."""
        sums: dict[tuple[str, ...], float] = {}
        for found, value in self._samples.get(name, ()):
            if labels.items() <= found.items():
                key = tuple(found[axis] for axis in axes)
                sums[key] = sums.get(key, 0) + value
        return sums

    def __len__(self) -> int:
        return sum(map(len, self._samples.values()))


def readiness_at(address: Address) -> Readiness | None:
    """What the worker that serves /metrics there says at /readyz; None where none answers."""
    try:
        with urlopen(f"http://{address}/readyz", timeout=_ANSWER_SECONDS) as page:
            said = page.read()
    except HTTPError as not_ready:  # 503, with the same document
        said = not_ready.read()
    except (OSError, HTTPException):
        return None
    try:
        return _readiness(said)
    except msgspec.DecodeError:
        return None
