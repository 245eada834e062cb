"""Reads Bicep files as data for the tests: parameters, outputs, variables, resources and module calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bicep

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))


@dataclass(frozen=True)
class Expression:
    """Anything that is no plain string, number, bool, object or array: its text as written."""

    text: str


@dataclass(frozen=True)
class Block:
    """A resource or a module call: its symbol, type or path, whether it exists already, and its body."""

    symbol: str
    kind: str
    existing: bool
    body: dict[str, Any]


@dataclass
class Bicep:
    """One file."""

    path: Path
    text: str
    params: dict[str, str | None] = field(default_factory=dict)
    decorators: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    resources: list[Block] = field(default_factory=list)
    modules: list[Block] = field(default_factory=list)

    def of_type(self, kind: str) -> list[Block]:
        """Return the resources of a type that this file creates."""
        return [r for r in self.resources if r.kind.split("@")[0] == kind and not r.existing]


@cache
def read(path: Path) -> Bicep:
    """Return a file's declarations; fail on a syntax error."""
    source = path.read_bytes()
    tree = _PARSER.parse(source)
    assert not tree.root_node.has_error, f"{path.name} has a syntax error"
    result, decorators = Bicep(path, source.decode()), ""
    for node in _declarations(tree.root_node):
        if node.type == "decorators":
            decorators = _text(node)
            continue
        _keep(result, node, decorators)
        decorators = ""
    return result


def read_all() -> list[Bicep]:
    """Return every file of the infrastructure."""
    return [read(path) for path in FILES]


def paths_in(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a body with its dotted path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths_in(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for inner in value:
            yield from paths_in(inner, f"{prefix}[]")
    else:
        yield prefix, value


def _declarations(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    for node in root.children:
        if node.type == "infrastructure":
            yield from node.children
        else:
            yield node


def _keep(result: Bicep, node: tree_sitter.Node, decorators: str) -> None:
    named = [child for child in node.children if child.type == "identifier"]
    symbol = _text(named[0]) if named else ""
    if node.type == "parameter_declaration":
        has_default = any(child.type == "=" for child in node.children)
        result.params[symbol] = _text(node.children[-1]) if has_default else None
        result.decorators[symbol] = decorators
    elif node.type == "variable_declaration":
        result.variables[symbol] = _value(node.children[-1])
    elif node.type == "output_declaration":
        result.outputs[symbol] = _text(node.children[-1])
    elif node.type in {"resource_declaration", "module_declaration"}:
        kind = next(_text(child)[1:-1] for child in node.children if child.type == "string")
        existing = any(_text(child) == "existing" for child in node.children)
        block = Block(symbol, kind, existing, _body(node))
        (result.resources if node.type == "resource_declaration" else result.modules).append(block)


def _body(node: tree_sitter.Node) -> dict[str, Any]:
    """Return the object after a declaration's `=`, through its condition or its loop."""
    equals = next(index for index, child in enumerate(node.children) if child.type == "=")
    queue = list(node.children[equals + 1 :])
    while queue:
        current = queue.pop(0)
        if current.type == "object":
            return _value(current)
        queue += current.children
    return {}


def _value(node: tree_sitter.Node) -> Any:
    if node.type == "object":
        pairs = [child for child in node.children if child.type == "object_property"]
        return {_text(pair.children[0]).strip("'"): _value(pair.children[-1]) for pair in pairs}
    if node.type == "array":
        return [_value(child) for child in node.named_children if child.type != "comment"]
    if node.type == "string" and not any(child.type == "interpolation" for child in node.children):
        return _text(node)[1:-1]
    if node.type == "number":
        return int(_text(node))
    if node.type == "boolean":
        return _text(node) == "true"
    return Expression(_text(node))


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()
