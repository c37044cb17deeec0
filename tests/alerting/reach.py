"""Measures what alerts need: `python -m tests.alerting.reach > docs/alerts.md` (6 minutes; needs promtool).

promtool plays shops that begin to break promises, one run an objective, and says when each alert began to fire.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from streams.alerting.tiers import MAX_SHARE, TIERS, Tier
from streams.alerting.yaml_documents import decimal, percent
from tests.alerting.promtool import POLICIES, Case, rule_file, tested
from tests.alerting.timelines import DAY, Minute, Shop, at, shown, worker

OBJECTIVES: Final = (0.85, 0.9, 0.95, 0.98, 0.99)
VOLUMES: Final = ("3 a day", "30 a day", "300 an hour")

Broken = Callable[[int], bool]
"""Return whether the promise of that number is broken, once the problem has begun."""

TROUBLES: Final[dict[str, Broken]] = {
    "Everything breaks, from one moment on": lambda number: True,
    "One in three breaks, from one moment on": lambda number: number % 3 == 1,
}


class Run(NamedTuple):
    """The timing of a timeline. begins: the start of the problem. step: the evaluation interval in minutes."""

    begins: Minute
    ends: Minute
    step: Minute


FINE: Final = Run(at("2:00"), at("6:00"), 1)
COARSE: Final = Run(at("1d 00:00"), at("9d 00:00"), 20)


class Fired(NamedTuple):
    """The start of an alert: minutes since the problem began, and the promises broken since then."""

    minutes: Minute
    broken: int

    def __str__(self) -> str:
        return f"{self.broken} broken, {_length(self.minutes)}"


def _length(minutes: Minute) -> str:
    if minutes < 120:
        return f"{minutes} min"
    return f"{decimal(round(minutes / 60, 1))} h" if minutes < 2 * DAY else f"{decimal(round(minutes / DAY, 1))} d"


def shop(volume: str, breaks: Broken, run: Run) -> Shop:
    """Return a shop, named by its volume, that keeps all promises until the problem begins."""
    due = {
        "3 a day": [
            day * DAY + at(time) for day in range(-1, run.ends // DAY + 1) for time in ("9:00", "13:00", "17:00")
        ],
        "30 a day": [*range(-DAY, run.ends, 48)],
        "300 an hour": [minute for minute in range(-DAY, run.ends) for _ in range(5)],
    }[volume]
    result = Shop(volume)
    for number, minute in enumerate(minute for minute in due if minute < run.begins):
        result.due[minute].append(number >= 0)
    for number, minute in enumerate(minute for minute in due if minute >= run.begins):
        result.due[minute].append(not breaks(number))
    return result


def fired(objective: float, breaks: Broken, run: Run, folder: Path) -> dict[tuple[str, str], Fired]:
    """Return when each alert fired, by volume and alert; None if it did not."""
    shops = {volume: shop(volume, breaks, run) for volume in VOLUMES}
    text = rule_file(POLICIES.replace("0.9", decimal(objective)), locations="")
    cases = [_first(volume, tier, run) for volume in VOLUMES for tier in TIERS]
    output = tested(worker("w1", shown(shops.values(), run.ends), run.ends), cases, folder, text, run.step)
    return dict(_read(output.stderr, shops, run))


def _first(volume: str, tier: Tier, run: Run) -> Case:
    """Return the case that asks when that alert first fired. promtool expects nothing, so it prints the result."""
    series = f'ALERTS{{alertname="{tier.alert}",alertstate="firing",location="{volume}"}}'
    last = run.ends - run.step
    query = f"min_over_time(timestamp({series})[{last}m:{run.step}m])"
    return {"expr": query, "eval_time": f"{last}m", "exp_samples": []}


def _read(said: str, shops: Mapping[str, Shop], run: Run) -> Iterator[tuple[tuple[str, str], Fired]]:
    for labels, seconds in re.findall(r"got: \{(.*)\} (\S+)", said):
        result = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        moment = int(float(seconds)) // 60
        due = shops[result["location"]].due
        broken = sum(not kept for minute in due if run.begins <= minute <= moment for kept in due[minute])
        yield (result["location"], result["alertname"]), Fired(moment - run.begins, broken)


def measured(objective: float, breaks: Broken, run: Run) -> dict[tuple[str, str], Fired]:
    """Return the same as `fired`, in a temporary folder."""
    with TemporaryDirectory() as folder:
        return fired(objective, breaks, run, Path(folder))


def page() -> Iterator[str]:
    """Yield the lines of the page."""
    yield head()
    for trouble, breaks in TROUBLES.items():
        yield f"\n### {trouble}\n\n| objective | promises | {' | '.join(tier.alert for tier in TIERS)} |\n"
        yield "|---|---|" + "---|" * len(TIERS) + "\n"
        for objective in OBJECTIVES:
            coarse, fine = measured(objective, breaks, COARSE), measured(objective, breaks, FINE)
            yield from (row(objective, volume, coarse | fine) for volume in VOLUMES)


def row(objective: float, volume: str, result: Mapping[tuple[str, str], Fired]) -> str:
    """Return a row of a table."""
    cells = [str(result.get((volume, tier.alert), "never")) for tier in TIERS]
    return f"| {percent(objective)} | {volume} | {' | '.join(cells)} |\n"


def head() -> str:
    """Return the text before the tables."""
    tiers = "".join(map(_tier, TIERS))
    burns = "".join(f"| {percent(one)} | {' | '.join(_burn(tier, one) for tier in TIERS)} |\n" for one in OBJECTIVES)
    names = " | ".join(tier.alert for tier in TIERS)
    return HEAD.format(tiers=tiers, burns=burns, names=names, lines="---|" * len(TIERS), reach=percent(MAX_SHARE))


def _tier(tier: Tier) -> str:
    still = f"{tier.still}, now or in the last {tier.lately}" if tier.lately else tier.still
    numbers = f"{decimal(tier.burn)} | {decimal(tier.chance)} | {tier.floor}"
    return (
        f"| {tier.alert} | {tier.window.name} | {numbers} | {tier.pending_for} | {still} | {tier.keep_firing_for} |\n"
    )


def _burn(tier: Tier, objective: float) -> str:
    burn = tier.burns(objective)
    if burn is None:
        return "left out"
    lowered = "" if burn == tier.burn else f", for {decimal(tier.burn)}"
    return f"{percent(burn * (1 - objective))} ({decimal(round(burn, 2))} times{lowered})"


HEAD: Final = """# Alerts

Generated by `python -m tests.alerting.reach > docs/alerts.md`. The last tables are measured: promtool runs the rules
that `promises rules` generates. Each alert has a page that says what to do.

| alert | severity | meaning |
|---|---|---|
| [PromisesBurningFast](runbooks/PromisesBurningFast.md) | critical | promises are being broken far too fast, now |
| [PromisesBurningSlowly](runbooks/PromisesBurningSlowly.md) | warning | promises were broken twice too fast for a day |
| [PromisesBrokenRepeatedly](runbooks/PromisesBrokenRepeatedly.md) | warning | the week is below the objective |
| [PromisesAtRisk](runbooks/PromisesAtRisk.md) | warning | unusually many promises are about to fall due |
| [FeedStale](runbooks/FeedStale.md) | critical, warning | a feed is silent, or never sent a clock record |
| [RecordsRejected](runbooks/RecordsRejected.md) | warning, info | records cannot be read or judged |
| [ClockBehind](runbooks/ClockBehind.md) | critical | the numbers are out of date |
| [RecoveringTooLong](runbooks/RecoveringTooLong.md) | warning | a worker does not become ready |
| [WorkerAbsent](runbooks/WorkerAbsent.md) | critical, warning | no worker answers, or one is missing |

Alertmanager groups alerts by location and routes them by severity (critical: page, warning: chat, info: note). It
inhibits consequences of a worse alert: a silent feed inhibits the other alerts of its locations, the fast alert
inhibits the slower ones, and the absence of all workers inhibits the alerts that follow from it.

## Setting them up

```sh
promises rules --policies policies.toml --locations locations.toml --receivers receivers.toml --out dashboards \\
  --dashboards https://grafana.shop.example --runbooks https://wiki.shop.example/runbooks
promtool check config dashboards/prometheus/prometheus.yml
amtool check-config dashboards/alertmanager/alertmanager.yml
```

The first command writes `prometheus/rules.yml` and `alertmanager/alertmanager.yml`, for Prometheus 2.42 and
Alertmanager 0.25 or later. It reads the objectives from [policies](policies.md) and [locations](locations.md), and the
receivers from a file like [examples/receivers.toml](../examples/receivers.toml). It prints which alerts an objective
lowers or leaves out. Prometheus and Alertmanager read their files again on SIGHUP. Alerts judge promises on the
original basis by default; `--basis current` uses the last promise.

## When promises are broken too fast

A tier counts the broken promises that fell due in its window. It compares them with the number of promises that fell
due in the window, or with the number that the last week suggests for a window of that length, whichever is larger. It
fires when the count of broken promises reaches all of these:

- `burn` times the number that the objective allows. A share of {reach} is enough for any tier, because 14.4 times what
  an objective of 90 % allows would be 144 % of all promises;
- the number that chance explains: the number that the objective allows, plus `chance` times its square root;
- the floor.

The same pace must hold in the shorter window, so that the alert ends when the trouble ends.

| alert | window | burn | chance | floor | for | shorter window | keeps firing for |
|---|---|---|---|---|---|---|---|
{tiers} The resulting share of broken promises in the window:

| objective | {names} |
|---|{lines}
{burns}
## Broken promises and time until an alert fires

In these measurements, a shop that kept all its promises begins to break them. Promises fall due evenly, day and night.
The shop with three promises a day has them at 9:00, 13:00 and 17:00, and its trouble begins at midnight. Times are
measured until the alert fires: to the minute up to four hours, and to twenty minutes above.
"""


if __name__ == "__main__":
    for line in page():
        sys.stdout.write(line)
        sys.stdout.flush()
