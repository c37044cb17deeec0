"""The file of feeds: its keys, and the errors of files that cannot be used."""

from __future__ import annotations

import pytest

from streams.config.feeds import Feed, FeedsError, FeedWebhook, parse_feeds

TOWN = """
[[feed]]
name = "square"
adapter = "square"
webhook.scheme = "square"
webhook.url = "https://hooks.example/square"
webhook.secrets = ["square.new", "/run/secrets/square"]

[[feed]]
name = "till"
topic = "pos.till.v1"
adapter = "adapters/till.toml"
tables = "tables/till.toml"
silence = "unknown"

[feed.webhook]
path = "/in/till"
scheme = "olo"
url = "https://hooks.example/in/till"
secrets = ["olo"]
header = "X-Signed"
tolerance = "1h"

[[feed]]
name = "own"
"""


def test_every_key_of_a_feed_is_read_and_paths_are_relative_to_the_file() -> None:
    assert parse_feeds(TOWN, "conf/feeds.toml") == (
        Feed(
            "square",
            "feeds.square",
            "square",
            webhook=FeedWebhook(
                "/square", "square", ("conf/square.new", "/run/secrets/square"), "https://hooks.example/square"
            ),
        ),
        Feed(
            "till",
            "pos.till.v1",
            "conf/adapters/till.toml",
            "conf/tables/till.toml",
            silence="unknown",
            webhook=FeedWebhook(
                "/in/till", "olo", ("conf/olo",), "https://hooks.example/in/till", "x-signed", 3_600_000
            ),
        ),
        Feed("own", "feeds.own"),
    )


def test_a_feed_can_override_the_header_and_the_tolerance_of_its_scheme() -> None:
    square, till, _ = (feed.webhook and feed.webhook.signature_scheme for feed in parse_feeds(TOWN, "feeds.toml"))
    assert square is not None
    assert till is not None
    assert square.headers == ("x-square-hmacsha256-signature",)
    assert (till.headers, till.tolerance) == (("x-signed",), 3_600_000)


ONE = "[[feed]]\nname = 'a'\n"
HOOK = ONE + "[feed.webhook]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "feeds.toml: no feeds; write at least one [[feed]] table"),
        ("feed = 7", "feeds.toml: no feeds"),
        ("[[feeds]]", "feeds.toml: unknown key 'feeds'; known are feed"),
        ("[[feed]]\n", 'feed 1: name = None: write a text, such as name = "square"'),
        (ONE + "name =", "feeds.toml: not TOML"),
        (ONE + "topics = 'x'", "feed 1 (a): unknown key 'topics'"),
        (ONE + "topic = 'a b'", "feed 1 (a): topic = 'a b': write a name of a topic"),
        (ONE + "silence = 'golden'", "silence = 'golden': write one of 'trusted', 'unknown'"),
        (ONE + ONE, "feed 'a' is there 2 times"),
        (ONE + ONE.replace("'a'", "'b'") + "topic = 'feeds.a'", "topic 'feeds.a' is there 2 times"),
        (ONE + "webhook = 7", "webhook = 7: write a table"),
        (HOOK, "feed 1 (a), webhook: scheme = None: write a text"),
        (HOOK + "scheme = 'squared'", "scheme = 'squared': write one of square, toast"),
        (HOOK + "scheme = 'none'\npath = 'a'", "path = 'a': write the path of a URL"),
        (HOOK + "scheme = 'none'\npath = '/{a}'", "path = '/{a}': write the path of a URL"),
        (HOOK + "scheme = 'none'\nsecrets = ['s']", "secrets = ['s']: scheme none does not use it; leave it out"),
        (HOOK + "scheme = 'toast'", 'secrets = None: name the file of the secret, such as ["secret"]'),
        (HOOK + "scheme = 'toast'\nsecrets = []", "secrets = []: write a list of texts"),
        (HOOK + "scheme = 'toast'\nsecrets = ['a', 'b', 'c']", "name the file of one secret, or the files of two"),
        (HOOK + "scheme = 'square'\nsecrets = ['a']", "url = None: write the URL as the vendor knows it"),
        (HOOK + "scheme = 'toast'\nsecrets = ['a']\nurl = 'x'", "url = 'x': scheme toast does not use it"),
        (HOOK + "scheme = 'token'\nsecrets = ['a']", "header = None: name the header"),
        (HOOK + "scheme = 'token'\nsecrets = ['a']\nheader = 'x y'", "header = 'x y': write the name of a header"),
        (HOOK + "scheme = 'shopify'\nsecrets = ['a']\ntolerance = '5m'", "scheme shopify does not use it"),
        (HOOK + "scheme = 'toast'\nsecrets = ['a']\ntolerance = 'long'", "tolerance = 'long': write a length of time"),
        (HOOK + "scheme = 'none'\nport = 1", "unknown key 'port'"),
    ],
)
def test_an_error_names_the_file_the_key_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(FeedsError) as caught:
        parse_feeds(text, "feeds.toml")
    assert str(caught.value).startswith("feeds.toml")
    assert message in str(caught.value)


def test_two_feeds_cannot_have_the_same_path() -> None:
    text = "".join(f'[[feed]]\nname = "{name}"\nwebhook = {{ path = "/x", scheme = "none" }}\n' for name in "ab")
    with pytest.raises(FeedsError, match="webhook path '/x' is there 2 times; give each feed its own"):
        parse_feeds(text, "feeds.toml")
