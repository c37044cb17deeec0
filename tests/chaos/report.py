"""A result in words: what was done, what it cost, what differs, and how to see it again."""

from __future__ import annotations

from statistics import median

from tests.chaos.run import Plan, Result


def told(result: Result) -> str:
    """All that a reader of a failure, or of a success, wants to know."""
    done = ", ".join(f"{number} x {fault}" for fault, number in result.done.items() if number) or "no faults"
    lines = [
        f"seed {result.plan.seed}: {result.events} events sent, {result.read} in the log, {result.minutes:.1f} minutes "
        f"on {result.plan.brokers} broker(s); {done}",
        f"workers that ended by themselves, by exit code: {dict(result.exits) or 'none'}",
        f"gentle stops, seconds and exit code: {', '.join(f'{took:.1f} ({code})' for took, code in result.stops)}",
        f"starting a worker took {_spread(sorted(result.starts))} seconds, which is part of what follows",
        "longest time that a partition stood still after a fault that came alone, in seconds:",
        *(_gap(what, times) for what, times in result.gaps.items()),
        f"differences: {len(result.differences)}",
        *result.differences,
    ]
    if result.differences:
        lines.append(f"to see it again: {command(result.plan)}")
    return "\n".join(lines)


def command(plan: Plan) -> str:
    """What makes the same run again."""
    counts = plan.counts
    return (
        f"python -m tests.chaos --seed {plan.seed} --kills {counts.kills} --rebalances {counts.rebalances} "
        f"--zombies {counts.zombies} --broker-restarts {counts.broker_restarts} --cuts {counts.cuts} "
        f"--brokers {plan.brokers} --minutes {plan.minutes:g} --rate {plan.rate:g} "
        f"--patience {plan.patience:g} --haste {plan.haste:g}"
    )


def _gap(what: str, times: list[float]) -> str:
    return f"    {what:24} {len(times):3} times: {_spread(times)}"


def _spread(times: list[float]) -> str:
    return f"median {median(times):5.1f}, longest {times[-1]:5.1f}" if times else "nothing that was measured,"
