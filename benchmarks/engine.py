"""`make bench`: the whole engine on a real Kafka, and others on the same job.

Parts, all when none is named: contest, deadlines, recovery, growth, scrape, alarms, intake, gateway; and `profile`,
only when named.
What is printed can go into docs/benchmarks.md as it is.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.alarms import alarms
from benchmarks.contest import contest
from benchmarks.gateway import gateway
from benchmarks.growth import growth
from benchmarks.intake import intake
from benchmarks.lateness import deadlines
from benchmarks.processes import Failed
from benchmarks.profiling import profile
from benchmarks.scraping import scrape
from benchmarks.sizes import Sizes
from benchmarks.standing import recovery

Part = Callable[[Sizes, Path], Iterator[str]]
USUAL: dict[str, Part] = {
    "contest": contest,
    "deadlines": deadlines,
    "recovery": recovery,
    "growth": growth,
    "scrape": scrape,
    "alarms": alarms,
    "intake": intake,
    "gateway": gateway,
}
PARTS: dict[str, Part] = USUAL | {"profile": profile}


def main() -> int:
    """Run the parts that were named; 1 if one of them failed."""
    asked = _arguments()
    sizes = Sizes(asked.events, asked.open)
    print(_machine(), flush=True)
    return max([_run(name, sizes) for name in asked.parts or USUAL])


def _run(name: str, sizes: Sizes) -> int:
    print(f"\n## {name}\n", flush=True)
    began = time.monotonic()
    try:
        with TemporaryDirectory(prefix="promises-bench-") as scratch:
            for text in PARTS[name](sizes, Path(scratch)):
                print(text, flush=True)
    except Failed as failed:
        print(f"failed: {failed}", flush=True)
        return 1
    finally:
        gc.collect()
        took = time.monotonic() - began
        print(f"\n({took:.0f} s; load of the machine at the end {os.getloadavg()[0]:.1f})", flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--events", type=int, default=Sizes().events, help="of the contest (default %(default)s)")
    parser.add_argument("--open", type=int, default=Sizes().open, help="promises held open (default %(default)s)")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return asked


def _machine() -> str:
    """Return the machine and the time of the measurement."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, "
        f"load {os.getloadavg()[0]:.1f} at the start; client, broker and worker share the machine"
    )


if __name__ == "__main__":
    sys.exit(main())
