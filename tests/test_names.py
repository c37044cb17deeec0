"""The names of the house: one name for one thing, the field's own words, and no module that is a crumb of another."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PRODUCT: Final = ("schemas", "streams", "dashboards")
TOP: Final = (*PRODUCT, "benchmarks", "tests")

METAPHORS: Final = frozenset(
    (
        *("aside", "book", "chunk", "counter", "courier", "desk", "errand", "go", "hand", "hands", "held", "keeper"),
        *("knock", "ledger", "opener", "paper", "papers", "said", "shelf", "tally", "tills", "told", "wall"),
    )
)
"""Words that once stood for a term of the field, each in a sense that only this project knew."""

STANDARD: Final = frozenset(
    {
        "feed_counter",  # a counter of Prometheus
        "record_counter",  # a counter of Prometheus
        "row_counter",  # a counter of Prometheus
        "wall_clock",  # as opposed to the monotonic clock and to event time
    }
)
"""Names that contain such a word in its ordinary technical sense."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def words(name: str) -> set[str]:
    """Split snake_case and CamelCase into lower-case words."""
    return {word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", part)}


def definitions(path: Path) -> Iterator[Definition]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Definition))


def top_level(path: Path) -> list[Definition]:
    return [node for node in tree_of(path).body if isinstance(node, Definition)]


def imported_by(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports: `from streams import logs` yields streams.logs."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (
                name if (ROOT / name.replace(".", "/")).with_suffix(".py").exists() else node.module for name in within
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_a_public_class_name_stands_for_one_thing() -> None:
    homes = defaultdict(list)
    for path in modules(*PRODUCT):
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name_of(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


@pytest.mark.parametrize("path", modules(*TOP), ids=name_of)
def test_names_are_terms_of_the_field(path: Path) -> None:
    names = {path.stem, *(node.name for node in definitions(path))}
    private = {name: words(name) & METAPHORS for name in names if not name.startswith("test_")}
    assert {name: found for name, found in private.items() if found and name.strip("_") not in STANDARD} == {}


def test_no_module_holds_one_definition_for_one_neighbour() -> None:
    """It belongs into the module that uses it. A class with several methods is more than one definition."""
    importers = defaultdict(set)
    for path in modules(*PRODUCT):
        for imported in imported_by(path):
            importers[imported].add(name_of(path))
    crumbs = {
        name_of(path): importers[name_of(path)]
        for path in modules(*PRODUCT)
        if path.name != "__init__.py"
        and len(top_level(path)) == 1
        and len(list(definitions(path))) < 3
        and len(importers[name_of(path)]) == 1
        and all(
            importer.rpartition(".")[0] == name_of(path).rpartition(".")[0] for importer in importers[name_of(path)]
        )
    }
    assert crumbs == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = {name_of(path): path for path in modules(*PRODUCT)}
    needs = {name: {module for module in imported_by(path) if module in known} - {name} for name, path in known.items()}
    # Take away what needs nothing that is left; what cannot be taken away is in a cycle or needs one.
    while free := [name for name, modules in needs.items() if not modules & needs.keys()]:
        for name in free:
            del needs[name]
    assert needs == {}


def test_what_these_tests_read_is_there() -> None:
    assert words("TopicReader") == {"topic", "reader"}
    assert words("_shelf_of") == {"shelf", "of"}
    assert Counter(name_of(path) for path in modules(*TOP)).most_common(1)[0][1] == 1
