"""A host around the test app, and a storage emulator that serves the whole session."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators.azurite import Azurite, connection_string
from emulators.clock import Clock
from emulators.functions_host.testing import LocalHost

APP = Path(__file__).parent / "app"
APP_MODULES = ("function_app", "durable_part")
DEADLINE_SECONDS = 20.0


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Run one storage emulator for all tests."""
    with Azurite() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """Return the application settings of the test app; its trace is a file of the test's own."""
    # Nobody listens there: a test that needs storage says so by giving another connection string.
    nowhere = connection_string(1, 1, 1)
    return {
        "AzureWebJobsStorage": nowhere,
        "DataStorage": nowhere,
        "INCOMING": "incoming",
        "SCHEDULE": "0 0 3 * * *",
        "APP_TRACE": str(tmp_path / "trace.jsonl"),
    }


@pytest.fixture
async def host(settings: dict[str, str]) -> AsyncIterator[LocalHost]:
    """Run the test app in real time."""
    async with LocalHost(APP, settings, Clock(), app_modules=APP_MODULES) as running:
        yield running


@pytest.fixture
async def virtual(settings: dict[str, str]) -> AsyncIterator[LocalHost]:
    """Run the test app on a clock that jumps."""
    async with LocalHost(APP, settings, app_modules=APP_MODULES) as running:
        yield running


async def start(host: LocalHost, name: str, given: Any = None, **options: Any) -> str:
    """Start an orchestration and wait until its first turn is under way."""
    instance_id = await host.client.schedule_new_orchestration(name, input=given or {}, **options)
    await host.client.wait_for_orchestration_start(instance_id, timeout=DEADLINE_SECONDS)
    return instance_id


async def outcome(host: LocalHost, instance_id: str) -> tuple[str, Any]:
    """Return how an orchestration ended: its status and what it returned."""
    state = await host.client.wait_for_orchestration_completion(instance_id, timeout=DEADLINE_SECONDS)
    assert state is not None
    return state.runtime_status.name, json.loads(state.serialized_output or "null")


async def run(host: LocalHost, name: str, given: Any = None, **options: Any) -> tuple[str, Any]:
    """Run an orchestration to its end."""
    instance_id = await host.client.schedule_new_orchestration(name, input=given or {}, **options)
    return await outcome(host, instance_id)


async def eventually(check: Callable[[], Awaitable[Any]], description: str) -> Any:
    """Return the first true answer of a check, asked again and again until the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if answer := await check():
            return answer
        await asyncio.sleep(0.05)
    pytest.fail(f"not within {DEADLINE_SECONDS:.0f} s: {description}")


def eventually_now(check: Callable[[], Any], description: str) -> Any:
    """Return the first true answer of a synchronous check, asked again and again until the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.05)
    return pytest.fail(f"not within {DEADLINE_SECONDS:.0f} s: {description}")


def traced(settings: dict[str, str], what: str) -> list[dict[str, Any]]:
    """Return the test app's trace lines of one kind."""
    path = Path(settings["APP_TRACE"])
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if line["what"] == what]


def encoded(text: str) -> str:
    """Return a queue message as the host expects it by default."""
    return base64.b64encode(text.encode()).decode()
