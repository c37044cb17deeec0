"""Options that several commands share, reading the files they name, and ending a command with an error."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console

from schemas.instants import Instant, parse_instant
from streams.adapters.files import UnreadableInput
from streams.adapters.vendors import Adapter, load
from streams.config.feeds import Feed, FeedsError, parse_feeds
from streams.config.locations import LocationsError, parse_locations
from streams.config.policies import PolicyError, parse_policies
from streams.config.receivers import Receivers, ReceiversError, parse_receivers
from streams.config.toml import ConfigError
from streams.judging.locations import Locations
from streams.judging.policy import Policies
from streams.kafka.connection import KafkaConfigError, KafkaFailed
from streams.logs import LogFormat, logs_json
from streams.metrics.address import Address

CHECK_FAILED, USAGE, UNREADABLE, REJECTS = 1, 2, 3, 4
"""Exit codes: a check failed; wrong usage or configuration; unreadable input; rejects under --strict."""

Parsed = TypeVar("Parsed")

stderr = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", envvar="PROMISES_POLICIES", help="Policies, TOML. Default: one policy for each common kind."
    ),
]
LocationsOption = Annotated[
    Path | None,
    typer.Option("--locations", envvar="PROMISES_LOCATIONS", help="Locations, TOML. Default: no locations."),
]
AdapterOption = Annotated[
    str | None,
    typer.Option("--adapter", envvar="PROMISES_ADAPTER", help="Adapter for the records: its name, or a .toml file."),
]
TablesOption = Annotated[
    str, typer.Option("--tables", envvar="PROMISES_TABLES", help="Lookup tables of the adapter, TOML.")
]
FeedsOption = Annotated[
    Path | None, typer.Option("--feeds", envvar="PROMISES_FEEDS", help="Feeds, TOML. Default: no feeds.")
]
BootstrapOption = Annotated[
    str, typer.Option("--bootstrap", envvar="PROMISES_BOOTSTRAP", help="Kafka brokers, HOST:PORT[,HOST:PORT].")
]
OptionalBootstrapOption = Annotated[
    str | None, typer.Option("--bootstrap", envvar="PROMISES_BOOTSTRAP", help="Kafka brokers, HOST:PORT[,HOST:PORT].")
]
KafkaConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--kafka-config", envvar="PROMISES_KAFKA_CONFIG", help="TLS and login for Kafka, TOML. Default: neither."
    ),
]
GroupOption = Annotated[str, typer.Option(envvar="PROMISES_GROUP", help="Consumer group of the workers.")]
MetricsOption = Annotated[str, typer.Option(envvar="PROMISES_METRICS", help="Address of /metrics, HOST:PORT.")]
LogOption = Annotated[LogFormat, typer.Option(envvar="PROMISES_LOG", help="Format of the log on stderr.")]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        envvar="PROMISES_INSTANCE",
        help="Unique name of this process. With the same name after a restart it gets its partitions back.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Change nothing, and show what would be done.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]


class UnwritableOutput(Exception):
    """An output file that cannot be written; the message names it and says why."""


def fail(message: str, code: int) -> NoReturn:
    """End the command with a message of one line and an exit code."""
    if logs_json():
        logging.getLogger("promises").critical(message)
    else:
        stderr.print(f"promises: {message}", style="red", markup=False)
    raise typer.Exit(code)


@contextmanager
def report_errors() -> Iterator[None]:
    """End the command with a message and its exit code if the user can correct the error."""
    try:
        yield
    except (ConfigError, KafkaConfigError) as error:
        fail(str(error), USAGE)
    except (UnreadableInput, UnwritableOutput, KafkaFailed) as error:
        fail(str(error), UNREADABLE)


def end_on_sigterm() -> None:
    """Let SIGTERM end the command in order, as Ctrl-C does: by KeyboardInterrupt.

    A background job of a shell is started with SIGINT ignored, so SIGTERM may be the only signal that reaches it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def silence_kafka_logs() -> None:
    """Suppress the log messages of the Kafka clients: the errors of promises say the same once."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)  # it reports every login


def parse_option(parse_text: Callable[[str], Parsed], text: str, option: str) -> Parsed:
    """Return what `parse_text` makes of an argument; end the command if it raises ValueError."""
    try:
        return parse_text(text)
    except ValueError as error:
        fail(f"{option} {text}: {error}", USAGE)


def parse_instant_option(text: str, option: str) -> Instant:
    """Return the instant given as an argument, whose seconds may be left out; end the command if it is invalid."""
    return parse_option(
        lambda instant: parse_instant(re.sub(r"(T\d\d:\d\d)(?=Z|[+-])", r"\1:00", instant)), text, option
    )


def metrics_address(text: str) -> Address:
    """Return the address given as --metrics; end the command if it is invalid."""
    try:
        return Address.parse(text)
    except ValueError as error:
        fail(f"--metrics {error}", USAGE)  # the error quotes the text itself


def load_policies(path: Path | None) -> Policies:
    """Return the policies in `path`, or the default ones. Raises PolicyError."""
    if path is None:
        return parse_policies(files("schemas").joinpath("policies.toml").read_text("utf-8"), "the default policies")
    return parse_policies(_read(path, PolicyError), str(path))


def load_locations(path: Path | None) -> Locations:
    """Return the locations in `path`; no locations without a path. Raises LocationsError."""
    return parse_locations(_read(path, LocationsError), str(path)) if path else Locations()


def load_feeds(path: Path | None) -> tuple[Feed, ...]:
    """Return the feeds in `path`; no feeds without a path. Raises FeedsError."""
    return parse_feeds(_read(path, FeedsError), str(path)) if path else ()


def load_receivers(path: Path | None) -> Receivers | None:
    """Return the receivers in `path`, if a path is given. Raises ReceiversError."""
    return parse_receivers(_read(path, ReceiversError), str(path)) if path else None


def zones_of(locations: Locations) -> dict[str, str]:
    """Return the time zone of each location."""
    return {location.id: location.zone for location in locations.all}


def load_adapter(name_or_path: str | None, tables: str, locations: Locations) -> Adapter | None:
    """Return the adapter of that name or file; None if no name is given. Raises AdapterError."""
    return load(name_or_path, tables, zones_of(locations)) if name_or_path else None


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path` and create missing folders. Raises UnwritableOutput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as reason:
        raise UnwritableOutput(f"{path}: cannot be written: {reason.strerror}; give a writable folder") from None
    return path


def _read(path: Path, error: type[ValueError]) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise error(f"{path}: cannot be read: {why}; give a readable TOML file") from None
