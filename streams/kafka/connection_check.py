"""A test connection to a secured Kafka, which finds out why a broker refuses it.

The Kafka clients treat a refusal as an outage: they retry until they time out, and do not report the reason.
"""

from __future__ import annotations

import asyncio
import ssl

from streams.kafka.connection import Connection

_TIMEOUT_SECONDS = 5
"""How long a broker may take to accept a connection."""


class ConnectionRefused(Exception):
    """A broker refuses the connection; the message says which, why and what to do."""


def check_connection(connection: Connection) -> None:
    """Raise ConnectionRefused if every address that responds refuses the connection.

    An address that does not respond is no error here: the clients wait for it. Nothing is checked without TLS or login.
    """
    if connection.protocol != "PLAINTEXT":
        asyncio.run(_check_connection(connection))


async def _check_connection(connection: Connection) -> None:
    # The loop would log each error a second time, with a traceback.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    refused: ConnectionRefused | None = None
    for address in connection.bootstrap.split(","):
        try:
            await _connect(connection, address)
            return
        except ConnectionRefused as error:
            refused = refused or error
        except (OSError, TimeoutError):
            continue
    if refused is not None:
        raise refused


async def _connect(connection: Connection, address: str) -> None:
    # Takes long to import, and only a secured Kafka needs it.
    from aiokafka import errors
    from aiokafka.conn import create_conn
    from aiokafka.protocol.metadata import MetadataRequest

    host, _, port = address.rpartition(":")
    arguments = {name: value for name, value in connection.for_aiokafka().items() if name != "bootstrap_servers"}
    try:
        conn = await create_conn(host.strip("[]"), int(port), request_timeout_ms=_TIMEOUT_SECONDS * 1000, **arguments)
        try:
            await conn.send(MetadataRequest([]))  # the first request that a broker refuses without a login
        finally:
            conn.close()
    except ssl.SSLCertVerificationError as error:
        raise ConnectionRefused(_untrusted_certificate(address, error)) from error
    except errors.SaslAuthenticationFailed as error:
        raise ConnectionRefused(_wrong_login(address, connection)) from error
    except errors.UnsupportedSaslMechanismError as error:
        raise ConnectionRefused(_unsupported_mechanism(address, connection)) from error
    except (ssl.SSLError, ConnectionResetError, errors.KafkaError) as error:
        raise ConnectionRefused(_wrong_protocol(address, connection)) from error


def _untrusted_certificate(address: str, error: ssl.SSLCertVerificationError) -> str:
    why = error.verify_message.rstrip(".")
    return (
        f"{address}: its certificate is not trusted: {why}; check tls.ca in --kafka-config, and that the host in "
        "--bootstrap is the one in the certificate"
    )


def _wrong_login(address: str, connection: Connection) -> str:
    return (
        f"{address}: {connection.user_text} cannot log in with this password; check sasl.username, sasl.mechanism and "
        "the password in --kafka-config"
    )


def _unsupported_mechanism(address: str, connection: Connection) -> str:
    mechanism = connection.login.mechanism if connection.login is not None else None
    return f"{address}: does not support {mechanism}; give another sasl.mechanism in --kafka-config"


def _wrong_protocol(address: str, connection: Connection) -> str:
    return (
        f"{address}: closed a connection over {connection.protocol}: the port may be wrong, or a login ([sasl]) or a "
        "client certificate (tls.certificate) is missing or not wanted; check --bootstrap and --kafka-config"
    )
