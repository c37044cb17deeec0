"""The receivers of alerts, from TOML: mail, Slack, PagerDuty and a webhook. Secrets are in files of their own."""

from __future__ import annotations

from typing import Final, NamedTuple, Self

from streams.config.toml import ConfigError, TableReader, parse_toml

_KEYS: Final = {
    "mail": {"to", "from", "smarthost", "username"},
    "slack": {"channel"},
    "pagerduty": set[str](),
    "webhook": {"url"},
}


class ReceiversError(ConfigError):
    """A file of receivers that cannot be used. The message names the file, the key and the remedy."""


class Mail(NamedTuple):
    """Mail by SMTP. smarthost: host and port. username: empty if the server needs no login."""

    to: str
    sender: str
    smarthost: str
    username: str = ""


class Receivers(NamedTuple):
    """All receivers of alerts.

    slack: the channel. webhook: the URL. Both are empty if there is no such receiver.
    secrets: the folder of the files smtp_password, slack_url, pagerduty_key and webhook_token, as Alertmanager sees it.
    """

    mail: Mail | None = None
    slack: str = ""
    pagerduty: bool = False
    webhook: str = ""
    secrets: str = "/etc/alertmanager/secrets"

    def secret(self, name: str) -> str:
        """Return the path of the file that holds a secret."""
        return f"{self.secrets.rstrip('/')}/{name}"


def parse_receivers(text: str, source: str) -> Receivers:
    """Return the receivers in `text`; `source` names the file in errors. Raises ReceiversError."""
    document = _ReceiverReader(parse_toml(text, source, ReceiversError), source)
    document.check_keys({*_KEYS, "secrets"})
    mail, slack, pagerduty, webhook = (document.receiver(name, known) for name, known in _KEYS.items())
    return Receivers(
        mail=mail.mail() if mail else None,
        slack=slack.text("channel", example="#promises") if slack else "",
        pagerduty=pagerduty is not None,
        webhook=webhook.url() if webhook else "",
        secrets=document.text("secrets", Receivers().secrets, example=Receivers().secrets),
    )


class _ReceiverReader(TableReader):
    """Reads the file, or the table of one receiver."""

    error_type = ReceiversError

    def receiver(self, name: str, known: set[str]) -> Self | None:
        """Return a reader for the table of a receiver; None if there is no such table."""
        if name not in self.table:
            return None
        return type(self)(self.subtable(name, known), f"{self.label}: {name}")

    def mail(self) -> Mail:
        return Mail(
            to=self.text("to", example="operations@shop.example"),
            sender=self.text("from", example="promises@shop.example"),
            smarthost=self.text("smarthost", example="mail.shop.example:587"),
            username=self.optional_text("username", example="promises"),
        )

    def url(self) -> str:
        url = self.text("url", example="https://shop.example/alerts")
        if not url.startswith(("http://", "https://")):
            raise self.error("url", "write an address that begins with http:// or https://")
        return url
