"""Quix Streams on the same job, as closely as it can do it: state per case, counts, one verdict per order.

Arguments: the Kafka, how many events to count, at-least-once or exactly-once, a directory for its state. What it
leaves out: deadlines (its state has no timers, so silence is never noticed), duplicates, late events and corrections,
alerts, windows, staff. The counts are of this process alone: its state is one a key.
"""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from quixstreams import Application

from benchmarks.peers.progress import Progress

GRACE = timedelta(seconds=30)


class Judge:
    """Judges an order when it is ready; all that it knows of an order is in `state`."""

    def __init__(self, progress: Progress) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._progress = progress

    def __call__(self, event: dict[str, Any], state: Any) -> dict[str, Any] | None:
        """Take an event of the order that `state` belongs to; its verdict, if this decides it."""
        order = state.get("order") or {"steps": []}
        verdict = self._take(event, order)
        state.set("order", order)
        self._progress.count()
        return verdict

    def _take(self, event: dict[str, Any], order: dict[str, Any]) -> dict[str, Any] | None:
        if event["type"] == "promises_made":
            promise = event["promises"][0]
            order.update(kind=promise["kind"], due=promise["due"], made=event["occurred_at"])
            return None
        order["steps"].append((event["id"], event["step"], event["occurred_at"]))
        return self._verdict(event, order) if event["step"] == order["kind"] else None

    def _verdict(self, event: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
        lateness = datetime.fromisoformat(event["occurred_at"]) - datetime.fromisoformat(order["due"])
        verdict = "kept" if lateness <= GRACE else "broken"
        self.counts[event["location"], order["kind"], verdict] += 1
        return {
            "case": event["case"],
            "kind": order["kind"],
            "location": event["location"],
            "staff": event["staff"]["id"],
            "verdict": verdict,
            "due": order["due"],
            "lateness_seconds": lateness.total_seconds(),
        }


def main(bootstrap: str, limit: str, guarantee: Any, directory: str) -> None:
    """Judge until ended."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{guarantee}",
        auto_offset_reset="earliest",
        processing_guarantee=guarantee,
        state_dir=directory,
        loglevel="WARNING",
    )
    verdicts = app.dataframe(app.topic("promise.events")).apply(Judge(Progress(int(limit))), stateful=True)
    verdicts.filter(lambda verdict: verdict is not None).to_topic(app.topic("quix.verdicts"))
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
