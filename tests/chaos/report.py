"""The report of a run: the faults, their cost, the differences, and the command to repeat it."""

from __future__ import annotations

from statistics import median

from tests.chaos.run import Plan, Result


def describe(result: Result) -> str:
    """Return the report as text."""
    done = ", ".join(f"{number} x {fault}" for fault, number in result.done.items() if number) or "no faults"
    lines = [
        f"seed {result.plan.seed}: {result.events} events sent, {result.read} in the log, {result.minutes:.1f} minutes "
        f"on {result.plan.brokers} broker(s); {done}",
        f"unexpected ends of workers, by exit code: {dict(result.exits) or 'none'}",
        f"requested stops, seconds and exit code: {', '.join(f'{took:.1f} ({code})' for took, code in result.stops)}",
        f"starting a worker took {_spread(sorted(result.starts))} seconds, which the following times include",
        "longest time without progress of a partition, after a fault that struck alone, in seconds:",
        *(_gap(fault, times) for fault, times in result.gaps.items()),
        f"differences: {len(result.differences)}",
        *result.differences,
    ]
    if result.differences:
        lines.append(f"to repeat it: {command(result.plan)}")
    return "\n".join(lines)


def command(plan: Plan) -> str:
    """Return the command that repeats the run."""
    counts = plan.counts
    return (
        f"python -m tests.chaos --seed {plan.seed} --kills {counts.kills} --rebalances {counts.rebalances} "
        f"--zombies {counts.zombies} --broker-restarts {counts.broker_restarts} --cuts {counts.cuts} "
        f"--brokers {plan.brokers} --minutes {plan.minutes:g} --rate {plan.rate:g} "
        f"--patience {plan.patience:g} --haste {plan.haste:g}"
    )


def _gap(fault: str, times: list[float]) -> str:
    return f"    {fault:24} {len(times):3} times: {_spread(times)}"


def _spread(times: list[float]) -> str:
    return f"median {median(times):5.1f}, longest {times[-1]:5.1f}" if times else "nothing measured,"
