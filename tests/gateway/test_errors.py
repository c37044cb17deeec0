"""What keeps a gateway from starting is said in one line, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import promises
from tests.gateway.gateways import files_in

NOBODY = "127.0.0.1:9"
TILL = '[[feed]]\nname = "till"\nwebhook.scheme = "none"\n'


@pytest.mark.parametrize(
    ("feeds", "options", "code", "said"),
    [
        ("[[feed]]\n", (), 2, "feed 1: name = None: write a text"),
        (
            '[[feed]]\nname = "till"\n',
            (),
            2,
            "no feed has a webhook; give one a [feed.webhook] table, or give --tokens",
        ),
        (TILL, ("--bind", "0.0.0.0:8088"), 2, "feed till: scheme none takes whatever anybody posts"),
        (TILL, ("--bind", "hooks.example:8088"), 2, "say --allow-unsigned"),
        (TILL, ("--bind", "8088"), 2, "--bind 8088: '8088' is not HOST:PORT"),
        (TILL, ("--log", "xml"), 2, "--log xml: write text or json"),
        (TILL + 'webhook.path = "/promises"\n', (), 2, "feed till: webhook path /promises is the gateway's own"),
        (TILL, ("--tokens", "nowhere"), 2, "--tokens nowhere: cannot be read: No such file or directory"),
    ],
)
def test_a_gateway_that_cannot_start_says_why(
    feeds: str, options: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    answer = promises("gateway", "--bootstrap", NOBODY, "--feeds", files_in(tmp_path, feeds), *options)
    assert said in answer.err
    assert (answer.code, answer.err.count("Traceback")) == (code, 0)
