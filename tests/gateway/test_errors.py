"""An error that keeps the gateway from starting is one line with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import promises
from tests.gateway.gateways import write_files

NOBODY = "127.0.0.1:9"
TILL = '[[feed]]\nname = "till"\nwebhook.scheme = "none"\n'


@pytest.mark.parametrize(
    ("feeds", "options", "code", "message"),
    [
        ("[[feed]]\n", (), 2, "feed 1: name = None: write a text"),
        (
            '[[feed]]\nname = "till"\n',
            (),
            2,
            "no feed has a webhook; give one a [feed.webhook] table, or give --tokens",
        ),
        (TILL, ("--bind", "0.0.0.0:8088"), 2, "feed till: scheme none accepts any request"),
        (TILL, ("--bind", "hooks.example:8088"), 2, "add --allow-unsigned"),
        (TILL, ("--bind", "8088"), 2, "--bind 8088: '8088' is not HOST:PORT"),
        (TILL, ("--log", "xml"), 2, "Invalid value for '--log'"),
        (TILL + 'webhook.path = "/promises"\n', (), 2, "feed till: webhook path /promises is the gateway's own"),
        (TILL, ("--tokens", "nowhere"), 2, "--tokens nowhere: cannot be read: No such file or directory"),
    ],
)
def test_a_gateway_that_cannot_start_reports_one_error(
    feeds: str, options: tuple[str, ...], code: int, message: str, tmp_path: Path
) -> None:
    answer = promises("gateway", "--bootstrap", NOBODY, "--feeds", write_files(tmp_path, feeds), *options)
    assert message in answer.err
    assert (answer.code, answer.err.count("Traceback")) == (code, 0)
