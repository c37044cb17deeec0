"""Every adapter that ships passes the tests beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.feeds.adapters import load_tests, load_with, names
from streams.feeds.adapting.comparing import differences
from streams.feeds.adapting.tests_file import AdapterTest


def every_test() -> Iterator[object]:
    for name in names():
        tests = load_tests(name)
        for test in tests.tests if tests else ():
            yield pytest.param(name, test, id=f"{name}: {test.name}")


@pytest.mark.parametrize(("name", "test"), [*every_test()])
def test_an_adapter_makes_of_a_payload_what_its_tests_say(name: str, test: AdapterTest) -> None:
    tests = load_tests(name)
    assert tests is not None
    adapter = load_with(name, tests.tables, tests.zones)
    assert [str(difference) for difference in differences(adapter, test)] == []


@pytest.mark.parametrize("name", names())
def test_an_adapter_says_what_it_reads_and_has_tests(name: str) -> None:
    assert load_with(name, {}, {}).about
    assert load_tests(name) is not None
