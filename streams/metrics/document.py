"""The catalogue as a page: `python -m streams.metrics.document > docs/metrics.md`. A test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from streams.metrics.catalogue import GATEWAY, INTAKE, WORKER, Metric
from streams.metrics.exposition import NOBODY
from streams.state.rows import LATENESS_BOUNDS
from streams.state.windows import WIDTHS

_HEAD: Final = f"""# Metrics

What a worker and intake serve at `/metrics`, made from `streams/metrics/catalogue.py`. Everything can be added up over
workers and partitions; rates are left to whoever reads them: divide last, and never average ratios.

- `basis` is `original` (the first promise) or `current` (the last one). Choose one: each counts every promise.
- `location` or `staff` is `{NOBODY}` where no event named one.
- `window` is one of {", ".join(f"`{name}`" for name in WIDTHS)}, by due time, in whole minutes up to the clock's.
- The bounds of the histogram are {", ".join(map(str, LATENESS_BOUNDS))} seconds.
- A counter is there at 0 from the moment at which the first promise of its location and kind is made.
- A partition counts only at the worker that owns it, from when it has read it to the end.
- For every location, kind, basis and verdict: first verdicts + revised into it - revised out of it = state. For `open`,
  what counts as first is promises made less all first verdicts.

## A worker

"""
_INTAKE: Final = """
## Intake

What `promises intake` serves, from the member that owns the partition of the feed. The counters are kept in Kafka with
the offset that they go to, so they survive restarts. Every outcome, type and reason is there at 0 from the start, a
rule or kind once it was counted.

"""
_TABLE: Final = "| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n"
_GATEWAY: Final = """
## The gateway

What `promises gateway` serves. `feed` is the name of a feed, or the path of what is posted by hand (`promises`,
`fulfilments`), or `none` for a path that is nobody's.

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
