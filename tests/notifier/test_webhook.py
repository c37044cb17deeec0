"""Tests of reading the URL of a webhook, and of its printed form."""

from __future__ import annotations

import pytest

from streams.notifier.webhook import parse_webhook


@pytest.mark.parametrize(
    ("url", "shown", "target"),
    [
        ("https://hooks.example/T0/B0/secret?token=sesame", "https://hooks.example:443", "/T0/B0/secret?token=sesame"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "/"),
        ("https://[::1]:8443/alerts#top", "https://[::1]:8443", "/alerts"),
        ("HTTPS://Hooks.Example?x=1", "https://hooks.example:443", "/?x=1"),
    ],
)
def test_only_the_host_of_a_receiver_is_shown(url: str, shown: str, target: str) -> None:
    webhook = parse_webhook(url)
    assert (str(webhook), webhook.target) == (shown, target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/sesame",
        "ftp://hooks.example/sesame",
        "https:///sesame",
        "https://hooks.example:port/sesame",
        "https://hooks.example:0/sesame",
        "https://hooks.example:99999/sesame",
        "https://[::1/sesame",
        "https://hooks..example/sesame",
        f"https://{'a' * 64}.example/sesame",
        "https://me:sesame@hooks.example/",
        "https://hooks.example/sesame seeds",
        "https://hooks.example/sésame",
        "https://hooks.example/sesame\r\nx-more: headers",
    ],
)
def test_an_invalid_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(is no|has )") as error:
        parse_webhook(url)
    assert "sesame" not in str(error.value)
    assert "hooks" not in str(error.value)
