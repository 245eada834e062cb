"""One storage emulator for all end-to-end tests; each test has a folder of its own."""

from collections.abc import Iterator

import pytest

from emulators.azurite import Azurite


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """Return the connection string of an Azurite that lives as long as the session."""
    with Azurite() as azurite:
        yield azurite.connection_string
