"""`promises dashboards`: put the dashboards, and incidents, into a Grafana that exists."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.cli.options import UNREADABLE, USAGE, argument, fail, instant_argument
from streams.grafana.interface import Access, Annotation, Grafana, PublishingFailed, address
from streams.grafana.push import PushResult, annotate, committed, push

TOKEN: Final = "PROMISES_GRAFANA_TOKEN"
"""The environment variable with the token, where no file has it. No option takes one: others would see it."""

dashboards = typer.Typer(
    name="dashboards", help="Put the dashboards, and incidents, into a Grafana that exists.", no_args_is_help=True
)

UrlOption = Annotated[str, typer.Option("--url", envvar="PROMISES_GRAFANA_URL", help="Grafana's start page.")]
TokenOption = Annotated[
    Path | None,
    typer.Option(envvar="PROMISES_GRAFANA_TOKEN_FILE", help=f"Holds the token. Default: the one in {TOKEN}."),
]
CaOption = Annotated[
    Path | None, typer.Option(envvar="PROMISES_GRAFANA_CA_FILE", help="Whom to trust, PEM. Default: as this machine.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only look, and say what would be done.")]


@dashboards.command("push")
def push_command(
    url: UrlOption,
    token_file: TokenOption = None,
    ca_file: CaOption = None,
    title: Annotated[str, typer.Option("--folder", help="Title of the folder, where it is created.")] = "Promises",
    dry_run: DryRunOption = False,
) -> None:
    """Put folder and dashboards into Grafana. Whatever is there already as it should be stays as it is."""
    _publish(_access(url, token_file, ca_file), dry_run, lambda to: push(to, committed(), title, dry_run=dry_run))


@dashboards.command("annotate")
def annotate_command(
    incident: Annotated[str, typer.Argument(help="The incident's id: the same id is the same incident.")],
    url: UrlOption,
    text: Annotated[str, typer.Option(help="What happened.")],
    start: Annotated[str, typer.Option("--from", help="When it began, as 2026-03-06T12:00Z.")],
    end: Annotated[str | None, typer.Option("--to", help="When it ended. Default: when it began.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag of your own; may be given again.")] = None,
    token_file: TokenOption = None,
    ca_file: CaOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Write an incident into Grafana, where the dashboards show it; or change what is written of it."""
    name = argument(_incident, incident, "incident")
    began = instant_argument(start, "--from")
    ended = instant_argument(end, "--to") if end else began
    if ended < began:
        fail(f"--to {end} is before --from {start}", USAGE)
    note = Annotation(began, ended, text, tuple(tag or ()))
    _publish(_access(url, token_file, ca_file), dry_run, lambda to: [annotate(to, name, note, dry_run=dry_run)])


def _publish(access: Access, dry_run: bool, work: Callable[[Grafana], Iterable[PushResult]]) -> None:
    """Do `work`, and say what became of each thing as soon as it is known."""
    from streams.grafana.grafana_api_client import GrafanaOverApi  # half a second, which other commands need not wait

    try:
        with GrafanaOverApi(access) as grafana:
            for done in work(grafana):
                would = "would be " if dry_run and done.what != "unchanged" else ""
                typer.echo(f"{done.name}: {would}{done.what}")
    except PublishingFailed as error:
        fail(str(error), UNREADABLE)


def _access(url: str, token_file: Path | None, ca_file: Path | None) -> Access:
    at = argument(address, url, "--url")
    if ca_file:
        _text(ca_file, "--ca-file")
    token = _text(token_file, "--token-file") if token_file else os.environ.get(TOKEN, "")
    return Access(at, _token(token.strip()), str(ca_file) if ca_file else None)


def _text(path: Path, option: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        fail(f"{option} {path}: cannot be read: {why}", USAGE)


def _token(text: str) -> str:
    if not text:
        fail(f"there is no token: give one of a service account by --token-file or {TOKEN}", USAGE)
    if not re.fullmatch(r"[!-~]+", text):
        fail("the token holds what no token holds: give the token alone, in one line", USAGE)
    return text


def _incident(text: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,80}", text):
        raise ValueError("write letters, digits, and any of . : - _, 80 at most")
    return text
