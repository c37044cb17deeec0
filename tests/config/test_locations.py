"""The keys of a file of locations, and the errors of files that cannot be used."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from schemas.instants import NEVER
from streams.config.locations import LocationsError, parse_locations
from streams.judging.locations import Location, LocationFeed, Locations

EXAMPLE = Path(__file__).parents[2] / "examples" / "locations.toml"

EVERYTHING = """
[[location]]
id = "quay"
display_name = "Quay Street"
zone = "Europe/Dublin"
objectives = { ready = 0.95, delivered = 0.9 }
feed = "pos-quay"
silent_after = "5m"
abandoned_after = "2d"
"""


def test_every_key_of_a_location_is_read() -> None:
    [quay] = parse_locations(EVERYTHING, "loc.toml").all
    assert tomllib.loads(EVERYTHING)["location"][0].keys() == set(Location._fields)

    objectives = {"ready": 0.95, "delivered": 0.9}
    assert quay == Location("quay", "Quay Street", "Europe/Dublin", objectives, "pos-quay", 300_000, 172_800_000)


def test_keys_that_are_left_out_have_defaults() -> None:
    [quay] = parse_locations('[[location]]\nid = "quay"\n', "loc.toml").all

    assert quay == Location("quay", "quay", "UTC", {}, "", 600_000, NEVER)


def test_a_location_that_is_not_listed_has_its_id_as_name() -> None:
    listed = parse_locations(EVERYTHING, "loc.toml")

    assert listed.get("quay").display_name == "Quay Street"
    assert listed.get("harbour") == Location("harbour", "harbour")
    assert Locations().get("harbour") == Location("harbour", "harbour")


def test_only_locations_with_a_feed_are_among_the_feeds() -> None:
    listed = parse_locations(EVERYTHING + '[[location]]\nid = "harbour"\n', "loc.toml")

    assert listed.feeds() == {"quay": LocationFeed("pos-quay", 300_000, 172_800_000)}


def test_the_example_has_the_locations_of_the_demo() -> None:
    locations = parse_locations(EXAMPLE.read_text("utf-8"), "examples/locations.toml")

    assert {location.id for location in locations.all} > {"bar-quay", "kitchen", "pharmacy"}
    assert locations.get("pharmacy").objectives == {"ready": 0.98}


WRONG = {
    "id = ": "loc.toml: not TOML: ",
    "": "loc.toml: no locations; write at least one [[location]] table",
    "location = [3]": "loc.toml: location 1: write it as a [[location]] table",
    '[[shop]]\nid = "quay"': "loc.toml: unknown key 'shop'; known are location",
    '[[location]]\nname = "quay"': "loc.toml: location 1: unknown key 'name'; known are abandoned_after, ",
    '[[location]]\nzone = "UTC"': 'loc.toml: location 1: id = None: write a text, such as id = "quay"',
    '[[location]]\nid = "quay"\n[[location]]\nid = "quay"': "loc.toml: location 'quay' is there 2 times; write one ",
}
"""Whole files, and how the message begins."""

KEYS = {
    'display_name = ""': "display_name = '': write a text, such as display_name = \"Quay Street\"",
    'zone = "Dublin"': "zone = 'Dublin': write an IANA time zone that this machine knows, such as Europe/Dublin",
    'zone = "Europe"': "zone = 'Europe': write an IANA time zone",
    'zone = "/etc/passwd"': "zone = '/etc/passwd': write an IANA time zone",
    "objectives = 0.9": "objectives = 0.9: write a table by kind, such as { ready = 0.95 }",
    "objectives = { ready = 95 }": "objectives = {'ready': 95}: write a share between 0 and 1, such as 0.95",
    "objectives = { ready = 1.0 }": "objectives = {'ready': 1.0}: write a share between 0 and 1",
    "objectives = { ready = 0.0 }": "objectives = {'ready': 0.0}: write a share between 0 and 1",
    'feed = ""': "feed = '': write a text, such as feed = \"pos-quay\"",
    'silent_after = "5m"': "silent_after = '5m': name the feed that it is about, such as feed = \"pos-quay\"",
    'feed = "pos"\nsilent_after = 5': 'silent_after = 5: write a length of time as "500ms", ',
}
"""Faults in an otherwise valid location, each with the text of the message after file and location."""


@pytest.mark.parametrize("text", WRONG)
def test_an_invalid_file_of_locations_is_an_error(text: str) -> None:
    with pytest.raises(LocationsError) as refused:
        parse_locations(text, "loc.toml")

    assert str(refused.value).startswith(WRONG[text])


@pytest.mark.parametrize("lines", KEYS)
def test_a_wrong_key_is_named_with_file_location_and_remedy(lines: str) -> None:
    with pytest.raises(LocationsError) as refused:
        parse_locations(f'[[location]]\nid = "quay"\n{lines}', "loc.toml")

    assert str(refused.value).startswith(f"loc.toml: location 1 (quay): {KEYS[lines]}")
