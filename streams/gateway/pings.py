"""What vendors send when a webhook is set up: it comes without a signature, says nothing, and wants a 200. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_CLOVER: Final = re.compile(rb'\s*\{\s*"verificationCode"\s*:\s*"([A-Za-z0-9-]{1,64})"\s*\}\s*')
_WOOCOMMERCE: Final = re.compile(rb"webhook_id=(\d{1,20})")


def _clover(body: bytes) -> str:
    """The code has to be typed in where the webhook is set up, before there is anything else to know it by."""
    found = _CLOVER.fullmatch(body)
    return f"its verification code is {found[1].decode()}: type it in at Clover" if found else ""


def _woocommerce(body: bytes) -> str:
    found = _WOOCOMMERCE.fullmatch(body)
    return f"webhook {found[1].decode()} is set up" if found else ""


_PINGS: Final[dict[str, Callable[[bytes], str]]] = {"clover": _clover, "woocommerce": _woocommerce}


def ping(scheme: str, body: bytes) -> str:
    """What a ping of that scheme's vendor says, for the log; empty where it is none."""
    return _PINGS[scheme](body) if scheme in _PINGS and len(body) < 200 else ""
