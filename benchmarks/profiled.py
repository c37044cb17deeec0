"""`promises` under cProfile, by the CPU time of its main thread: neither waiting nor other processes count.

Arguments: the file for the profile, then those of `promises`.
"""

from __future__ import annotations

import cProfile
import sys
import time

from streams.cli import main


def profiled(stats: str, *arguments: str) -> None:
    """Run the command; the profile is there when it has ended, by SIGTERM too."""
    sys.argv[1:] = arguments
    profile = cProfile.Profile(time.thread_time)
    try:
        profile.runcall(main)
    finally:
        profile.dump_stats(stats)


if __name__ == "__main__":
    profiled(*sys.argv[1:])
