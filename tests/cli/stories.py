"""The events of a morning in two coffee shops, on 6 March 2026, UTC."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

_numbers = count(1)
Event = dict[str, Any]


def at(time: str) -> str:
    """Return `12:40` or `12:40:30` of that day as events write it."""
    return f"2026-03-06T{time}{'Z' if time.count(':') == 2 else ':00Z'}"


def shown(time: str) -> str:
    """Return `12:40` or `12:40:30` of that day as the commands write it."""
    return at(time).replace("Z", ".000Z")


def event(tag: str, case: str, time: str, **fields: Any) -> Event:
    return {"type": tag, "id": f"pos-{next(_numbers)}", "case": case, "occurred_at": at(time)} | fields


def promised(case: str, time: str, due: str, kind: str = "ready", **fields: Any) -> Event:
    return event("promises_made", case, time, promises=[{"kind": kind, "due": at(due)}], **fields)


def ready(case: str, time: str, **fields: Any) -> Event:
    return event("step_reached", case, time, step="ready", **fields)


def cancelled(case: str, time: str, by: str = "customer") -> Event:
    return event("cancelled", case, time, by=by)


def amended(case: str, time: str, due: str, by: str = "us") -> Event:
    return event("promise_amended", case, time, kind="ready", due=at(due), by=by)


def text(*events: Event | str) -> bytes:
    """Return the events as NDJSON; a str is a line as it is."""
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in events).encode()


def written(file: Path, *events: Event | str) -> Path:
    file.write_bytes(text(*events))
    return file


def morning() -> list[Event]:
    """Return the events. Soho: kept, late, undelivered. Camden: kept, cancelled. One has no location."""
    soho, camden = {"location": "soho"}, {"location": "camden"}
    return [
        promised("s1", "12:00", "12:10", **soho),
        ready("s1", "12:08", staff={"id": "ada"}),
        promised("s2", "12:01", "12:11", **soho),
        ready("s2", "12:12:01", staff={"id": "ben"}),
        promised("s3", "12:02", "12:12", **soho),
        promised("c1", "12:00", "12:10", **camden),
        ready("c1", "12:10", staff={"id": "ada"}),
        promised("c2", "12:03", "12:13", **camden),
        cancelled("c2", "12:04"),
        promised("x1", "12:05", "12:30"),
        event("promises_made", "walk-in", "12:06", promises=[]),
        ready("walk-in", "12:20"),
    ]
