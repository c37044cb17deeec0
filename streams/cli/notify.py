"""`promises notify`: carry the alerts of promise.alerts to a webhook, for sites without Prometheus."""

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
    argument,
    clear_errors,
    fail,
    hush_kafka,
    one_of,
)
from streams.config.toml import parse_duration
from streams.kafka.clients import check_notifier
from streams.kafka.connection import read_connection
from streams.notifier.notifier import NotifierSettings, run
from streams.notifier.webhook import Webhook, parse_webhook
from streams.signatures.standard_webhooks import read_secrets


def notify(
    bootstrap: BootstrapOption,
    webhook: Annotated[str, typer.Option(envvar="PROMISES_WEBHOOK", help="Where alerts are sent, as a URL.")],
    secret_file: Annotated[
        Path,
        typer.Option(envvar="PROMISES_SECRET_FILE", help="What they are signed with: whsec_..., one or two lines."),
    ],
    kafka_config: KafkaConfigOption = None,
    stage: Annotated[
        str | None, typer.Option(envvar="PROMISES_STAGE", help="at_risk or overdue. Default: both.")
    ] = None,
    # Not PROMISES_GROUP: that is the group of the workers, whose partitions are others.
    group: Annotated[
        str, typer.Option(envvar="PROMISES_NOTIFY_GROUP", help="The consumer group; its members share the alerts.")
    ] = "promises-notify",
    max_age: Annotated[
        str, typer.Option(envvar="PROMISES_MAX_AGE", help="Alerts that are older are not sent any more: 90s, 15m.")
    ] = "15m",
    log: LogOption = "text",
) -> None:
    """Send each alert of promise.alerts to a webhook, signed, until it is taken or too old; go on until told to end.

    A group that is new begins with the next alert. Several notifiers of one group share the alerts, and one takes over
    within 10 seconds where another is gone; of different groups, each sends all of them.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the notifier looks for it
    logs.configure(one_of(logs.LogFormat, log, "--log"))
    hush_kafka()
    stages: tuple[Stage, ...] = (one_of(Stage, stage, "--stage"),) if stage else get_args(Stage)
    longest = argument(parse_duration, max_age, "--max-age")
    if not longest:
        fail(f"--max-age {max_age}: then nothing is ever sent; write a length of time such as 15m", USAGE)
    receiver, secrets = _receiver(webhook), _secrets(secret_file)
    with clear_errors():
        connection = read_connection(bootstrap, kafka_config)
        check_notifier(connection, group)
        run(NotifierSettings(connection, group, receiver, secrets, stages, longest), _told_to_end())


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
        fail(f"--secret-file {file}: is not text; write whsec_ and base64 in it", USAGE)
    except ValueError as error:
        fail(f"--secret-file {file}: {error}", USAGE)


def _told_to_end() -> Callable[[], bool]:
    """Whether the process was told to end: the client of Kafka must not be left in the middle of something."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told.is_set
