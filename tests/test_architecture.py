"""docs/architecture.md names files and definitions; each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`((?:streams|schemas|dashboards|tests)/[\w./-]*)`", PAGE)))
ROWS = re.findall(r"^\| [^|]+ \| `([\w./]+\.py)` \| (`.+`) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_the_page_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("path", "names"), ROWS)
def test_a_name_that_the_page_gives_for_a_module_is_defined_there(path: str, names: str) -> None:
    assert set(re.findall(r"`(\w+)`", names)) <= defined_in(ROOT / path)


def test_the_page_is_read_as_it_is_written() -> None:
    assert len(PATHS) > 30
    assert len(ROWS) > 15


def defined_in(path: Path) -> set[str]:
    """Return the names that a module defines at its top level."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
