"""The catalogue as a page: `python -m streams.metrics.document > docs/metrics.md`. A test compares the two."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from streams.metrics.catalogue import GATEWAY, INTAKE, WORKER, Metric
from streams.metrics.exposition import NOBODY
from streams.state.rows import LATENESS_BOUNDS
from streams.state.windows import WIDTHS

_HEAD: Final = f"""# Metrics

The metrics of a worker, of intake and of the gateway at `/metrics`. This page is generated from
`streams/metrics/catalogue.py`. All values can be added up over workers and partitions. To compute a rate or a share,
first sum, then divide once; never average ratios.

- `basis` is `original` (the first promise) or `current` (the last one). Select one of them: each counts every promise.
- `location` or `staff` is `{NOBODY}` if no event named one.
- `window` is one of {", ".join(f"`{name}`" for name in WIDTHS)}: up to the watermark, by due time, in whole minutes.
- The bounds of the lateness histogram are {", ".join(map(str, LATENESS_BOUNDS))} seconds.
- A counter appears with the value 0 when the first promise of its location and kind is made.
- The values of a partition are exported only by the worker that owns it, once the partition is recovered.
- For every location, kind, basis and verdict: first verdicts + revised into it - revised out of it = state. For
  `open`, promises made less all first verdicts takes the place of first verdicts.

## A worker

"""
_INTAKE: Final = """
## Intake

The metrics of `promises intake`, exported by the process that owns the partition of the feed. The counters are stored
in Kafka together with the offset up to which they count, so they survive restarts. Every outcome, type and reason
appears with the value 0 from the start; a rule or kind appears once it has been counted.

"""
_TABLE: Final = "| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n"
_GATEWAY: Final = """
## The gateway

The metrics of `promises gateway`. `feed` is the name of a feed, the path of a manual event (`promises`,
`fulfilments`), or `none` for an unknown path.

"""


def page() -> str:
    """The whole page."""
    return "".join([_HEAD, *_table(WORKER), _INTAKE, *_table(INTAKE), _GATEWAY, *_table(GATEWAY)])


def _table(metrics: Iterable[Metric]) -> Iterator[str]:
    yield _TABLE
    yield from _lines(metrics)


def _lines(metrics: Iterable[Metric]) -> Iterator[str]:
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        yield f"| `{metric.name}` | {metric.type} | {labels} | {metric.unit} | {metric.help} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
