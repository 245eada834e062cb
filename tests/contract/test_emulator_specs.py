"""What the emulator answers, held against the published specifications; known departures of the service are listed."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft4Validator
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from emulators.azure_openai.config import EmulatorConfig
from emulators.azure_openai.identity import issue_token
from emulators.azure_openai.server import AzureOpenAIEmulator

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif("TUNEDROP_REFERENCE" not in os.environ, reason="TUNEDROP_REFERENCE names no reference material"),
]
ROOT = Path(os.environ.get("TUNEDROP_REFERENCE", ".")) / "specs"
DATED = "api-version=2025-04-01-preview"
ARM = "api-version=2025-09-01"

# The service was recorded to leave out what is null, to echo what its schema does not know, and to start in a state
# that only the dated schema lists.
V1_JOB = {
    "organization_id required",
    "metadata required",
    "error required",
    "trainingType unknown",  # echoed on every recorded job, in no published schema
    "suffix unknown",  # the v1 schema calls it user_provided_suffix, recordings show suffix
}
V1_UNFINISHED = V1_JOB | {
    "fine_tuned_model required",
    "finished_at required",
    "result_files required",
    "trained_tokens required",
    "status enum",  # pending is not in the v1 enum
}
# The schema nests the annotations once more than every recorded answer does.
V1_CHAT = {
    "prompt_filter_results.content_filter_results.hate unknown",
    "prompt_filter_results.content_filter_results.self_harm unknown",
    "prompt_filter_results.content_filter_results.sexual unknown",
    "prompt_filter_results.content_filter_results.violence unknown",
    "prompt_filter_results.content_filter_results.jailbreak unknown",
}
DATED_JOB = {"trainingType unknown"}


def _load(name: str) -> dict[str, Any]:
    text = (ROOT / name).read_text(encoding="utf-8-sig")
    return yaml.safe_load(text) if name.endswith("yaml") else json.loads(text)


class Specification:
    """A published document, by which a JSON value can be judged."""

    def __init__(self, name: str, prefix: str, validator: Any) -> None:
        self._document = _load(name)
        self._prefix, self._validator = prefix, validator
        self._registry = Registry().with_resource("urn:spec", Resource(contents=self._document, specification=DRAFT4))

    def departures(self, schema: str, value: Any) -> set[str]:
        """Return where a value departs from a schema: by rule, or by members that the schema does not know."""
        reference = {"$ref": f"urn:spec#{self._prefix}/{schema}"}
        found = self._validator(reference, registry=self._registry).iter_errors(value)
        broken = {_name(error.absolute_path, error.validator, error.message) for error in found}
        return broken | set(self._unknown({"$ref": f"#{self._prefix}/{schema}"}, value, []))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            target: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any] | None:
        schema = self._resolve(schema)
        if schema.get("additionalProperties") or any(name in schema for name in ("anyOf", "oneOf")):
            return None
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            found |= self._properties(part) or {}
        return found or None

    def _unknown(self, schema: dict[str, Any], value: Any, path: list[str]) -> Iterator[str]:
        schema = self._resolve(schema)
        if isinstance(value, list):
            for item in value:
                yield from self._unknown(schema.get("items", {}), item, path)
        properties = self._properties(schema)
        if not isinstance(value, dict) or properties is None:
            return
        for name, member in value.items():
            if name not in properties:
                yield f"{'.'.join([*path, name])} unknown"
            else:
                yield from self._unknown(properties[name], member, [*path, name])


def _name(path: Any, rule: str, message: str) -> str:
    names = [part for part in path if isinstance(part, str)]
    if rule == "required":
        names.append(message.split("'")[1])
    return f"{'.'.join(names)} {rule}"


@pytest.fixture(scope="module")
def v1() -> Specification:
    """Return the v1 document."""
    return Specification("azure-openai-v1.json", "/components/schemas", OAS30Validator)


@pytest.fixture(scope="module")
def authoring() -> Specification:
    """Return the dated document."""
    name = "azure-openai-authoring-2025-04-01-preview.extract.yaml"
    return Specification(name, "/definitions", Draft4Validator)


@pytest.fixture(scope="module")
def arm() -> Specification:
    """Return ARM's document."""
    return Specification("arm-cognitiveservices-2026-07-01.extract.json", "/definitions", Draft4Validator)


class Caller:
    """Speaks plain HTTP, so that nothing is read into the answers."""

    def __init__(self, emulator: AzureOpenAIEmulator) -> None:
        self.emulator = emulator
        token = issue_token("https://management.azure.com")["access_token"]
        self._arm = {"Authorization": f"Bearer {token}"}
        self._key = {"api-key": emulator.api_key}

    def data(self, method: str, path: str, **content: Any) -> Any:
        """Ask the data plane and return its JSON."""
        return requests.request(
            method, f"{self.emulator.url}/openai{path}", headers=self._key, timeout=30, **content
        ).json()

    def arm(self, method: str, path: str, **content: Any) -> Any:
        """Ask ARM and return its JSON."""
        return requests.request(method, f"{self.emulator.url}{path}", headers=self._arm, timeout=30, **content).json()


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """Run an account in which a job has succeeded, been deployed as `tuned`, and another waits for a slot."""
    with AzureOpenAIEmulator(EmulatorConfig()) as emulator:
        yield Caller(emulator)


@pytest.fixture(scope="module")
def file_id(caller: Caller) -> str:
    """Upload a file of twelve examples and return its id."""
    line = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy there."}]}
    content = "".join(json.dumps(line) + "\n" for _ in range(12))
    form = {"files": {"file": ("train.jsonl", content)}, "data": {"purpose": "fine-tune"}}
    identifier = caller.data("POST", "/v1/files", **form)["id"]
    assert caller.data("GET", f"/v1/files/{identifier}")["status"] == "processed"
    return identifier


@pytest.fixture(scope="module")
def created(caller: Caller, file_id: str) -> dict[str, Any]:
    """Return a job as its creation answered."""
    body = {"model": "gpt-4.1-mini", "training_file": file_id, "trainingType": "globalStandard", "suffix": "spec"}
    return caller.data("POST", "/v1/fine_tuning/jobs", json={**body, "validation_file": file_id})


@pytest.fixture(scope="module")
def model_name(caller: Caller, created: dict[str, Any]) -> str:
    """Return the model of the finished job."""
    return caller.data("GET", f"/v1/fine_tuning/jobs/{created['id']}")["fine_tuned_model"]


@pytest.fixture(scope="module")
def deployment(caller: Caller, model_name: str) -> dict[str, Any]:
    """Return what ARM answered to the PUT of the tuned model."""
    model = {"format": "OpenAI", "name": model_name, "version": "1"}
    body = {"sku": {"name": "GlobalStandard", "capacity": 5}, "properties": {"model": model}, "tags": {"by": "test"}}
    return caller.arm("PUT", f"{caller.emulator.resource_id}/deployments/tuned?{ARM}", json=body)


def test_v1_files(v1: Specification, caller: Caller, file_id: str) -> None:
    """Files on v1 are exactly what the schema says."""
    assert v1.departures("AzureOpenAIFile", caller.data("GET", f"/v1/files/{file_id}")) == set()
    assert v1.departures("AzureListFilesResponse", caller.data("GET", "/v1/files?purpose=fine-tune")) == set()


def test_v1_jobs(v1: Specification, caller: Caller, created: dict[str, Any]) -> None:
    """Jobs on v1 depart from the schema only where the service was recorded to."""
    assert v1.departures("OpenAI.FineTuningJob", created) == V1_UNFINISHED
    finished = caller.data("GET", f"/v1/fine_tuning/jobs/{created['id']}")
    assert finished["status"] == "succeeded"
    assert v1.departures("OpenAI.FineTuningJob", finished) == V1_JOB
    listed = caller.data("GET", "/v1/fine_tuning/jobs")
    known = {f"data.{departure}" for departure in V1_JOB}
    assert v1.departures("OpenAI.ListPaginatedFineTuningJobsResponse", listed) == known


def test_v1_events_and_checkpoints(v1: Specification, caller: Caller, created: dict[str, Any], model_name: str) -> None:
    """Events and checkpoints on v1 are exactly what the schemas say."""
    path = f"/v1/fine_tuning/jobs/{created['id']}"
    events = caller.data("GET", f"{path}/events?limit=100")["data"]
    assert {problem for event in events for problem in v1.departures("OpenAI.FineTuningJobEvent", event)} == set()
    checkpoints = caller.data("GET", f"{path}/checkpoints")["data"]
    assert [v1.departures("OpenAI.FineTuningJobCheckpoint", checkpoint) for checkpoint in checkpoints] == [set()] * 3


def test_v1_models_and_errors(v1: Specification, caller: Caller) -> None:
    """Models and errors on v1 are exactly what the schemas say."""
    models = caller.data("GET", "/v1/models")["data"]
    assert {problem for model in models for problem in v1.departures("OpenAI.Model", model)} == set()
    assert v1.departures("AzureErrorResponse", caller.data("GET", "/v1/files/file-none")) == set()


def test_v1_chat(v1: Specification, caller: Caller, deployment: dict[str, Any]) -> None:
    """A chat completion departs only where the recorded annotations of the prompt do."""
    body = {"model": deployment["name"], "messages": [{"role": "user", "content": "Hi"}]}
    answer = caller.data("POST", "/v1/chat/completions", json=body)
    assert v1.departures("AzureCreateChatCompletionResponse", answer) == V1_CHAT


def test_dated_files_and_uploads(authoring: Specification, caller: Caller, file_id: str) -> None:
    """Files and uploads on the dated API are exactly what the schemas say."""
    assert authoring.departures("File", caller.data("GET", f"/files/{file_id}?{DATED}")) == set()
    body = {"filename": "a.jsonl", "purpose": "fine-tune", "bytes": 3, "mime_type": "application/jsonl"}
    upload = caller.data("POST", f"/uploads?{DATED}", json=body)
    part = caller.data("POST", f"/uploads/{upload['id']}/parts?{DATED}", files={"data": b"{}\n"})
    done = caller.data("POST", f"/uploads/{upload['id']}/complete?{DATED}", json={"part_ids": [part["id"]]})
    assert authoring.departures("UploadPartResource", part) == set()
    assert authoring.departures("UploadResource", done) == set()
    # `file` is null until the upload is complete, for which the schema has no word.
    assert authoring.departures("UploadResource", upload) == {"file type"}


def test_dated_jobs(authoring: Specification, caller: Caller, created: dict[str, Any], model_name: str) -> None:
    """Jobs, events and checkpoints on the dated API depart only by the echoed trainingType."""
    path = f"/fine_tuning/jobs/{created['id']}"
    assert authoring.departures("FineTuningJob", caller.data("GET", f"{path}?{DATED}")) == DATED_JOB
    events = caller.data("GET", f"{path}/events?{DATED}")
    assert authoring.departures("FineTuningJobEventList", {**events, "has_more": False}) == set()
    checkpoints = caller.data("GET", f"{path}/checkpoints?{DATED}")
    assert authoring.departures("FineTuningJobCheckpointList", checkpoints) == set()


def test_dated_models_and_errors(authoring: Specification, caller: Caller, model_name: str) -> None:
    """Models and errors on the dated API are exactly what the schemas say."""
    assert authoring.departures("ModelList", caller.data("GET", f"/models?{DATED}")) == set()
    assert authoring.departures("ErrorResponse", caller.data("GET", f"/files/file-none?{DATED}")) == set()


def test_arm_deployments(arm: Specification, caller: Caller, deployment: dict[str, Any]) -> None:
    """Deployments in ARM are exactly what the schema says."""
    assert arm.departures("Deployment", deployment) == set()
    listed = caller.arm("GET", f"{caller.emulator.resource_id}/deployments?{ARM}")
    assert len(listed["value"]) == 3
    assert arm.departures("DeploymentListResult", listed) == set()
    skus = caller.arm("GET", f"{caller.emulator.resource_id}/deployments/tuned/skus?{ARM}")
    assert arm.departures("DeploymentSkuListResult", skus) == set()


def test_arm_models_and_usages(arm: Specification, caller: Caller, model_name: str) -> None:
    """Models, usages and capacities in ARM are exactly what the schemas say."""
    models = caller.arm("GET", f"{caller.emulator.resource_id}/models?{ARM}")
    assert model_name in [model["name"] for model in models["value"]]
    assert arm.departures("AccountModelListResult", models) == set()
    provider = f"/subscriptions/{caller.emulator.config.subscription_id}/providers/Microsoft.CognitiveServices"
    usages = caller.arm("GET", f"{provider}/locations/swedencentral/usages?{ARM}")
    assert arm.departures("UsageListResult", usages) == set()
    query = f"modelFormat=OpenAI&modelName=gpt-4.1-mini&modelVersion=2025-04-14&{ARM}"
    capacities = caller.arm("GET", f"{provider}/locations/swedencentral/modelCapacities?{query}")
    assert arm.departures("ModelCapacityListResult", capacities) == set()
    assert (
        arm.departures("ModelListResult", caller.arm("GET", f"{provider}/locations/swedencentral/models?{ARM}"))
        == set()
    )


def test_arm_errors(arm: Specification, caller: Caller) -> None:
    """Errors in ARM are exactly what the schema says."""
    missing = caller.arm("GET", f"{caller.emulator.resource_id}/deployments/none?{ARM}")
    assert arm.departures("ErrorResponse", missing) == set()
