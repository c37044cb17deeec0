"""What several commands share: reading policies and adapters, instants as arguments, and how a command fails."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar, get_args

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
from streams.logs import logs_json
from streams.metrics.address import Address

NOT_WELL, USAGE, UNREADABLE, REJECTS = 1, 2, 3, 4
"""Exit codes: what was looked at is not well, usage or configuration, unreadable input, rejects under --strict."""

Read = TypeVar("Read")

messages = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

PoliciesOption = Annotated[
    Path | None,
    typer.Option("--policies", envvar="PROMISES_POLICIES", help="Policies, TOML. Default: one a common kind."),
]
LocationsOption = Annotated[
    Path | None,
    typer.Option("--locations", envvar="PROMISES_LOCATIONS", help="Locations, TOML. Default: none is known."),
]
AdapterOption = Annotated[
    str | None,
    typer.Option("--adapter", envvar="PROMISES_ADAPTER", help="How records become events: a name, or a .toml file."),
]
TablesOption = Annotated[
    str, typer.Option("--tables", envvar="PROMISES_TABLES", help="Reference tables of the adapter, TOML.")
]
FeedsOption = Annotated[
    Path | None, typer.Option("--feeds", envvar="PROMISES_FEEDS", help="Feeds, TOML. Default: none is known.")
]
BootstrapOption = Annotated[
    str, typer.Option("--bootstrap", envvar="PROMISES_BOOTSTRAP", help="Kafka, as HOST:PORT[,HOST:PORT].")
]

KafkaConfigOption = Annotated[
    Path | None,
    typer.Option("--kafka-config", envvar="PROMISES_KAFKA_CONFIG", help="TLS and login, TOML. Default: none."),
]
GroupOption = Annotated[str, typer.Option(envvar="PROMISES_GROUP", help="The consumer group of all workers.")]
MetricsOption = Annotated[str, typer.Option(envvar="PROMISES_METRICS", help="Where /metrics is.")]
LogOption = Annotated[str, typer.Option(envvar="PROMISES_LOG", help="text, or json: one object a line, on stderr.")]


class UnwritableOutput(Exception):
    """A file that a command is to write and cannot; the message names it and says why."""


def fail(message: str, code: int) -> NoReturn:
    """End the command with one clear line."""
    if logs_json():
        logging.getLogger("promises").critical(message)
    else:
        messages.print(f"promises: {message}", style="red", markup=False)
    raise typer.Exit(code)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what a user can mend into one line and the exit code of the command line's contract."""
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


def hush_kafka() -> None:
    """Keep the Kafka client from logging on its own: what it would say, our own error says once."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)  # it reports every login


def one_of(choices: Any, text: str, option: str) -> Any:
    """`text`, where it is one of `choices` (a Literal); ends the command if it is none."""
    if text not in get_args(choices):
        fail(f"{option} {text}: write {' or '.join(get_args(choices))}", USAGE)
    return text


def argument(read: Callable[[str], Read], text: str, option: str) -> Read:
    """What `read` makes of an argument; ends the command where that raises ValueError."""
    try:
        return read(text)
    except ValueError as error:
        fail(f"{option} {text}: {error}", USAGE)


def metrics_address(text: str) -> Address:
    """Where --metrics says; the error quotes the text itself."""
    try:
        return Address.parse(text)
    except ValueError as error:
        fail(f"--metrics {error}", USAGE)


def load_policies(path: Path | None) -> Policies:
    """The policies in `path`, or the default ones. Raises PolicyError."""
    if path is None:
        return parse_policies(files("schemas").joinpath("policies.toml").read_text("utf-8"), "the default policies")
    return parse_policies(_text(path, PolicyError), str(path))


def load_locations(path: Path | None) -> Locations:
    """The locations in `path`; none where none is given. Raises LocationsError."""
    return parse_locations(_text(path, LocationsError), str(path)) if path else Locations()


def load_feeds(path: Path | None) -> tuple[Feed, ...]:
    """The feeds in `path`; none where none is given. Raises FeedsError."""
    return parse_feeds(_text(path, FeedsError), str(path)) if path else ()


def load_receivers(path: Path | None) -> Receivers | None:
    """The receivers in `path`, if one is given. Raises ReceiversError."""
    return parse_receivers(_text(path, ReceiversError), str(path)) if path else None


def zones_of(locations: Locations) -> dict[str, str]:
    """The time zone of each location."""
    return {location.id: location.zone for location in locations.all}


def load_adapter(name_or_path: str | None, tables: str, locations: Locations) -> Adapter | None:
    """The adapter of that name or file, if one is given; None lets canonical events pass. Raises AdapterError."""
    return load(name_or_path, tables, zones_of(locations)) if name_or_path else None


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path`, in a folder that is made where it is missing. Raises UnwritableOutput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as reason:
        raise UnwritableOutput(f"{path}: cannot be written: {reason.strerror}; give a folder of yours") from None
    return path


def _text(path: Path, error: type[ValueError]) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise error(f"{path}: cannot be read: {why}; give a readable TOML file") from None


def instant_argument(text: str, option: str) -> Instant:
    """An instant given on the command line, where seconds may be left out; ends the command if it is none."""
    return argument(lambda said: parse_instant(re.sub(r"(T\d\d:\d\d)(?=Z|[+-])", r"\1:00", said)), text, option)
