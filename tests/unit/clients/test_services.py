"""The composition root: lazy, complete, once a worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.clients.arm import ArmDeployments
from shared.clients.azure_openai import OpenAIFineTuning
from shared.clients.blobs import AzureBlobs
from shared.errors import SettingsError
from shared.services import Services, services, use_services

PROJECT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {
    "DATASETS_STORAGE": "UseDevelopmentStorage=true",
    "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com",
    "AZURE_OPENAI_RESOURCE_ID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a",
}


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Leave no services behind."""
    yield
    use_services(None)


def test_every_port_is_built_once() -> None:
    """The ports are the real clients, the same ones each time, also for threads that come at once."""
    made = Services(ENVIRONMENT)
    assert isinstance(made.blobs, AzureBlobs)
    assert isinstance(made.deployments, ArmDeployments)
    with ThreadPoolExecutor(8) as pool:
        ports = set(pool.map(lambda _: made.fine_tuning, range(32)))
    assert len(ports) == 1
    assert isinstance(ports.pop(), OpenAIFineTuning)


def test_missing_settings_are_named_when_they_are_needed() -> None:
    """An app without settings can be indexed by its host; its first activity says what is missing."""
    made = Services({})
    with pytest.raises(SettingsError, match=r"AZURE_OPENAI_ENDPOINT is missing"):
        _ = made.blobs


def test_a_worker_has_one_set_of_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is read at the first call, a replacement is used until it is taken back."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    first = services()
    assert services() is first
    assert first.settings.openai_endpoint == "https://example.openai.azure.com"
    other = Services({})
    use_services(other)
    assert services() is other
    use_services(None)
    assert services() is not first


def test_no_sdk_is_imported_before_it_is_needed() -> None:
    """A worker that starts, or builds a port, has not paid for an SDK yet."""
    program = (
        "import sys; from shared.services import services; s = services();"
        "s.blobs, s.fine_tuning, s.deployments;"
        "heavy = ('openai', 'requests', 'azure.identity', 'azure.storage.blob', 'numpy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    environ = {
        **ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ["PYTHONPATH"]]),
    }
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
