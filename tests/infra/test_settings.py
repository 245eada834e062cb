"""The app's settings mean the same to Bicep, to the app, to the Functions host and on a developer's machine."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from shared.errors import SettingsError
from shared.settings import Settings
from tests.infra.bicep import INFRA, ROOT, Expression, read

MAIN = read(INFRA / "main.bicep")
HOST: dict[str, Any] = json.loads((ROOT / "host.json").read_text())
LOCAL: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
SETTINGS: dict[str, Any] = MAIN.variables["settings"]

# What the Functions host and the SDKs read; everything else must be a variable of the app.
OF_THE_HOST = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "DATASETS_STORAGE__credential",
    "DATASETS_STORAGE__queueServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
}
OF_THE_SDKS = {"AZURE_CLIENT_ID", "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"}
# What only a developer's machine needs: Flex Consumption keeps the runtime elsewhere and has no connection strings.
LOCAL_ONLY = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "DATASETS_STORAGE"}
# The addresses that a deployment gives, as Azure writes them.
ADDRESSES = {
    "DATASETS_STORAGE__clientId": "11111111-2222-3333-4444-555555555555",
    "DATASETS_STORAGE__blobServiceUri": "https://tdabcdata.blob.core.windows.net/",
    "AZURE_OPENAI_ENDPOINT": "https://tunedrop-abc-openai.openai.azure.com/",
    "AZURE_OPENAI_RESOURCE_ID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a",
}


class Recorder(dict[str, str]):
    """An environment that remembers which variables it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Answer as a dict does, and remember the question."""
        self.asked.add(key)
        return super().get(key, default)


def deployed() -> dict[str, str]:
    """Return the environment of an app that was deployed with every parameter's default."""
    return {name: ADDRESSES.get(name) or value_of(value) for name, value in SETTINGS.items()}


def value_of(value: Any) -> str:
    """Return what Bicep makes of a setting: a literal, or the default of the parameter that it names."""
    if not isinstance(value, Expression):
        return str(value)
    name = re.sub(r"^string\((\w+)\)$", r"\1", value.text)
    default = MAIN.params.get(name)
    return default.strip("'") if default else "set-by-the-deployment"


def all_settings() -> set[str]:
    """Return every setting that any choice of parameters can bring about."""
    return {
        *SETTINGS,
        *re.findall(r"(AZURE_OPENAI_API_KEY|DURABLE_TASK_SCHEDULER_CONNECTION_STRING):", MAIN.text),
    }


def asked_by_the_app() -> set[str]:
    """Return the variables that the app reads."""
    environ = Recorder(deployed())
    Settings.from_env(environ)
    return environ.asked


def test_the_app_starts_with_what_bicep_sets() -> None:
    """The deployed settings are complete and right: the app finds no fault in them."""
    settings = Settings.from_env(deployed())
    assert settings.storage_blob_service_uri == "https://tdabcdata.blob.core.windows.net"
    assert settings.base_deployment == "gpt-4o"
    assert settings.bounds.max_usd_per_day == Decimal(300)
    assert settings.price_region == "swedencentral"


@pytest.mark.parametrize(
    "name", ["DATASETS_STORAGE__blobServiceUri", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_RESOURCE_ID"]
)
def test_each_required_setting_is_set(name: str) -> None:
    """What the app cannot do without stands in Bicep; without it, the app names it."""
    environ = deployed()
    del environ[name]
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(environ)


def test_every_setting_has_a_reader() -> None:
    """Bicep sets nothing that neither the app, nor the host, nor an SDK reads."""
    assert all_settings() - asked_by_the_app() - OF_THE_HOST - OF_THE_SDKS == set()


def test_every_bound_is_a_parameter_with_the_apps_default() -> None:
    """The bounds of the app and the defaults of the template are the same numbers and names."""
    bare = {name: value for name, value in deployed().items() if name in ADDRESSES}
    assert Settings.from_env(deployed()).bounds == Settings.from_env(bare).bounds
    bounds = {name for name in SETTINGS if name.startswith(("MAX_", "ALLOWED_"))}
    readable = {name for name in asked_by_the_app() if name.startswith(("MAX_", "ALLOWED_"))}
    assert readable - bounds == {"MAX_POLL_SECONDS"}
    assert all(isinstance(SETTINGS[name], Expression) for name in bounds)


def test_a_key_is_at_most_a_reference_to_the_vault() -> None:
    """No setting holds a key; the one that can stand for a key names a secret."""
    keyed = MAIN.variables["keySettings"].text
    assert "AZURE_OPENAI_API_KEY: '@Microsoft.KeyVault(SecretUri=" in keyed
    literals = [str(value) for value in SETTINGS.values()]
    assert not [value for value in literals if re.search(r"AccountKey|SharedAccess|[0-9a-f]{32}", value)]
    assert "DATASETS_STORAGE" not in SETTINGS
    assert "AzureWebJobsStorage" not in SETTINGS


def test_a_developers_settings_have_the_same_names() -> None:
    """What stands in local.settings.json.example is set by Bicep too, or is of a developer's machine alone."""
    assert set(LOCAL) - LOCAL_ONLY - set(SETTINGS) == set()
    assert set(LOCAL) - LOCAL_ONLY - asked_by_the_app() - OF_THE_SDKS == set()


def test_the_host_uses_azure_storage_by_default() -> None:
    """The committed host.json fits the template's default backend, and both name one task hub."""
    durable = HOST["extensions"]["durableTask"]
    assert MAIN.params["durableBackend"] == "'AzureStorage'"
    assert durable["storageProvider"]["type"] == "AzureStorage"
    assert durable["hubName"] == MAIN.variables["hubName"] == "tunedrop"


def test_the_guide_shows_the_host_file_for_the_scheduler() -> None:
    """docs/deploy.md has the durableTask section that goes with the Durable Task Scheduler, as valid JSON."""
    guide = (ROOT / "docs" / "deploy.md").read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", guide, re.DOTALL)]
    (durable,) = [block["durableTask"] for block in blocks if "durableTask" in block]
    assert durable["storageProvider"] == {
        "type": "azureManaged",
        "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    }
    assert durable["hubName"] == HOST["extensions"]["durableTask"]["hubName"]
    assert "DURABLE_TASK_SCHEDULER_CONNECTION_STRING" in MAIN.variables["schedulerSettings"].text


def test_alerts_can_see_every_request() -> None:
    """The alerts count requests: sampling must leave them all."""
    excluded = HOST["logging"]["applicationInsights"]["samplingSettings"]["excludedTypes"]
    assert "Request" in excluded.split(";")
