"""The layers of the design: the packages that each package may import. A failure names the import that breaks one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_KNOW = {
    "dashboards": {"streams.alerting", "streams.metrics"},
    "schemas": set(),
    "streams.adapters": {"schemas", "streams.config", "streams.records"},
    "streams.alerting": {"schemas", "streams.config", "streams.judging", "streams.metrics"},
    "streams.cli": {
        "schemas",
        "streams.adapters",
        "streams.alerting",
        "streams.config",
        "streams.gateway",
        "streams.grafana",
        "streams.intake",
        "streams.judging",
        "streams.kafka",
        "streams.local",
        "streams.logs",
        "streams.metrics",
        "streams.notifier",
        "streams.records",
        "streams.signatures",
        "streams.state",
        "streams.text",
        "streams.wall_clock",
        "streams.worker",
    },
    "streams.config": {"schemas", "streams.judging", "streams.signatures"},
    "streams.engine": {"streams.errors", "streams.kafka", "streams.metrics", "streams.records"},
    "streams.errors": set(),
    "streams.gateway": {
        "schemas",
        "streams.config",
        "streams.kafka",
        "streams.metrics",
        "streams.records",
        "streams.signatures",
        "streams.wall_clock",
    },
    "streams.grafana": set(),
    "streams.intake": {
        "schemas",
        "streams.adapters",
        "streams.config",
        "streams.engine",
        "streams.errors",
        "streams.kafka",
        "streams.metrics",
        "streams.records",
        "streams.wall_clock",
    },
    "streams.judging": {"schemas"},
    "streams.kafka": {"schemas", "streams.records"},
    "streams.local": {"schemas", "streams.judging", "streams.kafka", "streams.metrics", "streams.wall_clock"},
    "streams.logs": {"schemas"},
    "streams.metrics": {"schemas", "streams.state"},
    "streams.notifier": {
        "schemas",
        "streams.kafka",
        "streams.records",
        "streams.signatures",
        "streams.text",
        "streams.wall_clock",
    },
    "streams.records": set(),
    "streams.signatures": {"schemas"},
    "streams.state": {"schemas", "streams.errors", "streams.judging", "streams.records"},
    "streams.text": set(),
    "streams.wall_clock": {"schemas"},
    "streams.worker": {
        "schemas",
        "streams.engine",
        "streams.errors",
        "streams.judging",
        "streams.kafka",
        "streams.metrics",
        "streams.records",
        "streams.state",
        "streams.wall_clock",
    },
}
"""Each package or top-level module of the product, with those that it may import."""

PURE = (
    "schemas.events",
    "schemas.instants",
    "schemas.reading",
    "schemas.verdicts",
    "schemas.words",
    "streams.alerting",
    "streams.errors",
    "streams.judging",
    "streams.notifier.alerts",
    "streams.notifier.progress",
    "streams.notifier.queue",
    "streams.notifier.responses",
    "streams.notifier.webhook",
    "streams.state",
    "streams.text",
)
"""Packages and modules without a framework, a clock or I/O."""

THIRD_PARTY = {"schemas": {"msgspec"}, "streams.judging": {"msgspec"}, "streams.state": {"msgspec"}}
"""The third-party packages that the contract and the core may import."""

IMPURE = {"asyncio", "io", "logging", "os", "pathlib", "random", "socket", "subprocess", "threading", "time"}
"""Standard modules that read a clock, do I/O or draw random numbers."""

PACKAGES = ("schemas", "streams", "dashboards")
MODULES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str | None:
    """The part that a module belongs to; None outside the product."""
    known = [part for part in MAY_KNOW if module == part or module.startswith(part + ".")]
    return max(known, key=len, default=None)


def imports_of(path: Path) -> Iterator[str]:
    """Yield every module that a file imports: `from streams import logs` yields streams.logs."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if part_of(name) else node.module for name in within)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_package_imports_only_lower_layers(path: Path) -> None:
    mine = part_of(name_of(path))
    if mine is None:
        assert name_of(path) == "streams", "a module that belongs to no part: give it one in MAY_KNOW"
        return
    for imported in imports_of(path):
        theirs = part_of(imported)
        if imported.split(".")[0] in PACKAGES:
            assert theirs == mine or theirs in MAY_KNOW[mine], f"{name_of(path)} imports {imported}"


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(name_of(p)) in THIRD_PARTY], ids=name_of)
def test_the_contract_and_the_core_import_hardly_anything_from_outside(path: Path) -> None:
    mine = part_of(name_of(path))
    assert mine is not None
    for imported in imports_of(path):
        root = imported.split(".")[0]
        is_ours = root in ("schemas", "streams", "__future__")
        assert is_ours or root in sys.stdlib_module_names or root in THIRD_PARTY[mine], (
            f"{name_of(path)} imports {imported}"
        )


@pytest.mark.parametrize(
    "path", [p for p in MODULES if f"{name_of(p)}.".startswith(tuple(f"{pure}." for pure in PURE))], ids=name_of
)
def test_the_core_has_no_clock_and_no_io(path: Path) -> None:
    roots = {imported.split(".")[0] for imported in imports_of(path)}
    assert not roots & IMPURE
    tree = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    assert not {node.id for node in tree if isinstance(node, ast.Name)} & {"open", "print", "input"}
    assert not {node.attr for node in tree if isinstance(node, ast.Attribute)} & {"utcnow", "today", "fromtimestamp"}


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / "tests").rglob("*.py")], ids=name_of)
def test_files_are_short_enough_to_read(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") < 500
