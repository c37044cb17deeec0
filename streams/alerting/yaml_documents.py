"""Documents of Prometheus and Alertmanager as readable YAML."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any, Final, NamedTuple

import yaml

_WIDTH: Final = 110
_MAX_INLINE: Final = 80
"""The maximum length of a text that is written on the line of its key."""


class RecordingRule(NamedTuple):
    """A recording rule: the series `record` is the result of `expr`. labels: set on each of its series."""

    record: str
    expr: str
    labels: dict[str, str] | None = None

    def as_yaml(self) -> dict[str, Any]:
        """Return the object of a rule file."""
        labels = {"labels": self.labels} if self.labels else {}
        return {"record": self.record, "expr": PromQL(self.expr), **labels}


class AlertingRule(NamedTuple):
    """An alerting rule.

    pending_for: how long `expr` must be true before the alert fires. keep_firing_for: how long it fires after `expr`
    was true.
    """

    alert: str
    expr: str
    pending_for: str
    keep_firing_for: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def as_yaml(self) -> dict[str, Any]:
        """Return the object of a rule file."""
        return {
            "alert": self.alert,
            "expr": PromQL(self.expr),
            "for": self.pending_for,
            "keep_firing_for": self.keep_firing_for,
            "labels": self.labels,
            "annotations": self.annotations,
        }


class RuleGroup(NamedTuple):
    """Rules that are evaluated one after the other. interval: how often; empty for Prometheus' default."""

    name: str
    rules: Sequence[RecordingRule | AlertingRule]
    interval: str = ""

    def as_yaml(self) -> dict[str, Any]:
        """Return the object of a rule file."""
        interval = {"interval": self.interval} if self.interval else {}
        return {"name": self.name, **interval, "rules": [rule.as_yaml() for rule in self.rules]}


class PromQL(str):
    """A PromQL expression, whose layout is preserved."""


def document(content: dict[str, Any], comment: str) -> str:
    """Return `content` as YAML that begins with a comment of one paragraph."""
    lines = wrap(comment, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return "\n".join(lines) + f"\n\n{body}"


def decimal(value: float) -> str:
    """Return a number without an exponent and without the noise of binary fractions."""
    return f"{Decimal(format(value, '.12g')).normalize():f}"


def percent(share: float) -> str:
    """Return a share in percent, with three digits at most."""
    return f"{decimal(float(format(share * 100, '.3g')))} %"


class _Dumper(yaml.SafeDumper):
    """Writes lists indented under their key, expressions as blocks, long texts folded, and no references."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _expression(dumper: yaml.SafeDumper, expr: PromQL) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(expr), style="|" if len(expr) > _MAX_INLINE else None)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    folded = ">" if len(text) > _MAX_INLINE else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else folded)


_Dumper.add_representer(PromQL, _expression)
_Dumper.add_representer(str, _text)
