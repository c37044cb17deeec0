"""Alertmanager's configuration: receivers by severity, grouping, and inhibition."""

from __future__ import annotations

from typing import Any, Final

from streams.alerting.yaml_documents import document
from streams.config.receivers import Mail, Receivers

_PROMISES: Final = 'alertname=~"Promises.+"'

_NO_WORKER: Final = ['alertname="WorkerAbsent"', 'severity="critical"']

INHIBITIONS: Final[tuple[tuple[list[str], list[str], list[str]], ...]] = (
    # The events of a location with a silent feed are unknown: a promise that seems broken may be kept.
    (['alertname="FeedStale"', 'severity="critical"'], [_PROMISES], ["location"]),
    # A page about the last hour makes alerts about the day, the week and promises at risk superfluous.
    (
        ['alertname="PromisesBurningFast"'],
        ['alertname=~"PromisesBurningSlowly|PromisesBrokenRepeatedly|PromisesAtRisk"'],
        ["location", "kind"],
    ),
    (['alertname="PromisesBurningSlowly"'], ['alertname="PromisesBrokenRepeatedly"'], ["location", "kind"]),
    # Old numbers are good enough for a page, but not for warnings.
    (['alertname="ClockBehind"'], [_PROMISES, 'severity=~"warning|info"'], []),
    # Without any worker, these alerts are consequences of that.
    (_NO_WORKER, ['alertname=~"ClockBehind|RecoveringTooLong|FeedStale"'], []),
    (_NO_WORKER, ['alertname="WorkerAbsent"', 'severity="warning"'], []),
    (['alertname="RecordsRejected"', 'severity="warning"'], ['severity="info"'], ["alertname", "reason"]),
)
"""Matchers of the inhibiting alert, matchers of the inhibited ones, and the labels that must be equal in both."""


def routes_as_yaml(receivers: Receivers, comment: str) -> str:
    """Return the configuration as a file that begins with a comment."""
    return document(routes(receivers), comment)


def routes(receivers: Receivers) -> dict[str, Any]:
    """Return the configuration, for Alertmanager 0.25 and later."""
    by_severity = _receivers(receivers)
    return {
        **_global(receivers),
        "route": _root(receivers),
        "inhibit_rules": [
            {"source_matchers": source, "target_matchers": target, **({"equal": equal} if equal else {})}
            for source, target, equal in INHIBITIONS
        ],
        "receivers": [{"name": name, **channels} for name, channels in by_severity.items()],
    }


def _global(receivers: Receivers) -> dict[str, Any]:
    mail = _smtp(receivers.mail, receivers) if receivers.mail else {}
    slack = {"slack_api_url_file": receivers.secret("slack_url")} if receivers.slack else {}
    return {"global": {**mail, **slack}} if mail or slack else {}


def _smtp(mail: Mail, receivers: Receivers) -> dict[str, Any]:
    password = receivers.secret("smtp_password")
    login = {"smtp_auth_username": mail.username, "smtp_auth_password_file": password} if mail.username else {}
    return {"smtp_smarthost": mail.smarthost, "smtp_from": mail.sender, **login}


def _root(receivers: Receivers) -> dict[str, Any]:
    """Return the routing tree: one notification per location, and one per silent feed for all its locations."""
    by_severity = [
        _route("page", 'severity="critical"', group_wait="10s", repeat_interval="1h"),
        _route("chat", 'severity="warning"', repeat_interval="24h"),
        {"receiver": "note", "repeat_interval": "24h"},
    ]
    feeds = {"matchers": ['alertname="FeedStale"'], "group_by": ["alertname", "feed"], "routes": by_severity}
    everything = [{"receiver": "webhook", "continue": True}] if receivers.webhook else []
    return {
        "receiver": "note",
        "group_by": ["location"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
        "routes": [*everything, feeds, *by_severity],
    }


def _route(receiver: str, matcher: str, **timing: str) -> dict[str, Any]:
    return {"matchers": [matcher], "receiver": receiver, **timing}


def _receivers(receivers: Receivers) -> dict[str, dict[str, Any]]:
    """Return the channels of each severity: the suitable ones, or else another that is configured."""
    mail, slack, pager = _mail(receivers), _slack(receivers), _pagerduty(receivers)
    webhook = {"webhook": _webhook(receivers)} if receivers.webhook else {}
    return {"page": pager | slack or mail, "chat": slack or mail, "note": mail or slack, **webhook}


def _mail(receivers: Receivers) -> dict[str, Any]:
    return {"email_configs": [{"to": receivers.mail.to, "send_resolved": True}]} if receivers.mail else {}


def _slack(receivers: Receivers) -> dict[str, Any]:
    if not receivers.slack:
        return {}
    text = (
        '{{ range .Alerts }}{{ if eq .Status "resolved" }}resolved: {{ end }}{{ .Annotations.description }} '
        "<{{ .Annotations.dashboard }}|dashboard> <{{ .Annotations.runbook_url }}|runbook>\n{{ end }}"
    )
    return {"slack_configs": [{"channel": receivers.slack, "text": text, "send_resolved": True}]}


def _pagerduty(receivers: Receivers) -> dict[str, Any]:
    if not receivers.pagerduty:
        return {}
    return {"pagerduty_configs": [{"routing_key_file": receivers.secret("pagerduty_key"), "send_resolved": True}]}


def _webhook(receivers: Receivers) -> dict[str, Any]:
    credentials = {"authorization": {"credentials_file": receivers.secret("webhook_token")}}
    return {"webhook_configs": [{"url": receivers.webhook, "send_resolved": True, "http_config": credentials}]}
