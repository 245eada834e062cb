"""Recorded histories against changed orchestrators: every incompatible change is found."""

import random
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import pytest
from durabletask import task

from emulators.functions_host.replay import replay
from emulators.functions_host.testing import LocalHost

from .conftest import run

type Orchestrator = Callable[[task.OrchestrationContext, dict], Generator[Any, Any, Any]]


def recorded(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Do what the app's orchestrator `child` does."""
    value = yield ctx.call_activity("noop", input=given["v"])
    if given.get("wait"):
        yield ctx.create_timer(timedelta(seconds=given["wait"]))
    return value + 1


def renamed(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Call another activity."""
    value = yield ctx.call_activity("work", input=given["v"])
    yield ctx.create_timer(timedelta(seconds=given["wait"]))
    return value + 1


def reordered(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Wait first."""
    yield ctx.create_timer(timedelta(seconds=given["wait"]))
    value = yield ctx.call_activity("noop", input=given["v"])
    return value + 1


def other_input(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Call the activity with another input."""
    value = yield ctx.call_activity("noop", input=given["v"] + 1)
    yield ctx.create_timer(timedelta(seconds=given["wait"]))
    return value + 1


def random_input(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Call the activity with an input that differs each time."""
    value = yield ctx.call_activity("noop", input=random.random())
    yield ctx.create_timer(timedelta(seconds=given["wait"]))
    return value + 1


def other_timer(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Wait longer."""
    value = yield ctx.call_activity("noop", input=given["v"])
    yield ctx.create_timer(timedelta(seconds=given["wait"] * 2))
    return value + 1


def ends_early(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Do not wait."""
    value = yield ctx.call_activity("noop", input=given["v"])
    return value + 1


def ends_late(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Call one more activity at the end."""
    value = yield from recorded(ctx, given)
    yield ctx.call_activity("noop", input=0)
    return value


def other_result(ctx: task.OrchestrationContext, given: dict) -> Generator[Any, Any, Any]:
    """Return something else."""
    value = yield from recorded(ctx, given)
    return value * 100


CHANGES = (renamed, reordered, other_input, random_input, other_timer, ends_early, ends_late, other_result)


async def test_an_unchanged_orchestrator_replays(virtual: LocalHost) -> None:
    """The code that made a history has no differences from it."""
    await run(virtual, "child", {"v": 1, "wait": 5}, instance_id="golden")
    assert replay(recorded, virtual.history("golden"), "golden") == []


@pytest.mark.parametrize("changed", CHANGES, ids=lambda f: f.__name__)
async def test_a_changed_orchestrator_is_found_out(virtual: LocalHost, changed: Orchestrator) -> None:
    """Each incompatible change is reported, also those that the engine itself does not notice."""
    await run(virtual, "child", {"v": 1, "wait": 5}, instance_id="golden")
    assert replay(changed, virtual.history("golden"), "golden") != []
