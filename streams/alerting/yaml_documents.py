"""Documents of Prometheus and Alertmanager as text: YAML that people like to read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any, Final, NamedTuple

import yaml

_WIDTH: Final = 110
_SHORT: Final = 80
"""What fits into a line after its key."""


class RecordingRule(NamedTuple):
    """A recording rule: the series `record` is what `expr` gives. labels: set on each of its series."""

    record: str
    expr: str
    labels: dict[str, str] | None = None

    def as_yaml(self) -> dict[str, Any]:
        """As a rule file has it."""
        labels = {"labels": self.labels} if self.labels else {}
        return {"record": self.record, "expr": PromQL(self.expr), **labels}


class AlertingRule(NamedTuple):
    """An alerting rule. held: how long `expr` must hold first. kept: for how long it goes on after `expr` ended."""

    alert: str
    expr: str
    held: str
    kept: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def as_yaml(self) -> dict[str, Any]:
        """As a rule file has it."""
        return {
            "alert": self.alert,
            "expr": PromQL(self.expr),
            "for": self.held,
            "keep_firing_for": self.kept,
            "labels": self.labels,
            "annotations": self.annotations,
        }


class RuleGroup(NamedTuple):
    """Rules that are evaluated one after the other. interval: how often; empty for as often as Prometheus does."""

    name: str
    rules: Sequence[RecordingRule | AlertingRule]
    interval: str = ""

    def as_yaml(self) -> dict[str, Any]:
        """As a rule file has it."""
        interval = {"interval": self.interval} if self.interval else {}
        return {"name": self.name, **interval, "rules": [rule.as_yaml() for rule in self.rules]}


class PromQL(str):
    """PromQL, which stays as it was laid out."""


def document(content: dict[str, Any], head: str) -> str:
    """`content` as YAML under a comment. head: one paragraph."""
    comment = "\n".join(wrap(head, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False))
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return f"{comment}\n\n{body}"


def decimal(value: float) -> str:
    """A number as a person wrote it: no exponent, and none of the noise of binary fractions."""
    return f"{Decimal(format(value, '.12g')).normalize():f}"


def percent(share: float) -> str:
    """A share in percent, to three digits at most."""
    return f"{decimal(float(format(share * 100, '.3g')))} %"


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, expressions as blocks, long texts folded, and no references."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _expression(dumper: yaml.SafeDumper, expr: PromQL) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(expr), style="|" if len(expr) > _SHORT else None)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    folded = ">" if len(text) > _SHORT else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else folded)


_Dumper.add_representer(PromQL, _expression)
_Dumper.add_representer(str, _text)
