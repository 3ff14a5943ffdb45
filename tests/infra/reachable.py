"""The source text that a Lambda function can reach: its module, and each function of ours that is named in it, in turn.

A whole module would be too much: a module of steps serves several tasks, which may touch different ports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLLOWED = ("oms.application", "api", "tasks")


class Definition(NamedTuple):
    module: str
    name: str


def reachable_source(module: str) -> str:
    texts, pending = [_path(module).read_text()], list(_named(module, _tree(module)))
    reached = set[Definition]()
    while pending:
        definition = pending.pop()
        node = _definitions(definition.module).get(definition.name)
        if definition not in reached and node is not None:
            reached.add(definition)
            texts.append(ast.unparse(node))
            pending += _named(definition.module, node)
    return "\n".join(texts)


def _named(module: str, node: ast.AST) -> Iterator[Definition]:
    """What a piece of a module names: its own definitions, imported ones, and those of imported modules."""
    imports = _imports(module)
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield imports.get(each.id, Definition(module, each.id))
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in imports:
            imported = imports[each.value.id]
            yield Definition(f"{imported.module}.{imported.name}", each.attr)


@cache
def _imports(module: str) -> dict[str, Definition]:
    return {
        alias.asname or alias.name: Definition(node.module, alias.name)
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


@cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    if not module.startswith(FOLLOWED) or not _path(module).is_file():
        return {}
    definitions: dict[str, ast.stmt] = {}
    for node in _tree(module).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            definitions[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            definitions |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return definitions


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text())


def _path(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"
