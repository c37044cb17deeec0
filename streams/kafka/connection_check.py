"""One connection before any client is made, to be told why it is refused: the clients take that for an outage, and
try again until they give up, without the reason."""

from __future__ import annotations

import asyncio
import ssl

from streams.kafka.connection import Connection

_SECONDS = 5
"""How long a broker may take to let us in."""


class ConnectionRefused(Exception):
    """The brokers and we do not agree on the connection; the message says which, why and what to do."""


def knock(connection: Connection) -> None:
    """Raise ConnectionRefused where no address lets us in. One that does not answer is left to the clients' patience.

    Does nothing where Kafka is not secured.
    """
    if connection.protocol != "PLAINTEXT":
        asyncio.run(_knock(connection))


async def _knock(connection: Connection) -> None:
    # What is told here once would be told again, with a traceback, by the loop.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    refused: ConnectionRefused | None = None
    for address in connection.bootstrap.split(","):
        try:
            await _enter(connection, address)
            return
        except ConnectionRefused as error:
            refused = refused or error
        except (OSError, TimeoutError):
            continue
    if refused is not None:
        raise refused


async def _enter(connection: Connection, address: str) -> None:
    # Takes its time to import, and only a secured Kafka needs it.
    from aiokafka import errors
    from aiokafka.conn import create_conn
    from aiokafka.protocol.metadata import MetadataRequest

    host, _, port = address.rpartition(":")
    arguments = {name: value for name, value in connection.for_aiokafka().items() if name != "bootstrap_servers"}
    try:
        conn = await create_conn(host.strip("[]"), int(port), request_timeout_ms=_SECONDS * 1000, **arguments)
        try:
            await conn.send(MetadataRequest([]))  # the first thing that somebody who should have logged in may not ask
        finally:
            conn.close()
    except ssl.SSLCertVerificationError as error:
        raise ConnectionRefused(_distrusted(address, error)) from error
    except errors.SaslAuthenticationFailed as error:
        raise ConnectionRefused(_unknown(address, connection)) from error
    except errors.UnsupportedSaslMechanismError as error:
        raise ConnectionRefused(_other_mechanism(address, connection)) from error
    except (ssl.SSLError, ConnectionResetError, errors.KafkaError) as error:
        raise ConnectionRefused(_secured_otherwise(address, connection)) from error


def _distrusted(address: str, error: ssl.SSLCertVerificationError) -> str:
    why = error.verify_message.rstrip(".")
    return (
        f"{address}: its certificate is not trusted: {why}; check tls.ca in --kafka-config, and that --bootstrap names "
        "the host as its certificate does"
    )


def _unknown(address: str, connection: Connection) -> str:
    return (
        f"{address}: {connection.who} is not let in with this password; check sasl.username, sasl.mechanism and the "
        "password in --kafka-config"
    )


def _other_mechanism(address: str, connection: Connection) -> str:
    mechanism = connection.login.mechanism if connection.login is not None else None
    return f"{address}: does not take {mechanism}; give another sasl.mechanism in --kafka-config"


def _secured_otherwise(address: str, connection: Connection) -> str:
    return (
        f"{address}: ended a connection over {connection.protocol}: it wants another port, a login ([sasl]), a "
        "certificate of ours (tls.certificate) or none of them; check --bootstrap and --kafka-config"
    )
