"""The engine uses private parts of Faust and aiokafka: each is in the table, and none has changed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import streams.engine
from streams.engine.transport.client import BatchClient
from streams.engine.transport.driver import BatchConsumer, BatchTransport
from streams.engine.transport.privates import PRIVATES, Private

ENGINE = Path(streams.engine.__path__[0])
SOURCES = [ENGINE / "log_reader.py", ENGINE / "transaction.py", *sorted((ENGINE / "transport").glob("*.py"))]
"""The modules that use private parts of Faust and aiokafka."""


@pytest.mark.parametrize("private", PRIVATES, ids=lambda private: private.where)
def test_a_private_part_has_not_changed_since_it_was_reviewed(private: Private) -> None:
    assert private.installed() == private.digest, (
        f"{private.where} has changed. {private.why} If that still holds in the new release, set its digest to "
        f"{private.installed()} in streams/engine/transport/privates.py; if not, change the code that uses it first."
    )


def test_every_private_name_that_the_engine_uses_is_in_the_table() -> None:
    listed = {name for private in PRIVATES for name in private.names}
    assert _foreign_names() == listed


def _foreign_names() -> set[str]:
    """Return the private names in the sources of the engine, except those that only its own classes have."""
    trees = [ast.parse(source.read_text()) for source in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and _is_private(node.attr)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    own = {node.attr for node in attributes if _is_set_on_self(node)} | {function.name for function in functions}
    used = {node.attr for node in attributes if not _is_set_on_self(node)} | {function.name for function in functions}
    inherited = {name for ours in (BatchClient, BatchConsumer, BatchTransport) for name in dir(ours.__base__)}
    return {name for name in used if _is_private(name) and (name in inherited or name not in own)}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_set_on_self(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
