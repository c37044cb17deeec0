"""The catalogue as Markdown: `python -m streams.metrics.document > docs/metrics.md`. A test compares the two."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from streams.metrics.catalogue import GATEWAY, INTAKE, WORKER, Metric
from streams.metrics.exposition import UNATTRIBUTED
from streams.state.rows import LATENESS_BOUNDS
from streams.state.windows import WIDTHS

_WORKER: Final = f"""# Metrics

The metrics that a worker, intake and the gateway serve at `/metrics`, generated from `streams/metrics/catalogue.py`.
All of them can be added up over workers and partitions. Rates are left to the query: add up first, then divide, and
never average ratios.

- `basis` is `original` (the first promise) or `current` (the last one). Choose one of them: each counts every promise.
- `location` or `staff` is `{UNATTRIBUTED}` if no event named one.
- `window` is one of {", ".join(f"`{name}`" for name in WIDTHS)}: whole minutes of due time, up to the watermark.
- The bounds of the lateness histogram are {", ".join(map(str, LATENESS_BOUNDS))} seconds.
- The series of a location and kind start at 0 when the first promise there is made.
- Only the worker that owns a partition counts it, from the end of its recovery on.
- For every location, kind, basis and verdict: first verdicts + revised into it - revised out of it = state. For `open`,
  the first verdicts are the promises made minus the first verdicts of the row.

## Worker

"""
_INTAKE: Final = """
## Intake

The metrics of `promises intake`, from the process that owns the partition of the feed. Kafka stores the counters
together with the offset that they reach, so they survive restarts. Every outcome, type and reason starts at 0; a rule
or kind appears when it is first counted.

"""
_GATEWAY: Final = """
## Gateway

The metrics of `promises gateway`. `feed` is the name of a feed, or the path of manual entries (`promises`,
`fulfilments`), or `none` for an unknown path.

"""
_TABLE: Final = "| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n"


def page() -> str:
    """Return the whole page."""
    return "".join([_WORKER, *_table(WORKER), _INTAKE, *_table(INTAKE), _GATEWAY, *_table(GATEWAY)])


def _table(metrics: Iterable[Metric]) -> Iterator[str]:
    yield _TABLE
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        yield f"| `{metric.name}` | {metric.type} | {labels} | {metric.unit} | {metric.help} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
