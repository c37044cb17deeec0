"""A secured Kafka: TLS, a login or a certificate, and ACLs without which nothing is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLFilter, UserScramCredentialUpsertion

from streams.local.kafka_cluster import LocalKafka
from tests.support.certificates import Authority, written

LOGIN, MUTUAL = "LOGIN", "MUTUAL"
"""The listeners: one for clients that log in over TLS, one for clients with a certificate."""

MECHANISM: Final = "SCRAM-SHA-512"


@dataclass(frozen=True)
class SecuredKafka:
    """A secured Kafka, the authority of its certificate, and the folder with the files of its users."""

    local: LocalKafka
    authority: Authority
    folder: Path

    def admin(self) -> KafkaAdminClient:
        """Provide the operator's client, on the plain listener, where everything is allowed."""
        return KafkaAdminClient(bootstrap_servers=self.local.bootstrap)

    def user(self, name: str, *, mechanism: str = MECHANISM) -> Path:
        """Create a user without permissions; return the file of its connection settings."""
        password = f"{name} knows it"
        with self.admin() as admin:
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, mechanism, password)])
        return self.login(name, password, mechanism=mechanism)

    def login(self, name: str, password: str, *, mechanism: str = MECHANISM, ca: str | None = None) -> Path:
        """Return the file of a user `name` that trusts our authority or another."""
        folder = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        written(folder, "password", password + "\n")
        written(folder, "ca.pem", ca or self.authority.certificate)
        login = f'mechanism = "{mechanism}"\nusername = "{name}"\npassword_file = "password"\n'
        return written(folder, "kafka.toml", f'[tls]\nca = "ca.pem"\n[sasl]\n{login}')

    def certified(self, name: str) -> Path:
        """Create a client with a certificate instead of a password; return the file of its connection settings."""
        folder = self.folder / f"{name}-certified"
        folder.mkdir()
        signed = self.authority.sign(name)
        written(folder, "client.pem", signed.certificate)
        written(folder, "client.key", signed.key)
        written(folder, "ca.pem", self.authority.certificate)
        text = '[tls]\nca = "ca.pem"\ncertificate = "client.pem"\nkey = "client.key"\n'
        return written(folder, "kafka.toml", text)

    def grant(self, acls: Iterable[ACL]) -> None:
        with self.admin() as admin:
            admin.create_acls(list(acls))

    def revoke(self, acls: Iterable[ACL]) -> None:
        with self.admin() as admin:
            admin.delete_acls(
                [ACLFilter(a.principal, a.host, a.operation, a.permission_type, a.resource_pattern) for a in acls]
            )


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """Run a SecuredKafka of one broker; the files of its users are in `folder`."""
    authority = Authority()
    listeners = {LOGIN: "SASL_SSL", MUTUAL: "SSL"}
    with LocalKafka(properties=_properties(authority), listeners=listeners) as local:
        yield SecuredKafka(local, authority, folder)


def _properties(authority: Authority) -> dict[str, str]:
    host = authority.sign("127.0.0.1")
    shown = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": host.certificate,
        "ssl.keystore.key": host.key,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": authority.certificate,
    }
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return shown | {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Who comes by the plain listeners: the broker itself, and the operator.
        "super.users": "User:ANONYMOUS",
        "listener.name.login.sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.login.{MECHANISM.lower()}.sasl.jaas.config": scram,
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/",
    }
