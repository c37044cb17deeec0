"""How every client of ours reaches Kafka: where it is, whom we trust, and who we are.

Whatever makes a client takes its arguments from a Connection. Where Kafka is secured, a TOML file says how:

    [tls]                          # the connection is encrypted
    ca = "ca.pem"                  # who signed the brokers' certificates; left out: whom this machine trusts
    certificate = "client.pem"     # our own certificate, where the brokers ask for one
    key = "client.key"             # its key; left out: it is in the file of the certificate

    [sasl]                         # we log in
    mechanism = "SCRAM-SHA-512"    # or SCRAM-SHA-256, PLAIN
    username = "promises"
    password_file = "password"     # left out: the password is in the environment, as PROMISES_KAFKA_PASSWORD

A path is one from the folder of that file. A password is in no text that is made here.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

PASSWORD: Final = "PROMISES_KAFKA_PASSWORD"
"""The environment variable with the password, where the file names no password_file."""

_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,/]+):\d{1,5}")


class KafkaFailed(Exception):
    """Kafka refused or was not reached; the message says what, where and what to do."""


class KafkaConfigError(ValueError):
    """What was said of the connection cannot be used; the message names file, key and remedy, and no password."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user of Kafka, who shows by a password who it is (SASL)."""

    mechanism: Mechanism
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a Kafka. bootstrap: HOST:PORT[,HOST:PORT]. tls: whom we trust, and our own certificate if we have
    one; None: not encrypted. login: None where the brokers ask for none, or go by our certificate.
    """

    bootstrap: str
    tls: ssl.SSLContext | None = None
    login: Login | None = None

    @property
    def protocol(self) -> Protocol:
        """As Kafka calls it (security.protocol)."""
        if self.login is not None:
            return "SASL_SSL" if self.tls is not None else "SASL_PLAINTEXT"
        return "SSL" if self.tls is not None else "PLAINTEXT"

    @property
    def who(self) -> str:
        """Who we are to the brokers, in words."""
        if self.login is not None:
            return f"user {self.login.username}"
        return "the owner of our certificate" if self.tls is not None else "who does not log in"

    def for_kafka_python(self) -> dict[str, Any]:
        """The keyword arguments of kafka-python's clients, with bootstrap_servers."""
        return self._arguments()

    def for_aiokafka(self) -> dict[str, Any]:
        """The keyword arguments of aiokafka's clients, with bootstrap_servers."""
        return self._arguments()

    def for_faust(self) -> dict[str, Any]:
        """The keyword arguments of a Faust app: its broker, and credentials where Kafka is secured."""
        from faust import auth  # takes half a second to import; only a worker waits for it

        broker = {"broker": [f"kafka://{address}" for address in self.bootstrap.split(",")]}
        if self.login is not None:
            credentials = auth.SASLCredentials(
                username=self.login.username,
                password=self.login.password,
                mechanism=self.login.mechanism,
                ssl_context=self.tls,
            )
            return broker | {"broker_credentials": credentials}
        return broker | ({"broker_credentials": auth.SSLCredentials(self.tls)} if self.tls is not None else {})

    def _arguments(self) -> dict[str, Any]:
        said: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.protocol}
        if self.tls is not None:
            said["ssl_context"] = self.tls
        if self.login is not None:
            said["sasl_mechanism"] = self.login.mechanism
            said["sasl_plain_username"] = self.login.username
            said["sasl_plain_password"] = self.login.password
        return said


def read_connection(bootstrap: str, config: Path | None) -> Connection:
    """The connection to the Kafka at `bootstrap`, secured as the file `config` says. Raises KafkaConfigError."""
    if not all(_ADDRESS.fullmatch(address) for address in bootstrap.split(",")):
        raise KafkaConfigError(f"--bootstrap {bootstrap!r} is no HOST:PORT[,HOST:PORT], such as kafka-1:9092")
    if config is None:
        return Connection(bootstrap)
    said = _decoded(config)
    tls = _context(said.tls, config) if said.tls is not None else None
    login = _login(said.sasl, config) if said.sasl is not None else None
    if tls is None and login is None:
        raise KafkaConfigError(f"{config}: says nothing of the connection; write [tls] or [sasl], or leave it out")
    return Connection(bootstrap, tls, login)


_KEYS: Final = (
    "tls.ca, tls.certificate, tls.key, sasl.mechanism (SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN), sasl.username and "
    "sasl.password_file"
)


class _Tls(msgspec.Struct, forbid_unknown_fields=True):
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


class _Sasl(msgspec.Struct, forbid_unknown_fields=True):
    mechanism: Mechanism
    username: str
    password_file: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    tls: _Tls | None = None
    sasl: _Sasl | None = None


def _decoded(config: Path) -> _File:
    try:
        return msgspec.toml.decode(_text(config, f"{config}:"), type=_File)
    except msgspec.DecodeError as error:
        raise KafkaConfigError(f"{config}: {error}; what can be said is {_KEYS}") from None


def _context(said: _Tls, config: Path) -> ssl.SSLContext:
    """Trust as it was said, with our certificate."""
    if said.key is not None and said.certificate is None:
        raise KafkaConfigError(f"{config}: tls.key: there is a key and no certificate; add tls.certificate")
    # An empty text would mean whom this machine trusts; an empty file must not.
    trusted = _beside(config, said.ca, "tls.ca") + "\n" if said.ca is not None else None
    with _clear_errors(f"{config}: tls.ca = {said.ca!r}", "one certificate or several"):
        context = ssl.create_default_context(cadata=trusted)
    if said.certificate is not None:
        _show_certificate(context, said.certificate, said.key, config)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: str, key: str | None, config: Path) -> None:
    _beside(config, certificate, "tls.certificate")
    if key is not None:
        _beside(config, key, "tls.key")
    files = config.parent / certificate, config.parent / key if key is not None else None
    where = f"{config}: tls.certificate = {certificate!r}, tls.key = {key!r}"
    with _clear_errors(where, "a certificate and the key that fits it, without a passphrase"):
        # The password, since a key that needs one would otherwise be asked for on the terminal, and wait there.
        context.load_cert_chain(*files, password="")


def _login(said: _Sasl, config: Path) -> Login:
    if not said.username:
        raise KafkaConfigError(f"{config}: sasl.username is empty; write who logs in")
    if said.password_file is not None:
        password, where = _beside(config, said.password_file, "sasl.password_file").rstrip("\r\n"), said.password_file
    else:
        password, where = os.environ.get(PASSWORD, ""), f"the environment variable {PASSWORD}"
    if not password:
        remedy = f"put it there, or name its file as sasl.password_file in {config}"
        raise KafkaConfigError(f"{config}: there is no password for {said.username} in {where}; {remedy}")
    return Login(said.mechanism, said.username, password)


def _beside(config: Path, name: str, key: str) -> str:
    """The text of a file that `config` names."""
    return _text(config.parent / name, f"{config}: {key} = {name!r}:")


def _text(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else "it is not text"
        raise KafkaConfigError(f"{where} cannot be read: {why}; give a readable file") from None


@contextmanager
def _clear_errors(where: str, wanted: str) -> Iterator[None]:
    """What OpenSSL says of a file names neither the file nor the remedy."""
    try:
        yield
    except (ssl.SSLError, ValueError):
        raise KafkaConfigError(f"{where} cannot be used: give {wanted}, in PEM") from None
