"""Matches request paths against the route templates of HTTP-triggered functions, as ASP.NET does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from emulators.functions_host.worker import Function

_CONSTRAINTS = {
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
    "decimal": r"[+-]?\d+(?:\.\d+)?",
    "double": r"[+-]?\d+(?:\.\d+)?",
    "bool": "true|false",
    "alpha": "[A-Za-z]*",
    "guid": r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?",
}
_LENGTHS = {"length": "{low},{high}", "minlength": "{low},", "maxlength": "1,{low}"}
_PARAMETER = re.compile(r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?P<constraints>(?::[^{}?]+)*)(?P<optional>\??)\}")
ALL_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True)
class Route:
    """One function's path pattern and methods."""

    pattern: re.Pattern[str]
    template: str
    methods: frozenset[str]
    function: Function

    @property
    def auth_level(self) -> str:
        """Return ANONYMOUS, FUNCTION or ADMIN."""
        return str(self.function.trigger.get("authLevel") or "FUNCTION").upper()


def routes_for(functions: Sequence[Function], prefix: str) -> list[Route]:
    """Return the routes of HTTP-triggered functions, more specific ones first."""
    routes = []
    for function in functions:
        template = f"{prefix}/{function.trigger.get('route') or function.name}".strip("/")
        methods = frozenset(m.upper() for m in function.trigger.get("methods") or ()) or ALL_METHODS
        routes.append(Route(pattern_for(template), template, methods, function))
    return sorted(routes, key=_generality)


def pattern_for(template: str) -> re.Pattern[str]:
    """Return the pattern of a route template with parameters {a}, {a:int}, {a?}, {*rest} and their constraints.

    Raises:
        ValueError: the template has a constraint that this host does not know.
    """
    pattern = ""
    for segment in template.strip("/").split("/"):
        whole = _PARAMETER.fullmatch(segment)
        if whole and whole["rest"]:
            pattern += f"(?:/(?P<{whole['name']}>.*))?"
        elif whole and whole["optional"]:
            pattern += f"(?:/{_group(whole)})?"
        else:
            literals = _PARAMETER.split(segment)[:: _PARAMETER.groups + 1]
            groups = [_group(parameter) for parameter in _PARAMETER.finditer(segment)] + [""]
            pairs = zip(literals, groups, strict=True)
            pattern += "/" + "".join(re.escape(literal) + group for literal, group in pairs)
    return re.compile(f"{pattern}/?", re.IGNORECASE)


def parameters(route: Route, path: str) -> Mapping[str, str] | None:
    """Return the route parameters of a path, or None when the route does not match it."""
    match = route.pattern.fullmatch(path)
    return {k: unquote(v) for k, v in match.groupdict().items() if v is not None} if match else None


def _group(parameter: re.Match[str]) -> str:
    body = "[^/]+"
    for constraint in filter(None, parameter["constraints"].split(":")):
        name, _, argument = constraint.partition("(")
        if name == "regex":
            body = argument[:-1]
        elif constraint in _CONSTRAINTS:
            body = _CONSTRAINTS[constraint]
        elif name in _LENGTHS:
            low, _, high = argument[:-1].partition(",")
            body = f"[^/]{{{_LENGTHS[name].format(low=low, high=high or low)}}}"
        else:
            msg = f"route constraint {constraint!r} is not supported by the local host"
            raise ValueError(msg)
    return f"(?P<{parameter['name']}>{body})"


def _generality(route: Route) -> tuple[tuple[int, ...], int]:
    """Order as ASP.NET does: segment by segment, literal before constrained before free before catch-all."""
    ranks = []
    for segment in route.template.split("/"):
        parameter = _PARAMETER.search(segment)
        if not parameter:
            ranks.append(0)
        elif parameter["rest"]:
            ranks.append(3)
        else:
            ranks.append(1 if parameter["constraints"] else 2)
    return tuple(ranks), -len(route.template)
