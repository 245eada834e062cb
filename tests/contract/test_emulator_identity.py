"""The emulated managed identity through the real azure-identity package."""

from collections.abc import Iterator

import openai
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, DefaultAzureCredential, ManagedIdentityCredential
from openai import OpenAI

from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.server import AzureOpenAIEmulator


@pytest.fixture(scope="module")
def running() -> Iterator[AzureOpenAIEmulator]:
    """Run one emulated account for this file."""
    with AzureOpenAIEmulator(EmulatorConfig()) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> AzureOpenAIEmulator:
    """Return the account, with its identity in this process's environment until the test is over."""
    for name, value in running.identity_environment.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.mark.parametrize("kind", [DefaultAzureCredential, ManagedIdentityCredential])
@pytest.mark.parametrize("scope", ["https://cognitiveservices.azure.com/.default", "https://ai.azure.com/.default"])
def test_a_credential_opens_the_data_plane(emulator: AzureOpenAIEmulator, kind: type, scope: str) -> None:
    """A token for either audience of the data plane is accepted there."""
    credential = kind()
    base_url = f"{emulator.url}/openai/v1/"
    with OpenAI(base_url=base_url, api_key=lambda: credential.get_token(scope).token, max_retries=0) as client:
        assert next(iter(client.models.list())).id == "gpt-4o-mini-2024-07-18"


def test_a_token_for_arm_does_not_open_the_data_plane(emulator: AzureOpenAIEmulator) -> None:
    """The audience is checked."""
    token = ManagedIdentityCredential().get_token("https://management.azure.com/.default").token
    client = OpenAI(base_url=f"{emulator.url}/openai/v1/", api_key=token, max_retries=0)
    with client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_token_for_arm_opens_arm(emulator: AzureOpenAIEmulator) -> None:
    """A token for ARM is accepted by ARM, a missing one is not."""
    token = ManagedIdentityCredential().get_token("https://management.azure.com/.default").token
    url = f"{emulator.url}{emulator.resource_id}?api-version=2025-09-01"
    assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code == 200
    refused = requests.get(url, timeout=30)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "AuthenticationFailed")


def test_a_wrong_identity_header_gives_no_token(emulator: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who knows the header gets tokens."""
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises((ClientAuthenticationError, CredentialUnavailableError)):
        ManagedIdentityCredential().get_token("https://ai.azure.com/.default")


@pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30."])
def test_what_is_no_token_is_refused(emulator: AzureOpenAIEmulator, token: str) -> None:
    """Text that is no token, or a token without claims, is refused."""
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{emulator.url}/openai/v1/models", headers=headers, timeout=30).status_code == 401
