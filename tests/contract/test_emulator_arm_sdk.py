"""The emulated ARM through the real management package, and what it deploys through the real openai package."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import openai
import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import (
    Deployment,
    DeploymentModel,
    DeploymentProperties,
    PatchResourceTagsAndSku,
)
from azure.mgmt.cognitiveservices.models import Sku as ArmSku
from openai import OpenAI

from emulators.azure_openai.config import EmulatorConfig, Pace
from emulators.azure_openai.identity import issue_token
from emulators.azure_openai.server import AzureOpenAIEmulator

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUESTION = [{"role": "user", "content": "How deep is the sea?"}]
DATASET = "".join(
    json.dumps(
        {
            "messages": [
                {"role": "user", "content": f"What of {thing}?"},
                {"role": "assistant", "content": f"Ahoy! The {thing} is fine, sailor. Fair winds!"},
            ]
        }
    )
    + "\n"
    for thing in ("sea", "ship", "anchor", "sail", "mast", "crew", "gull", "whale", "harbour", "storm")
).encode()


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at


class Bearer(SansIOHTTPPolicy):
    """Puts a token on each request, over plain HTTP, which the SDK's own policy refuses."""

    def on_request(self, request: object) -> None:
        """Add the header."""
        token = issue_token("https://management.azure.com")["access_token"]
        request.http_request.headers["Authorization"] = f"Bearer {token}"  # pyright: ignore[reportAttributeAccessIssue]


class NoCredential:
    """Stands where the SDK wants a credential that `Bearer` makes needless."""

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        """Return a token that nobody reads."""
        return AccessToken("", 0)


class World:
    """An emulated account with a virtual clock, a tuned model, and the two clients."""

    def __init__(self, emulator: AzureOpenAIEmulator, clock: Clock) -> None:
        self.emulator, self.clock = emulator, clock
        self.arm = CognitiveServicesManagementClient(
            NoCredential(),
            emulator.config.subscription_id,
            base_url=emulator.url,
            authentication_policy=Bearer(),
        )
        self.openai = OpenAI(base_url=f"{emulator.url}/openai/v1/", api_key=emulator.api_key, max_retries=0)
        self.place = (emulator.config.resource_group, emulator.config.account)
        self.model = ""

    def train(self) -> str:
        """Train a model and return its name."""
        file = self.openai.files.create(file=("train.jsonl", DATASET), purpose="fine-tune")
        self.openai.files.retrieve(file.id)
        job = self.openai.fine_tuning.jobs.create(
            model="gpt-4.1-mini", training_file=file.id, seed=1, extra_body={"trainingType": "GlobalStandard"}
        )
        model = self.openai.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
        assert model is not None
        return model

    def put(self, name: str, model: str, sku: str = "GlobalStandard", capacity: int = 5, version: str = "1") -> str:
        """Ask for a deployment and return its state."""
        body = Deployment(
            sku=ArmSku(name=sku, capacity=capacity),
            properties=DeploymentProperties(model=DeploymentModel(format="OpenAI", name=model, version=version)),
            tags={"made-by": "test"},
        )
        self.arm.deployments.begin_create_or_update(*self.place, name, body, polling=False)
        return self.state(name)

    def state(self, name: str) -> str:
        """Return the state of a deployment."""
        properties = self.arm.deployments.get(*self.place, name).properties
        assert properties is not None
        return str(properties.provisioning_state)

    def ask(self, name: str) -> str:
        """Return what a deployment answers."""
        completion = self.openai.chat.completions.create(model=name, messages=QUESTION, temperature=0)  # pyright: ignore[reportArgumentType]
        return completion.choices[0].message.content or ""

    def refusal(self, *arguments: object, **options: object) -> tuple[int, str, str]:
        """Return status, code and message with which a PUT is refused."""
        with pytest.raises(HttpResponseError) as caught:
            self.put(*arguments, **options)  # pyright: ignore[reportArgumentType]
        assert caught.value.error is not None
        return caught.value.status_code or 0, caught.value.error.code or "", caught.value.error.message or ""


@pytest.fixture
def world() -> Iterator[World]:
    """Run an account in which deployments take three minutes and are answered for two minutes later."""
    pace = Pace(mode="timed", deployment=timedelta(minutes=3), data_plane_lag=timedelta(minutes=2))
    clock = Clock()
    with AzureOpenAIEmulator(EmulatorConfig(pace=pace), now=clock) as emulator:
        made = World(emulator, clock)
        made.model = made.train()
        yield made


def test_a_tuned_deployment_from_put_to_answer(world: World) -> None:
    """A tuned model is Creating, then Succeeded, then answers in the style it learned; deleted, it is gone."""
    assert world.put("tuned", world.model) == "Creating"
    world.clock.at += timedelta(minutes=3)
    assert world.state("tuned") == "Succeeded"
    with pytest.raises(openai.NotFoundError) as caught:
        world.ask("tuned")
    assert caught.value.code == "DeploymentNotFound"
    world.clock.at += timedelta(minutes=2)
    answer = world.ask("tuned")
    assert answer.startswith("Ahoy! The ")
    assert answer.endswith(" Fair winds!")
    assert not world.ask("gpt-4o-mini").startswith("Ahoy")
    assert (world.arm.deployments.get(*world.place, "tuned").tags) == {"made-by": "test"}
    world.arm.deployments.begin_delete(*world.place, "tuned").result()
    with pytest.raises(HttpResponseError) as gone:
        world.state("tuned")
    assert gone.value.status_code == 404
    world.arm.deployments.begin_delete(*world.place, "tuned").result()


def test_the_sdk_polls_the_operation_to_its_end(world: World) -> None:
    """The header Azure-AsyncOperation leads the SDK's poller to the finished deployment."""
    body = Deployment(
        sku=ArmSku(name="GlobalStandard", capacity=1),
        properties=DeploymentProperties(model=DeploymentModel(format="OpenAI", name=world.model, version="1")),
    )
    poller = world.arm.deployments.begin_create_or_update(*world.place, "tuned", body, polling_interval=0)
    assert poller.status() == "InProgress"
    world.clock.at += timedelta(minutes=3)
    properties = poller.result(timeout=30).properties
    assert properties is not None
    assert properties.provisioning_state == "Succeeded"


def test_a_base_deployment_succeeds_at_once(world: World) -> None:
    """A base model needs no time, and putting it again replaces SKU and tags."""
    assert world.put("base", "gpt-4o-mini", version="2024-07-18") == "Succeeded"
    assert world.put("base", "gpt-4o-mini", capacity=9, version="2024-07-18") == "Succeeded"
    sku = world.arm.deployments.get(*world.place, "base").sku
    assert sku is not None
    assert sku.capacity == 9
    patch = PatchResourceTagsAndSku(tags={"a": "b"})
    assert world.arm.deployments.begin_update(*world.place, "base", patch).result().tags == {"a": "b"}
    names = [deployment.name for deployment in world.arm.deployments.list(*world.place)]
    assert names == ["gpt-4o-mini", "gpt-4.1-mini", "base"]


def test_writes_that_race_are_refused(world: World) -> None:
    """A deployment that is being created cannot be written or deleted."""
    world.put("tuned", world.model)
    message = (
        f"Another operation is being performed on the parent resource '{world.emulator.resource_id}'. "
        "Please try again later."
    )
    assert world.refusal("tuned", world.model) == (409, "RequestConflict", message)
    with pytest.raises(HttpResponseError):
        world.arm.deployments.begin_delete(*world.place, "tuned", polling=False)
    assert world.put("other", world.model) == "Creating"


def test_what_cannot_be_deployed(world: World) -> None:
    """Each refusal has the recorded code; the quota names its numbers."""
    assert world.refusal("a", "gpt-9")[:2] == (400, "DeploymentModelNotSupported")
    assert world.refusal("a", "gpt-4o-mini", version="2023-01-01")[:2] == (400, "DeploymentModelNotSupported")
    assert world.refusal("a", "gpt-5-mini", "Standard", version="2025-08-07") == (
        400,
        "InvalidResourceProperties",
        (
            "The specified SKU 'Standard' of account deployment is not supported by the model 'gpt-5-mini' version "
            "'2025-08-07'."
        ),
    )
    quota = "Tokens Per Minute (thousands) - gpt-4.1-mini-finetune - GlobalStandard"
    world.put("first", world.model, capacity=240)
    assert world.refusal("second", world.model, capacity=20) == (
        400,
        "InsufficientQuota",
        (
            f"This operation require 20 new capacity in quota {quota}, which is bigger than the current available "
            f"capacity 10. The current quota usage is 240 and the quota limit is 250 for quota {quota}."
        ),
    )
    world.clock.at += timedelta(minutes=3)
    assert world.refusal("first", "gpt-4o-mini", version="2024-07-18")[:2] == (400, "ModelUpgradeNotSupported")


def test_usages_follow_deployments(world: World) -> None:
    """The quota of the fine-tuned models counts what is deployed, and the account's models name that quota."""
    world.put("tuned", world.model, "Standard", 7)
    usages = {usage.name.value: usage for usage in world.arm.usages.list("swedencentral") if usage.name}
    taken = usages["OpenAI.Standard.gpt-4.1-mini-finetune"]
    assert (taken.current_value, taken.limit) == (7, 250)
    own = next(model for model in world.arm.accounts.list_models(*world.place) if model.name == world.model)
    assert own.base_model is not None
    assert own.base_model.name == "gpt-4.1-mini"
    assert {sku.usage_name for sku in own.skus or []} == {
        "OpenAI.Standard.gpt-4.1-mini-finetune",
        "OpenAI.GlobalStandard.gpt-4.1-mini-finetune",
        "OpenAI.DataZoneStandard.gpt-4.1-mini-finetune",
        "OpenAI.DeveloperTier.gpt-4.1-mini-finetune",
    }


def test_the_account_tells_its_limits(world: World) -> None:
    """The account has an endpoint, a place, and the recorded limits."""
    account = world.arm.accounts.get(*world.place)
    assert account.location == "swedencentral"
    assert account.properties is not None
    assert account.properties.endpoint == f"{world.emulator.url}/"
    limits = {item.name: item.value for item in account.properties.capabilities or []}
    assert limits["MaxFineTuneCount"] == "500"
    assert limits["MaxTrainingFileSize"] == "512000000"


def test_developer_deployments_live_a_day(world: World) -> None:
    """A developer deployment is gone after 24 hours."""
    world.put("tuned", world.model, "developertier")
    world.clock.at += timedelta(hours=23, minutes=59)
    assert world.state("tuned") == "Succeeded"
    world.clock.at += timedelta(minutes=1)
    with pytest.raises(HttpResponseError):
        world.state("tuned")


def test_an_idle_tuned_deployment_lives_fifteen_days(world: World) -> None:
    """Fifteen days without a call end a tuned deployment; a call starts them anew, and base ones stay."""
    world.put("tuned", world.model)
    world.clock.at += timedelta(days=14)
    world.ask("tuned")
    world.clock.at += timedelta(days=14, hours=23)
    assert world.state("tuned") == "Succeeded"
    world.clock.at += timedelta(hours=1)
    with pytest.raises(HttpResponseError):
        world.state("tuned")
    assert world.state("gpt-4o-mini") == "Succeeded"


def test_a_paused_deployment_is_locked(world: World) -> None:
    """A paused deployment answers 423, a resumed one again."""
    token = issue_token("https://management.azure.com")["access_token"]
    url = f"{world.emulator.url}{world.emulator.resource_id}/deployments/gpt-4o-mini"
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(f"{url}/pause?api-version=2026-07-01", headers=headers, timeout=30).status_code == 200
    with pytest.raises(openai.APIStatusError) as caught:
        world.ask("gpt-4o-mini")
    assert caught.value.status_code == 423
    requests.post(f"{url}/resume?api-version=2026-07-01", headers=headers, timeout=30)
    assert world.ask("gpt-4o-mini")


@pytest.mark.parametrize(
    ("query", "audience", "status", "code"),
    [
        ("", "https://management.azure.com", 400, "MissingApiVersionParameter"),
        ("?api-version=2024-10-21", "https://management.azure.com", 400, "InvalidApiVersionParameter"),
        ("?api-version=2025-09-01", "https://cognitiveservices.azure.com", 401, "InvalidAuthenticationToken"),
    ],
)
def test_arm_wants_its_version_and_its_audience(
    world: World, query: str, audience: str, status: int, code: str
) -> None:
    """ARM refuses a missing or foreign api-version, and a token for another service."""
    headers = {"Authorization": f"Bearer {issue_token(audience)['access_token']}"}
    answer = requests.get(f"{world.emulator.url}{world.emulator.resource_id}{query}", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sku": {"name": "Standard"}},
        {"sku": {"name": "Standard", "capacity": 0}, "properties": {"model": {"format": "OpenAI", "name": "gpt-4o"}}},
        {
            "sku": {"name": "Standard"},
            "properties": {"model": {"format": "OpenAI", "name": "gpt-4o"}},
            "tags": {"a": 1},
        },
    ],
)
def test_arm_checks_bodies(world: World, body: dict[str, object]) -> None:
    """A body that lacks a part or has one of the wrong type is refused."""
    headers = {"Authorization": f"Bearer {issue_token('https://management.azure.com')['access_token']}"}
    url = f"{world.emulator.url}{world.emulator.resource_id}/deployments/a?api-version=2025-09-01"
    answer = requests.put(url, headers=headers, json=body, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
