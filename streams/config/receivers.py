"""Who is told of alerts, from TOML: by mail, in Slack, through PagerDuty, by webhook. Secrets have their own files."""

from __future__ import annotations

import tomllib
from typing import Any, Final, NamedTuple

from streams.config.toml import ConfigError, Table

_KEYS: Final = {
    "mail": {"to", "from", "smarthost", "username"},
    "slack": {"channel"},
    "pagerduty": set[str](),
    "webhook": {"url"},
}


class ReceiversError(ConfigError):
    """A file of receivers that cannot be used; the message names file, key and remedy."""


class Mail(NamedTuple):
    """Mail by SMTP. smarthost: host and port. username: empty where the server wants no login."""

    to: str
    sender: str
    smarthost: str
    username: str = ""


class Receivers(NamedTuple):
    """Everybody who is told. slack: the channel; webhook: the address; empty where there is none.

    secrets: the folder, as Alertmanager sees it, of the files smtp_password, slack_url, pagerduty_key, webhook_token.
    """

    mail: Mail | None = None
    slack: str = ""
    pagerduty: bool = False
    webhook: str = ""
    secrets: str = "/etc/alertmanager/secrets"

    def secret(self, name: str) -> str:
        """The file of a secret."""
        return f"{self.secrets.rstrip('/')}/{name}"


def parse_receivers(text: str, source: str) -> Receivers:
    """The receivers in `text`; `source` names the file in errors. Raises ReceiversError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ReceiversError(f"{source}: not TOML: {error}") from None
    top = _Reader(document, source)
    top.only({*_KEYS, "secrets"})
    mail, slack, pagerduty, webhook = (top.receiver(name, known) for name, known in _KEYS.items())
    return Receivers(
        mail.mail() if mail else None,
        slack.text("channel", example="#promises") if slack else "",
        pagerduty is not None,
        webhook.url() if webhook else "",
        top.text("secrets", Receivers().secrets, example=Receivers().secrets),
    )


class _Reader(Table):
    """The file, or one table of it."""

    error = ReceiversError

    def receiver(self, name: str, known: set[str]) -> _Reader | None:
        """The table of a receiver; None where there is none."""
        if name not in self.table:
            return None
        table: dict[str, Any] = self.inner(name, known)
        return _Reader(table, f"{self.where}: {name}")

    def mail(self) -> Mail:
        return Mail(
            self.text("to", example="operations@shop.example"),
            self.text("from", example="promises@shop.example"),
            self.text("smarthost", example="mail.shop.example:587"),
            self.text("username", example="promises") if "username" in self.table else "",
        )

    def url(self) -> str:
        url = self.text("url", example="https://shop.example/alerts")
        if not url.startswith(("http://", "https://")):
            raise self.wrong("url", "write an address that begins with http:// or https://")
        return url
