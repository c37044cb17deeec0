"""Transport and ledger stand on private parts of Faust and aiokafka: each is known, and none has changed."""

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
"""The modules that are built on private parts of Faust and aiokafka."""


@pytest.mark.parametrize("private", PRIVATES, ids=lambda private: private.where)
def test_a_private_part_is_as_it_was_when_it_was_reviewed(private: Private) -> None:
    assert private.installed() == private.digest, (
        f"{private.where} is not what it was. {private.why} If that still holds in the new release, set its digest to "
        f"{private.installed()} in streams/engine/transport/privates.py; if not, change what stands on it first."
    )


def test_every_private_name_that_is_said_is_in_the_table() -> None:
    known = {name for private in PRIVATES for name in private.names}
    assert _foreign_names() == known


def _foreign_names() -> set[str]:
    """The private names in the sources of both, but for those that only its own classes have."""
    trees = [ast.parse(source.read_text()) for source in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute) and _is_private(node.attr)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    made = {node.attr for node in attributes if _is_set_on_self(node)} | {function.name for function in functions}
    said = {node.attr for node in attributes if not _is_set_on_self(node)} | {function.name for function in functions}
    inherited = {name for ours in (BatchClient, BatchConsumer, BatchTransport) for name in dir(ours.__base__)}
    return {name for name in said if _is_private(name) and (name in inherited or name not in made)}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_set_on_self(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
