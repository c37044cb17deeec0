"""`promises dashboards`: push the dashboards and incidents to an existing Grafana."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from streams.cli.options import UNREADABLE, USAGE, DryRunOption, fail, parse_instant_option, parse_option
from streams.grafana.interface import Access, Annotation, Grafana, PublishingFailed, grafana_url
from streams.grafana.push import PushResult, annotate, own_dashboards, push

TOKEN: Final = "PROMISES_GRAFANA_TOKEN"
"""The environment variable with the token, if no file has it. An option would show the token to other users."""

dashboards = typer.Typer(
    name="dashboards", help="Push the dashboards and incidents to an existing Grafana.", no_args_is_help=True
)

UrlOption = Annotated[str, typer.Option("--url", envvar="PROMISES_GRAFANA_URL", help="URL of Grafana's start page.")]
TokenOption = Annotated[
    Path | None,
    typer.Option(envvar="PROMISES_GRAFANA_TOKEN_FILE", help=f"File with the token. Default: the token in {TOKEN}."),
]
CaOption = Annotated[
    Path | None,
    typer.Option(envvar="PROMISES_GRAFANA_CA_FILE", help="Trusted certificates, PEM. Default: those of the system."),
]


@dashboards.command("push")
def push_command(
    url: UrlOption,
    token_file: TokenOption = None,
    ca_file: CaOption = None,
    title: Annotated[str, typer.Option("--folder", help="Title of the folder if it has to be created.")] = "Promises",
    dry_run: DryRunOption = False,
) -> None:
    """Create or update the folder and the dashboards in Grafana. Those that are up to date are not changed."""
    access = _access(url, token_file, ca_file)
    _publish(access, dry_run, lambda grafana: push(grafana, own_dashboards(), title, dry_run=dry_run))


@dashboards.command("annotate")
def annotate_command(
    incident: Annotated[str, typer.Argument(help="Id of the incident. An incident with the same id is updated.")],
    url: UrlOption,
    text: Annotated[str, typer.Option(help="What happened.")],
    start: Annotated[str, typer.Option("--from", help="Start of the incident, such as 2026-03-06T12:00Z.")],
    end: Annotated[str | None, typer.Option("--to", help="End of the incident. Default: its start.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Additional tag; repeatable.")] = None,
    token_file: TokenOption = None,
    ca_file: CaOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Write an incident to Grafana, where the dashboards show it, or update it."""
    name = parse_option(_incident_id, incident, "incident")
    began = parse_instant_option(start, "--from")
    ended = parse_instant_option(end, "--to") if end else began
    if ended < began:
        fail(f"--to {end} is before --from {start}; give an end after the start", USAGE)
    annotation = Annotation(began, ended, text, tuple(tag or ()))
    access = _access(url, token_file, ca_file)
    _publish(access, dry_run, lambda grafana: [annotate(grafana, name, annotation, dry_run=dry_run)])


def _publish(access: Access, dry_run: bool, work: Callable[[Grafana], Iterable[PushResult]]) -> None:
    """Do `work` and print each result as soon as it is known."""
    from streams.grafana.grafana_api_client import GrafanaOverApi  # takes half a second to import

    try:
        with GrafanaOverApi(access) as grafana:
            for result in work(grafana):
                would = "would be " if dry_run and result.change != "unchanged" else ""
                typer.echo(f"{result.name}: {would}{result.change}")
    except PublishingFailed as error:
        fail(str(error), UNREADABLE)


def _access(url: str, token_file: Path | None, ca_file: Path | None) -> Access:
    checked_url = parse_option(grafana_url, url, "--url")
    if ca_file:
        _read(ca_file, "--ca-file")
    token = _read(token_file, "--token-file") if token_file else os.environ.get(TOKEN, "")
    return Access(checked_url, _checked_token(token.strip()), str(ca_file) if ca_file else None)


def _read(path: Path, option: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        fail(f"{option} {path}: cannot be read: {why}; give a readable file", USAGE)


def _checked_token(text: str) -> str:
    if not text:
        fail(f"there is no token: give the token of a service account with --token-file or {TOKEN}", USAGE)
    if not re.fullmatch(r"[!-~]+", text):
        fail("the token has spaces or other invalid characters: give the token alone, in one line", USAGE)
    return text


def _incident_id(text: str) -> str:
    if not re.fullmatch(r"[\w.:-]{1,80}", text):
        raise ValueError("write at most 80 letters, digits, or any of . : - _")
    return text
