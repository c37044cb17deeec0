"""Plants a fault in a function: finds a piece of its code by its form, and puts another in its place.

The form is Python. A name in it (of a variable, an attribute, a function or a keyword) stands for any name, but for the
same one wherever it occurs; constants, operators and structure stand for themselves. So a fault survives renames.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

_Names: TypeAlias = dict[str, str]
_NAMES: Final = {
    ast.Name: "id",
    ast.Attribute: "attr",
    ast.keyword: "arg",
    ast.arg: "arg",
}
"""The kinds of nodes that have a name, and the field with it."""
_BUILT_IN: Final = {name for each in (builtins, bytes, str, list, dict, set) for name in dir(each)}


class Mutant(NamedTuple):
    """A fault.

    place: the module and, after a colon, the qualified name of the function or class. form: the expression or the
    statements to replace. fault: what is put there instead; "" drops the statements. which: where the form occurs more
    than once, which of its occurrences is meant, counted from 1; 0 where it occurs once.
    """

    name: str
    place: str
    form: str
    fault: str
    which: int = 0

    @property
    def path(self) -> str:
        """The file of the module, from the root of the repository."""
        return self.place.partition(":")[0].replace(".", "/") + ".py"


class NotPlanted(ValueError):
    """The code has changed so much that the fault has no place in it; the message says which, and what to do."""


def planted(mutant: Mutant, root: Path) -> str:
    """Return the text of the module in the repository at `root`, with the fault in it. Raises NotPlanted."""
    module = root / mutant.path
    tree = ast.parse(module.read_text("utf-8"))
    scope = _scope(tree, mutant)
    form, fault = _parsed(mutant.form), _parsed(mutant.fault)
    if isinstance(fault, list) and not isinstance(form, list):
        form = [ast.Expr(form)]  # a call that is a statement, in whose place other statements are put, or none
    matches = sorted(_matches(scope, form), key=lambda match: match.position)
    if (mutant.which == 0 and len(matches) != 1) or mutant.which > len(matches):
        times = f"{len(matches)} times, which is {mutant.which}"
        raise NotPlanted(f"{mutant.place} has {mutant.form!r} {times}: adapt the mutant {mutant.name!r}")
    match = matches[max(mutant.which - 1, 0)]
    unknown = _identifiers(fault) - match.names.keys() - _vocabulary(module.parent) - _BUILT_IN
    if unknown:  # any test would notice a NameError
        raise NotPlanted(f"{mutant.place} knows no {', '.join(unknown)}: adapt the mutant {mutant.name!r}")
    match.replace(fault)
    return ast.unparse(ast.fix_missing_locations(tree))


def _scope(tree: ast.AST, mutant: Mutant) -> ast.AST:
    for name in mutant.place.partition(":")[2].split("."):
        inner = [
            node
            for node in ast.iter_child_nodes(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
        ]
        if len(inner) != 1:
            raise NotPlanted(f"there is no {mutant.place}: adapt the mutant {mutant.name!r}")
        tree = inner[0]
    return tree


@cache
def _vocabulary(package: Path) -> set[str]:
    """Return all names that occur in the modules of a package."""
    return set().union(*(_identifiers(ast.parse(path.read_text("utf-8"))) for path in package.glob("*.py")))


def _identifiers(code: ast.AST | list[ast.stmt]) -> set[str]:
    """Return all names of variables, attributes, keywords, functions and classes."""
    nodes = code if isinstance(code, list) else [code]
    named = [each for node in nodes for each in ast.walk(node) if type(each) in _NAMES]
    found = {getattr(each, _NAMES[type(each)]) for each in named}
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.alias)
    return found | {each.name for node in nodes for each in ast.walk(node) if isinstance(each, defined)}


def _parsed(text: str) -> ast.expr | list[ast.stmt]:
    body = ast.parse(text).body
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        return body[0].value
    return body


class _Match(NamedTuple):
    """A piece of code of the form: `length` nodes from `start` of a list, or one node where that is None."""

    parent: ast.AST
    field: str
    start: int | None
    length: int
    names: _Names

    @property
    def position(self) -> tuple[int, int]:
        """The line and column in the module at which it begins."""
        value = getattr(self.parent, self.field)
        node = value if self.start is None else value[self.start]
        return node.lineno, node.col_offset

    def replace(self, fault: ast.expr | list[ast.stmt]) -> None:
        new = [_renamed(node, self.names) for node in (fault if isinstance(fault, list) else [fault])]
        if self.start is None:
            (node,) = new
            setattr(self.parent, self.field, node)
            return
        nodes = getattr(self.parent, self.field)
        if isinstance(nodes[self.start], ast.stmt):
            new = [ast.Expr(node) if isinstance(node, ast.expr) else node for node in new] or [ast.Pass()]
        nodes[self.start : self.start + self.length] = new


def _matches(scope: ast.AST, form: ast.expr | list[ast.stmt]) -> Iterator[_Match]:
    for parent in ast.walk(scope):
        for field, value in ast.iter_fields(parent):
            if isinstance(form, list) and isinstance(value, list):
                for index in range(len(value) - len(form) + 1):
                    if value and (names := _bound(form, value[index : index + len(form)])) is not None:
                        yield _Match(parent, field, index, len(form), names)
            elif not isinstance(form, list):
                many = value if isinstance(value, list) else [value]
                for index, node in enumerate(many):
                    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
                        continue  # the target of an assignment, in whose place no expression can stand
                    if (names := _bound(form, node)) is not None:
                        yield _Match(parent, field, index if isinstance(value, list) else None, 1, names)


def _bound(form: object, code: object) -> _Names | None:
    """Return what the names of the form stand for in the code; None where the code is not of that form."""
    names: _Names = {}
    fits = _fits(form, code, names) and len(set(names.values())) == len(names)
    return names if fits else None


def _fits(form: object, code: object, names: _Names) -> bool:
    if isinstance(form, list):
        return (
            isinstance(code, list)
            and len(form) == len(code)
            and all(_fits(one, other, names) for one, other in zip(form, code, strict=True))
        )
    if not isinstance(form, ast.AST):
        return type(form) is type(code) and form == code
    if type(form) is not type(code):
        return False
    named = _NAMES.get(type(form))
    for field in form._fields:
        one, other = getattr(form, field, None), getattr(code, field, None)
        if field == named and isinstance(one, str) and isinstance(other, str):
            if names.setdefault(one, other) != other:
                return False
        elif field not in ("ctx", "kind", "type_comment") and not _fits(one, other, names):
            return False
    return True


def _renamed(node: ast.AST, names: _Names) -> ast.AST:
    """Return a copy of the node with the names that the form stands for; other names stand for themselves."""
    copy = deepcopy(node)
    for each in ast.walk(copy):
        field = _NAMES.get(type(each))
        if field is not None:
            name = getattr(each, field)
            setattr(each, field, names.get(name, name))
    return copy
