"""Alerts on promises: broken too fast, broken too often, and at risk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.words import Basis
from streams.alerting.annotations import COUNT, NAME, OBJECTIVE_SHARE, Links, due_in
from streams.alerting.recording_rules import AT_RISK, AT_RISK_USUALLY, BROKEN, THRESHOLD
from streams.alerting.tiers import TIERS, Tier
from streams.alerting.yaml_documents import AlertingRule, RuleGroup

_ON: Final = "on (location, kind)"  # PromQL's vector matching

_SUMMARIES: Final = {
    "PromisesBurningFast": "Promises are being broken far faster than the objective allows.",
    "PromisesBurningSlowly": "Promises were broken twice as fast as the objective allows for a day.",
    "PromisesBrokenRepeatedly": "More promises were broken in a week than the objective allows.",
}
_SINCE: Final = {"1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days"}

SURGE_FLOOR: Final = 5
SURGE: Final = 2
"""A surge: at least this number of promises at risk, and more than this multiple of the usual number."""


def alerts(basis: Basis, links: Links) -> RuleGroup:
    """Return the alerts of the tiers, and the alert on a surge of promises at risk."""
    return RuleGroup("promises-alerts", [*_tiers(basis, links), _at_risk(basis, links)])


def _tiers(basis: Basis, links: Links) -> Iterator[AlertingRule]:
    for tier in TIERS:
        text = (
            f"{NAME} broke {COUNT} of {due_in(basis, tier.window.name)} promises of kind {{{{ $labels.kind }}}} that "
            f"fell due in {_SINCE[tier.window.name]}; {OBJECTIVE_SHARE} are to be kept."
        )
        yield AlertingRule(
            alert=tier.alert,
            expr=_burn_expression(tier, basis),
            pending_for=tier.pending_for,
            keep_firing_for=tier.keep_firing_for,
            labels={"severity": tier.severity},
            annotations=_annotations(tier.alert, _SUMMARIES[tier.alert], text, basis, links),
        )


def _burn_expression(tier: Tier, basis: Basis) -> str:
    threshold = f'{THRESHOLD}{{window="{tier.window.name}"}}'
    still = _broken(basis, tier.still)
    lately = f"max_over_time({still}[{tier.lately}])" if tier.lately else still
    return (
        f"  {_by_kind(_broken(basis, tier.window.name))}\n>= {_ON}\n  {threshold}\n"
        f"and {_ON}\n  {_by_kind(lately)}\n>= {_ON}\n  {threshold} / {tier.part}  # and it still does\n"
    )


def _at_risk(basis: Basis, links: Links) -> AlertingRule:
    name = "PromisesAtRisk"
    text = (
        f"{NAME} has {COUNT} open promises of kind {{{{ $labels.kind }}}} that are about to fall due, more than "
        f"{SURGE} times the usual number. If they break, PromisesBurningFast follows."
    )
    summary = "So many promises are at risk that the objective is in danger."
    return AlertingRule(
        alert=name,
        expr=_surge_expression(basis),
        pending_for="1m",
        keep_firing_for="2m",
        labels={"severity": "warning"},
        annotations=_annotations(name, summary, text, basis, links),
    )


def _surge_expression(basis: Basis) -> str:
    return (
        f"  {AT_RISK} >= {SURGE_FLOOR}\nand\n  {AT_RISK} > {SURGE} * {AT_RISK_USUALLY}\n"
        f"and {_ON}\n  {AT_RISK} + {_ON} {_by_kind(_broken(basis, '1h'))}\n"
        f'>= {_ON}\n  {THRESHOLD}{{window="1h"}}  # if these break, the page alert fires\n'
    )


def _broken(basis: Basis, window: str) -> str:
    return f'{BROKEN}{{basis="{basis}",window="{window}"}}'


def _by_kind(series: str) -> str:
    return f"sum by (location, kind) ({series})"


def _annotations(alert: str, summary: str, text: str, basis: Basis, links: Links) -> dict[str, str]:
    return {
        "summary": summary,
        "description": text,
        "dashboard": links.of_location(basis, with_kind=True),
        "runbook_url": links.of_runbook(alert),
    }
