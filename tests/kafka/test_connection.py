"""Tests of the connection settings: TLS, login, and errors."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from faust.auth import SASLCredentials, SSLCredentials
from kafka.net.sasl import get_sasl_mechanism

from streams.kafka.connection import PASSWORD, Connection, KafkaConfigError, Login, read_connection
from tests.support.certificates import Authority, written

KAFKA = "kafka-1:9093,kafka-2:9093"
SECRET = "swordfish"
TRUST = '[tls]\nca = "ca.pem"\n'
MUTUAL = f'{TRUST}certificate = "worker.pem"\nkey = "worker.key"\n'
LOGIN = '[sasl]\nmechanism = "SCRAM-SHA-512"\nusername = "worker"\npassword_file = "password"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with certificates, keys, and a password with a line end."""
    folder, authority = tmp_path_factory.mktemp("secrets"), Authority()
    for name in ("worker", "another"):
        signed = authority.sign(name)
        written(folder, f"{name}.pem", signed.certificate)
        written(folder, f"{name}.key", signed.key)
    written(folder, "ca.pem", authority.certificate)
    written(folder, "password", SECRET + "\n")
    written(folder, "empty", "\n")
    (folder / "certificate.der").write_bytes(ssl.PEM_cert_to_DER_cert(authority.certificate))
    return folder


def connection_from(folder: Path, text: str) -> Connection:
    return read_connection(KAFKA, written(folder, "kafka.toml", text))


def test_without_a_file_the_connection_is_plain() -> None:
    connection = read_connection(KAFKA, None)
    assert connection.protocol == "PLAINTEXT"
    assert connection.for_aiokafka() == {"bootstrap_servers": KAFKA, "security_protocol": "PLAINTEXT"}
    assert connection.for_kafka_python() == connection.for_aiokafka()
    assert connection.for_faust() == {"broker": ["kafka://kafka-1:9093", "kafka://kafka-2:9093"]}


@pytest.mark.parametrize(
    ("text", "protocol"),
    [(TRUST, "SSL"), (MUTUAL, "SSL"), (LOGIN, "SASL_PLAINTEXT"), (TRUST + LOGIN, "SASL_SSL"), ("[tls]\n", "SSL")],
    ids=["trust", "mutual", "login", "trust and login", "the trust of this machine"],
)
def test_the_settings_decide_the_protocol(text: str, protocol: str, folder: Path) -> None:
    assert connection_from(folder, text).protocol == protocol


def test_a_broker_has_to_show_a_certificate_of_its_own_name_that_the_authority_signed(folder: Path) -> None:
    tls = connection_from(folder, TRUST).tls
    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(tls.get_ca_certs()) == 1


def test_all_clients_get_the_same_settings(folder: Path) -> None:
    connection = connection_from(folder, TRUST + LOGIN)
    arguments = connection.for_aiokafka()
    assert arguments == connection.for_kafka_python()
    assert arguments == {
        "bootstrap_servers": KAFKA,
        "security_protocol": "SASL_SSL",
        "ssl_context": connection.tls,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": SECRET,
    }
    credentials = connection.for_faust()["broker_credentials"]
    assert isinstance(credentials, SASLCredentials)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (credentials.username, credentials.password) == ("worker", SECRET)
    assert credentials.ssl_context is connection.tls


def test_a_certificate_alone_is_credentials_too(folder: Path) -> None:
    connection = connection_from(folder, MUTUAL)
    credentials = connection.for_faust()["broker_credentials"]
    assert isinstance(credentials, SSLCredentials)
    assert credentials.context is connection.tls


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
def test_every_mechanism_is_known_to_the_clients(mechanism: str, folder: Path) -> None:
    connection = connection_from(folder, LOGIN.replace("SCRAM-SHA-512", mechanism))
    assert connection.for_faust()["broker_credentials"].mechanism.value == mechanism
    assert get_sasl_mechanism(mechanism) is not None


def test_a_password_may_be_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, SECRET)
    connection = connection_from(folder, LOGIN.replace('password_file = "password"', ""))
    assert connection.login == Login("SCRAM-SHA-512", "worker", SECRET)


def test_a_password_is_shown_nowhere(folder: Path) -> None:
    connection = connection_from(folder, TRUST + LOGIN)
    assert "worker" in repr(connection)
    assert SECRET not in repr(connection) + str(connection) + repr(connection.for_faust())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["[tls]", "[sasl]"]),
        ("[tls\n", ["line 1"]),
        ("[tsl]\n", ["`tsl`"]),
        ('[tls]\nca = "authority.pem"\n', ["tls.ca = 'authority.pem'", "cannot be read"]),
        ('[tls]\nca = "password"\n', ["tls.ca = 'password'", "PEM"]),
        ('[tls]\nca = "empty"\n', ["tls.ca = 'empty'", "PEM"]),
        ('[tls]\nca = "certificate.der"\n', ["tls.ca = 'certificate.der'", "not text"]),
        (TRUST + 'key = "worker.key"\n', ["tls.key", "add tls.certificate"]),
        (MUTUAL.replace("worker.key", "another.key"), ["'worker.pem'", "'another.key'", "a certificate and its key"]),
        (MUTUAL.replace("worker.pem", "lost.pem"), ["tls.certificate = 'lost.pem'", "cannot be read"]),
        (LOGIN.replace("SCRAM-SHA-512", "SCRAM-SHA-1"), ["'SCRAM-SHA-1'", "SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN"]),
        (LOGIN.replace('username = "worker"', ""), ["`username`"]),
        (LOGIN.replace('"worker"', '""'), ["sasl.username"]),
        (LOGIN.replace('"password"', '"lost"'), ["sasl.password_file = 'lost'", "cannot be read"]),
        (LOGIN.replace('"password"', '"empty"'), ["no password for worker", "empty"]),
        (LOGIN.replace('password_file = "password"', ""), ["no password for worker", PASSWORD]),
        (f'{LOGIN}password = "{SECRET}"\n', ["`password`", "sasl.password_file"]),
    ],
)
def test_invalid_settings_have_an_error_with_file_key_and_remedy(text: str, words: list[str], folder: Path) -> None:
    with pytest.raises(KafkaConfigError) as raised:
        connection_from(folder, text)
    line = str(raised.value)
    assert line.startswith(str(folder / "kafka.toml"))
    assert [word for word in words if word not in line] == []
    assert SECRET not in line
    assert "\n" not in line


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KafkaConfigError, match="cannot be read"):
        read_connection(KAFKA, tmp_path / "kafka.toml")


@pytest.mark.parametrize("bootstrap", ["", "kafka", "kafka:", ":9092", "kafka:9092,", "kafka:9092, two:9092", "a/b:92"])
def test_an_invalid_address_is_an_error(bootstrap: str) -> None:
    with pytest.raises(KafkaConfigError, match="HOST:PORT"):
        read_connection(bootstrap, None)


@pytest.mark.parametrize("bootstrap", ["kafka:9092", "10.0.0.7:9092,kafka-2.shop.example:9093", "[::1]:9092"])
def test_an_address_is_a_name_or_a_number(bootstrap: str) -> None:
    assert read_connection(bootstrap, None).bootstrap == bootstrap
