"""Every adapter that ships passes the tests beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.adapters.adapter_tests import AdapterTest
from streams.adapters.differences import differences
from streams.adapters.vendors import load, load_tests, load_with, names


def every_test() -> Iterator[object]:
    for name in names():
        tests = load_tests(name)
        for test in tests.tests if tests else ():
            yield pytest.param(name, test, id=f"{name}: {test.name}")


@pytest.mark.parametrize(("name", "test"), [*every_test()])
def test_every_adapter_passes_its_tests(name: str, test: AdapterTest) -> None:
    tests = load_tests(name)
    assert tests is not None
    adapter = load_with(name, tests.tables, tests.zones)
    assert [str(difference) for difference in differences(adapter, test)] == []


@pytest.mark.parametrize("name", names())
def test_every_adapter_has_a_description_and_tests(name: str) -> None:
    assert load_with(name, {}, {}).about
    assert load_tests(name) is not None


def test_the_adapter_in_the_documentation_passes_the_tests_there(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text("utf-8")
    adapter, tests = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "kiosk.toml").write_text(adapter, "utf-8")
    (tmp_path / "kiosk.tests.toml").write_text(tests, "utf-8")
    kiosk, beside = load(str(tmp_path / "kiosk.toml")), load_tests(str(tmp_path / "kiosk.toml"))
    assert beside is not None
    assert [str(difference) for test in beside.tests for difference in differences(kiosk, test)] == []
