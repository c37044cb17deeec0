"""The connection of every client to Kafka: addresses, TLS and login.

Every client takes its arguments from a Connection. For a secured Kafka, a TOML file describes TLS and login:

    [tls]                          # the connection is encrypted
    ca = "ca.pem"                  # certificate authority of the brokers; default: those that this machine trusts
    certificate = "client.pem"     # client certificate, if the brokers ask for one
    key = "client.key"             # its key; default: in the file of the certificate

    [sasl]                         # the client logs in
    mechanism = "SCRAM-SHA-512"    # or SCRAM-SHA-256, PLAIN
    username = "promises"
    password_file = "password"     # default: the password is in the environment variable PROMISES_KAFKA_PASSWORD

Paths are relative to the folder of that file. No message contains a password.
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
"""The environment variable with the password, if the file has no password_file."""

_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:,/]+):\d{1,5}")


class KafkaFailed(Exception):
    """Kafka refused a request or was not reached; the message says what, where and what to do."""


class KafkaConfigError(ValueError):
    """The connection settings cannot be used; the message names file, key and remedy, and no password."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user of Kafka with a password (SASL)."""

    mechanism: Mechanism
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """The address of a Kafka cluster and how to connect to it.

    bootstrap: HOST:PORT[,HOST:PORT]. tls: trusted authorities and the client certificate; None: not encrypted. login:
    None if the brokers ask for none, or identify the client by its certificate.
    """

    bootstrap: str
    tls: ssl.SSLContext | None = None
    login: Login | None = None

    @property
    def protocol(self) -> Protocol:
        """Kafka's name for the kind of connection (security.protocol)."""
        if self.login is not None:
            return "SASL_SSL" if self.tls is not None else "SASL_PLAINTEXT"
        return "SSL" if self.tls is not None else "PLAINTEXT"

    @property
    def user_text(self) -> str:
        """The user as the brokers see it, in words."""
        if self.login is not None:
            return f"user {self.login.username}"
        return "the owner of the client certificate" if self.tls is not None else "a user user_text is not logged in"

    def for_kafka_python(self) -> dict[str, Any]:
        """Return the keyword arguments of kafka-python's clients, with bootstrap_servers."""
        return self._arguments()

    def for_aiokafka(self) -> dict[str, Any]:
        """Return the keyword arguments of aiokafka's clients, with bootstrap_servers."""
        return self._arguments()

    def for_faust(self) -> dict[str, Any]:
        """Return the keyword arguments of a Faust app: its broker, and credentials if Kafka is secured."""
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
        arguments: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.protocol}
        if self.tls is not None:
            arguments["ssl_context"] = self.tls
        if self.login is not None:
            arguments["sasl_mechanism"] = self.login.mechanism
            arguments["sasl_plain_username"] = self.login.username
            arguments["sasl_plain_password"] = self.login.password
        return arguments


def read_connection(bootstrap: str, config: Path | None) -> Connection:
    """Return the connection to the Kafka at `bootstrap`, secured as the file `config` says. Raises KafkaConfigError."""
    if not all(_ADDRESS.fullmatch(address) for address in bootstrap.split(",")):
        raise KafkaConfigError(f"--bootstrap {bootstrap!r}: write HOST:PORT[,HOST:PORT], such as kafka-1:9092")
    if config is None:
        return Connection(bootstrap)
    content = _decoded(config)
    tls = _tls_context(content.tls, config) if content.tls is not None else None
    login = _login(content.sasl, config) if content.sasl is not None else None
    if tls is None and login is None:
        raise KafkaConfigError(f"{config}: has neither [tls] nor [sasl]; write one, or leave --kafka-config out")
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
        return msgspec.toml.decode(_read(config, f"{config}:"), type=_File)
    except msgspec.DecodeError as error:
        raise KafkaConfigError(f"{config}: {error}; the keys are {_KEYS}") from None


def _tls_context(tls: _Tls, config: Path) -> ssl.SSLContext:
    """Return a TLS context with the trusted authorities and the client certificate."""
    if tls.key is not None and tls.certificate is None:
        raise KafkaConfigError(f"{config}: tls.key: there is a key but no certificate; add tls.certificate")
    # An empty text would select the authorities that this machine trusts, so an empty file gets a line end.
    trusted = _read_beside(config, tls.ca, "tls.ca") + "\n" if tls.ca is not None else None
    with _clear_errors(f"{config}: tls.ca = {tls.ca!r}", "one certificate or several"):
        context = ssl.create_default_context(cadata=trusted)
    if tls.certificate is not None:
        _load_certificate(context, tls.certificate, tls.key, config)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str | None, config: Path) -> None:
    _read_beside(config, certificate, "tls.certificate")
    if key is not None:
        _read_beside(config, key, "tls.key")
    files = config.parent / certificate, config.parent / key if key is not None else None
    where = f"{config}: tls.certificate = {certificate!r}, tls.key = {key!r}"
    with _clear_errors(where, "a certificate and its key, without a passphrase"):
        # Without a password, OpenSSL would ask on the terminal for the passphrase of an encrypted key.
        context.load_cert_chain(*files, password="")


def _login(sasl: _Sasl, config: Path) -> Login:
    if not sasl.username:
        raise KafkaConfigError(f"{config}: sasl.username is empty; write the name of the user")
    if sasl.password_file is not None:
        password = _read_beside(config, sasl.password_file, "sasl.password_file").rstrip("\r\n")
        source = sasl.password_file
    else:
        password, source = os.environ.get(PASSWORD, ""), f"the environment variable {PASSWORD}"
    if not password:
        remedy = f"put it there, or name its file as sasl.password_file in {config}"
        raise KafkaConfigError(f"{config}: there is no password for {sasl.username} in {source}; {remedy}")
    return Login(sasl.mechanism, sasl.username, password)


def _read_beside(config: Path, name: str, key: str) -> str:
    """Return the text of a file that `config` names."""
    return _read(config.parent / name, f"{config}: {key} = {name!r}:")


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else "it is not text"
        raise KafkaConfigError(f"{where} cannot be read: {why}; give a readable file") from None


@contextmanager
def _clear_errors(where: str, expected: str) -> Iterator[None]:
    """Replace errors of OpenSSL, which name neither the file nor the remedy."""
    try:
        yield
    except (ssl.SSLError, ValueError):
        raise KafkaConfigError(f"{where} cannot be used: give {expected}, in PEM") from None
