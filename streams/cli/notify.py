"""`promises notify`: send the alerts of promise.alerts to a webhook, for sites without Prometheus."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args

import typer

from schemas.words import Stage
from streams import logs
from streams.cli.options import (
    USAGE,
    BootstrapOption,
    KafkaConfigOption,
    LogOption,
    fail,
    parse_option,
    report_errors,
    silence_kafka_logs,
)
from streams.config.toml import parse_duration
from streams.kafka.clients import check_notifier
from streams.kafka.connection import read_connection
from streams.notifier.notifier import NotifierSettings, run
from streams.notifier.webhook import Webhook, parse_webhook
from streams.signatures.standard_webhooks import read_secrets


def notify(
    bootstrap: BootstrapOption,
    webhook: Annotated[str, typer.Option(envvar="PROMISES_WEBHOOK", help="URL that alerts are sent to.")],
    secret_file: Annotated[
        Path,
        typer.Option(envvar="PROMISES_SECRET_FILE", help="File with one or two signing secrets, whsec_..."),
    ],
    kafka_config: KafkaConfigOption = None,
    stage: Annotated[
        Stage | None, typer.Option(envvar="PROMISES_STAGE", help="Send only alerts of this stage. Default: both.")
    ] = None,
    # Not PROMISES_GROUP: that is the consumer group of the workers, which reads another topic.
    group: Annotated[
        str, typer.Option(envvar="PROMISES_NOTIFY_GROUP", help="Consumer group; its members share the alerts.")
    ] = "promises-notify",
    max_age: Annotated[
        str, typer.Option(envvar="PROMISES_MAX_AGE", help="Give up on alerts that are older: 90s, 15m.")
    ] = "15m",
    log: LogOption = "text",
) -> None:
    """Send each alert of promise.alerts to a webhook, signed, until it is accepted or too old.

    The command runs until SIGTERM or Ctrl-C. A new group begins with the next alert. The notifiers of one group share
    the alerts, and take over from one that is gone within 10 seconds. Each group sends all alerts.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the notifier checks for termination itself
    logs.configure(log)
    silence_kafka_logs()
    stages: tuple[Stage, ...] = (stage,) if stage else get_args(Stage)
    max_age_ms = parse_option(parse_duration, max_age, "--max-age")
    if not max_age_ms:
        fail(f"--max-age {max_age}: no alert would ever be sent; write a length of time such as 15m", USAGE)
    receiver, secrets = _receiver(webhook), _secrets(secret_file)
    with report_errors():
        connection = read_connection(bootstrap, kafka_config)
        check_notifier(connection, group)
        settings = NotifierSettings(
            connection=connection,
            group=group,
            webhook=receiver,
            secrets=secrets,
            stages=stages,
            max_age=max_age_ms,
        )
        run(settings, _termination())


def _receiver(url: str) -> Webhook:
    try:
        return parse_webhook(url)
    except ValueError as error:
        fail(f"--webhook {error}", USAGE)


def _secrets(file: Path) -> tuple[bytes, ...]:
    try:
        return read_secrets(file.read_text("utf-8"))
    except OSError as error:
        fail(f"--secret-file {file}: cannot be read: {error.strerror}; give a readable file", USAGE)
    except UnicodeError:
        fail(f"--secret-file {file}: is not text; write whsec_ followed by base64 in it", USAGE)
    except ValueError as error:
        fail(f"--secret-file {file}: {error}", USAGE)


def _termination() -> Callable[[], bool]:
    """Return a function that says whether SIGTERM or SIGINT was received.

    The signals must not interrupt the Kafka client in the middle of an operation.
    """
    terminated = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: terminated.set())
    return terminated.is_set
