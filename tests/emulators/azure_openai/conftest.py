"""Accounts for the tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.server import AzureOpenAIEmulator
from tests.emulators.azure_openai.world import PACE, Start, World


@pytest.fixture
def start() -> Iterator[Start]:
    """Return what runs an account until the test is over."""
    with ExitStack() as stack:

        def run(config: EmulatorConfig) -> World:
            world = World()
            world.emulator = stack.enter_context(AzureOpenAIEmulator(config, now=world.now))
            return world

        yield run


@pytest.fixture
def world(start: Start) -> World:
    """Return an account at a pace of minutes."""
    return start(EmulatorConfig(pace=PACE))


@pytest.fixture
def ready_file(world: World) -> str:
    """Return a file of the account that can be trained on."""
    identifier = world.upload()
    world.wait(seconds=20)
    return identifier
