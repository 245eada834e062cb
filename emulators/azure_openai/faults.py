"""Trouble on order: requests that fail by rule, and jobs, files and deployments that end badly."""

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

OUTCOMES = {
    "job": frozenset(
        {
            "fail_data_check",
            "fail_model_evaluation",
            "fail_invalid_data",
            "fail_internal",
            "stay_pending",
            "unknown_status",
        }
    ),
    "deployment": frozenset({"fail", "stuck"}),
    "file": frozenset({"error"}),
}


@dataclass(frozen=True)
class Fault:
    """A rule: which requests fail and how, before or after they have had their effect.

    `nth` is one occurrence, `first` the first n, `every` each nth; without any of them all requests fail.
    """

    operation: str
    nth: int | None = None
    first: int | None = None
    every: int | None = None
    when: Literal["before", "after"] = "before"
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    drop: bool = False

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Self:
        """Return the rule that a JSON object describes.

        Raises:
            ValueError: the object is no rule.
        """
        unknown = set(content) - set(cls.__dataclass_fields__)
        if unknown or not isinstance(content.get("operation"), str):
            raise ValueError(f"A fault needs an operation; unknown members: {sorted(unknown)}.")
        if content.get("when", "before") not in ("before", "after"):
            raise ValueError("A fault strikes 'before' or 'after' the effect.")
        return cls(**content)

    def strikes(self, occurrence: int) -> bool:
        """Return whether the occurrence (counted from 1, since the rule was made) is one that fails."""
        if self.nth is not None:
            return occurrence == self.nth
        if self.first is not None:
            return occurrence <= self.first
        return self.every is None or occurrence % self.every == 0


@dataclass
class _Armed:
    id: str
    fault: Fault
    occurrences: int = 0
    struck: int = 0


class Faults:
    """The rules in force, each with its own count of the requests it has seen."""

    def __init__(self) -> None:
        self._armed: dict[str, _Armed] = {}
        self._numbers = itertools.count(1)

    def add(self, fault: Fault) -> str:
        """Put a rule in force and return its id."""
        armed = _Armed(f"fault-{next(self._numbers)}", fault)
        self._armed[armed.id] = armed
        return armed.id

    def remove(self, fault_id: str) -> bool:
        """Lift a rule; return whether there was one of that id."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Lift all rules."""
        self._armed.clear()

    def meet(self, operation: str) -> Fault | None:
        """Count a request with every rule for its operation and return the first that strikes."""
        struck: Fault | None = None
        for armed in self._armed.values():
            if armed.fault.operation in (operation, "*"):
                armed.occurrences += 1
                if struck is None and armed.fault.strikes(armed.occurrences):
                    armed.struck += 1
                    struck = armed.fault
        return struck

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules as JSON, with how often each was met and has struck."""
        return [
            {"id": armed.id, **asdict(armed.fault), "occurrences": armed.occurrences, "struck": armed.struck}
            for armed in self._armed.values()
        ]


class Outcomes:
    """How the next jobs, files and deployments shall end; each new one takes the oldest order of its kind."""

    def __init__(self) -> None:
        self._orders: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in OUTCOMES}

    def order(self, kind: str, result: str, *, times: int = 1, **details: Any) -> None:
        """Order an end for the next `times` things of a kind; `details` can replace code, message or status.

        Raises:
            ValueError: there is no such kind or result.
        """
        if result not in OUTCOMES.get(kind, frozenset()):
            raise ValueError(
                f"{kind!r} has no outcome {result!r}; known: { {k: sorted(v) for k, v in OUTCOMES.items()} }."
            )
        self._orders[kind] += [{"result": result, **details}] * times

    def take(self, kind: str) -> Mapping[str, Any] | None:
        """Return and use up the oldest order of a kind."""
        orders = self._orders[kind]
        return orders.pop(0) if orders else None

    def clear(self) -> None:
        """Cancel all orders."""
        for orders in self._orders.values():
            orders.clear()

    def describe(self) -> dict[str, list[Mapping[str, Any]]]:
        """Return the orders that wait, by kind."""
        return {kind: list(orders) for kind, orders in self._orders.items()}
