"""Each alert has its page and each page its alert; a page names only commands and series that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import promql_parser
import pytest
import typer
from typer.core import TyperGroup

from streams.alerting.tiers import TIERS, Tier
from streams.cli.main import app_of
from tests.alerting.test_rules import alerts, known_series, selected
from tests.cli.command import ROOT

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))


def commands(text: str) -> list[list[str]]:
    """Return the commands in the code blocks of a page, as words."""
    blocks = re.findall(r"^( *)```sh\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE)
    lines = "\n".join(block for _, block in blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(part) for line in lines if line.strip() for part in line.split(" | ")]


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    assert {page.stem for page in PAGES} == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_has_all_sections(page: Path) -> None:
    title, *sections = page.read_text("utf-8").split("\n## ")
    headings = [section.partition("\n")[0] for section in sections]
    _, _, looks, silences = sections

    assert title.startswith(f"# {page.stem}\n")
    assert headings == re.findall(r"^## (.+)$", PAGES[0].read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"^(\d)\. ", looks, re.MULTILINE) == ["1", "2", "3"]
    assert f"amtool silence add alertname={page.stem} " in silences


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_its_severities(page: Path) -> None:
    named = set(re.findall(r"\b(critical|warning|info)\b", page.read_text("utf-8").split("\n## ")[0].lower()))

    assert named == {alert["labels"]["severity"] for alert in alerts() if alert["alert"] == page.stem}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_ours_on_a_page_exists(page: Path) -> None:
    ours = typer.main.get_command(app_of())
    assert isinstance(ours, TyperGroup)
    for command in commands(page.read_text("utf-8")):
        if command[0] == "promises":
            options = {name for parameter in ours.commands[command[1]].params for name in parameter.opts}
            assert {word for word in command if word.startswith("--")} <= options, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_query_in_a_runbook_parses_and_selects_known_series(page: Path) -> None:
    for command in commands(page.read_text("utf-8")):
        if command[:3] == ["promtool", "query", "instant"]:
            asked = {name for name in selected(promql_parser.parse(command[4])) if name != "None"}
            assert {name.removesuffix("_bucket") for name in asked} <= known_series(), command


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.alert)
def test_the_runbook_of_a_tier_has_its_floor_and_its_window(tier: Tier) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{tier.alert}.md").read_text("utf-8").replace("\n", " ")

    assert f"{tier.floor} broken promises" in text
    assert f'threshold{{window="{tier.window.name}"}}' in text
