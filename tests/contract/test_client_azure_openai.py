"""The clients of Azure OpenAI and ARM against the emulated account, through the real SDKs and a managed identity."""

import json
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from emulators.azure_openai.config import EmulatorConfig, Pace
from emulators.azure_openai.server import AzureOpenAIEmulator
from shared.clients.arm import ArmDeployments
from shared.clients.azure_openai import OpenAIFineTuning
from shared.clients.credentials import AppCredential
from shared.core.deployments import DeploymentSnapshot
from shared.core.jobs import JobSnapshot
from shared.core.plans import Blob, Hyperparameters, Plan
from shared.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    TooManyRequests,
)
from shared.settings import Settings

PLAN = Plan(
    run_id="demo-0123456789ab",
    training=Blob(container="datasets", path="demo/training_set.jsonl", etag='"1"', size=10),
    base_model="gpt-4o-mini-2024-07-18",
    method="supervised",
    seed=7,
    suffix="lighthouse",
    hyperparameters=Hyperparameters(n_epochs=2, batch_size=1),
    training_type="GlobalStandard",
    deployment_name="demo-lamp",
    sku="GlobalStandard",
    capacity=5,
)
EXAMPLE = {
    "messages": [{"role": "user", "content": "How is the lamp?"}, {"role": "assistant", "content": "The lamp burns."}]
}
DATASET = (json.dumps(EXAMPLE) + "\n").encode() * 12
BLOB = Blob(container="datasets", path="demo/training_set.jsonl", etag='"1"', size=len(DATASET))
QUESTION = [{"role": "user", "content": "How is the lamp?"}]
FILTER_MARKER = "EMULATED-CONTENT-FILTER"


@pytest.fixture(scope="module")
def running() -> Iterator[AzureOpenAIEmulator]:
    """Run one emulated account at once for this file."""
    with AzureOpenAIEmulator(EmulatorConfig(content_filter_marker=FILTER_MARKER)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: AzureOpenAIEmulator, monkeypatch: pytest.MonkeyPatch) -> AzureOpenAIEmulator:
    """Return the account, empty, with its identity in this process's environment."""
    running.reset()
    for name, value in running.identity_environment.items():
        monkeypatch.setenv(name, value)
    return running


def settings_for(emulator: AzureOpenAIEmulator) -> Settings:
    """Return the settings of an app that works with the emulated account and has no key."""
    return Settings.from_env(
        {
            "DATASETS_STORAGE": "UseDevelopmentStorage=true",
            "AZURE_OPENAI_ENDPOINT": emulator.url,
            "AZURE_OPENAI_RESOURCE_ID": emulator.resource_id,
            "ARM_ENDPOINT": emulator.url,
        }
    )


@pytest.fixture
def tuning(emulator: AzureOpenAIEmulator) -> OpenAIFineTuning:
    """Return the data plane's client, by managed identity."""
    return OpenAIFineTuning(settings_for(emulator), AppCredential())


@pytest.fixture
def arm(emulator: AzureOpenAIEmulator) -> ArmDeployments:
    """Return the management plane's client, by managed identity."""
    return ArmDeployments(settings_for(emulator), AppCredential())


def upload(tuning: OpenAIFineTuning, name: str = "demo-training.jsonl") -> str:
    """Upload the dataset and return the file's id."""
    return tuning.create_file(name, BLOB, iter([DATASET[:100], DATASET[100:]])).id


def train(tuning: OpenAIFineTuning, training_file: str) -> JobSnapshot:
    """Create a job for a file and return it as it is at its end."""
    created = tuning.create_job(PLAN, training_file=training_file, validation_file="")
    return tuning.check_job(created.id)


def test_a_run_from_the_file_to_the_answer(tuning: OpenAIFineTuning, arm: ArmDeployments) -> None:
    """By identity alone: file, job, results, deployment, answer of the tuned model, and everything cleaned up."""
    file = tuning.check_file(upload(tuning))
    assert (file.filename, file.status) == ("demo-training.jsonl", "processed")

    job = train(tuning, file.id)
    assert (job.status, job.seed, job.n_epochs, job.batch_size) == ("succeeded", 7, 2, 1)
    assert job.fine_tuned_model.startswith("gpt-4o-mini-2024-07-18.ft-")
    assert job.fine_tuned_model.endswith("-lighthouse")
    assert job.created_at is not None
    assert job.created_at.utcoffset() == timedelta(0)
    assert job.last_event.startswith("Training tokens billed: ")
    assert job.metrics is not None
    assert job.metrics.train_loss is not None
    assert tuning.read_results(job.result_file).startswith(b"step,train_loss,")

    assert arm.check_deployment("demo-lamp") is None
    arm.create_deployment(PLAN, job.fine_tuned_model)
    assert arm.check_deployment("demo-lamp") == DeploymentSnapshot(
        name="demo-lamp",
        model=job.fine_tuned_model,
        sku="GlobalStandard",
        capacity=5,
        provisioning_state="Succeeded",
        run_id="demo-0123456789ab",
        owned=True,
    )
    answer = tuning.chat("demo-lamp", QUESTION, max_tokens=50)
    assert (answer.text, answer.finish_reason, answer.filtered) == ("The lamp burns.", "stop", False)
    assert answer.model == job.fine_tuned_model
    assert answer.completion_tokens > 0

    arm.delete_deployment("demo-lamp")
    tuning.delete_file(file.id)
    assert arm.check_deployment("demo-lamp") is None
    assert tuning.find_files("demo-training.jsonl") == []


def test_a_key_is_enough_for_the_data_plane(emulator: AzureOpenAIEmulator) -> None:
    """With a key in the settings no identity is needed, for v1 and for the dated API; a wrong key is told apart."""
    keyed = msgspec.structs.replace(settings_for(emulator), openai_api_key=emulator.api_key)
    tuning = OpenAIFineTuning(keyed, AppCredential(), chunked_from_bytes=1, part_bytes=1_000)
    assert tuning.check_file(upload(tuning)).status == "processed"
    assert emulator.state["counts"].get("identity_token") is None
    wrong = msgspec.structs.replace(keyed, openai_api_key="not-the-key")
    with pytest.raises(PermissionDenied) as raised:
        OpenAIFineTuning(wrong, AppCredential()).find_files("demo-training.jsonl")
    assert (raised.value.status, raised.value.service_code) == (401, "401")
    assert "not-the-key" not in str(raised.value)


def test_a_token_is_fetched_once(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """Many requests need one token of the identity: the library keeps it."""
    for _ in range(4):
        tuning.find_files("x")
    assert emulator.state["counts"]["identity_token"] == 1


def test_a_file_in_parts_is_the_same_file(emulator: AzureOpenAIEmulator) -> None:
    """The service has compared length and MD5 sum, the content is the dataset's, and v1 finds it by its name."""
    tuning = OpenAIFineTuning(settings_for(emulator), AppCredential(), chunked_from_bytes=len(DATASET), part_bytes=500)
    file_id = upload(tuning)
    assert emulator.state["counts"]["add_upload_part"] == 3
    assert tuning.read_results(file_id) == DATASET
    assert [file.id for file in tuning.find_files("demo-training.jsonl")] == [file_id]


def test_a_part_whose_connection_drops_is_sent_again(emulator: AzureOpenAIEmulator) -> None:
    """An extra copy of a part, whose answer was lost, is not part of the file."""
    emulator.add_fault("add_upload_part", nth=2, when="after", drop=True)
    tuning = OpenAIFineTuning(settings_for(emulator), AppCredential(), chunked_from_bytes=1, part_bytes=500)
    assert tuning.read_results(upload(tuning)) == DATASET
    assert emulator.state["counts"]["add_upload_part"] == 4


def test_a_broken_upload_leaves_nothing_open(emulator: AzureOpenAIEmulator) -> None:
    """An upload that cannot be completed is cancelled, and its error is the one of the completion."""
    emulator.add_fault("complete_upload", status=500)
    tuning = OpenAIFineTuning(settings_for(emulator), AppCredential(), chunked_from_bytes=1)
    with pytest.raises(ServiceUnavailable) as raised:
        upload(tuning)
    assert raised.value.operation == "create_file"
    state = emulator.state
    assert state["counts"]["complete_upload"] == 1
    assert [entry["status"] for entry in state["uploads"]] == ["cancelled"]


def test_a_lost_answer_hides_a_file_that_can_be_found(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """A dropped connection after the effect is no answer; the file is there once, under its name."""
    emulator.add_fault("create_file", first=1, when="after", drop=True)
    with pytest.raises(ServiceUnavailable) as raised:
        upload(tuning)
    assert raised.value.status is None
    assert len(tuning.find_files("demo-training.jsonl")) == 1


def test_a_lost_answer_hides_a_job_that_can_be_found(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """The request that costs money is sent once, and the job it made is found by its training file."""
    file_id = upload(tuning)
    emulator.add_fault("create_fine_tuning_job", when="after", drop=True)
    with pytest.raises(ServiceUnavailable):
        tuning.create_job(PLAN, training_file=file_id, validation_file="")
    assert emulator.state["counts"]["create_fine_tuning_job"] == 1
    assert len(tuning.find_jobs(file_id)) == 1
    assert tuning.find_jobs("file-of-another-run") == []


def test_several_jobs_come_oldest_first(tuning: OpenAIFineTuning) -> None:
    """The service lists the newest first, the port the oldest, also within one second."""
    file_id = upload(tuning)
    plan = msgspec.structs.replace(PLAN, hyperparameters=Hyperparameters())
    created = [tuning.create_job(plan, training_file=file_id, validation_file=file_id).id for _ in range(3)]
    assert [job.id for job in tuning.find_jobs(file_id)] == created


def test_a_refused_job_says_why(tuning: OpenAIFineTuning) -> None:
    """A file that does not exist is refused in the service's words, and no retry would help."""
    with pytest.raises(RequestRefused) as raised:
        tuning.create_job(PLAN, training_file="file-00000000000000000000000000000000", validation_file="")
    assert raised.value.status == 400
    assert raised.value.service_code == "invalidPayload"
    assert raised.value.said != ""


def test_a_file_without_examples_ends_in_error(tuning: OpenAIFineTuning) -> None:
    """The service's reason is in the file's detail."""
    bad = b"this is no json\n"
    file = tuning.create_file("bad.jsonl", msgspec.structs.replace(BLOB, size=len(bad)), iter([bad]))
    checked = tuning.check_file(file.id)
    assert checked.status == "error"
    assert "Validation of jsonl file failed" in checked.detail


def test_a_failed_job_says_why(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """Code and message of the service's safety checks arrive, and there is no model."""
    emulator.order_outcome("job", "fail_data_check")
    job = train(tuning, upload(tuning))
    assert (job.status, job.fine_tuned_model) == ("failed", "")
    assert "RAI checks" in job.error_message
    assert job.error_code != ""


def test_an_unknown_job_state_is_kept_verbatim(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """A state that no specification names is passed on, for the stage to wait on."""
    emulator.order_outcome("job", "unknown_status", status="hibernating")
    assert train(tuning, upload(tuning)).status == "hibernating"


def test_cancelling_and_deleting_are_idempotent(tuning: OpenAIFineTuning, arm: ArmDeployments) -> None:
    """What has ended, is gone or never was is left as it is, without an error."""
    file_id = upload(tuning)
    job = train(tuning, file_id)
    tuning.cancel_job(job.id)
    tuning.cancel_job("ftjob-00000000000000000000000000000000")
    assert tuning.check_job(job.id).status == "succeeded"
    tuning.delete_file(file_id)
    tuning.delete_file(file_id)
    arm.delete_deployment("never-was")
    with pytest.raises(NotFound):
        tuning.check_job("ftjob-00000000000000000000000000000000")


def test_cancelling_a_job_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that has not begun ends as cancelled."""
    with AzureOpenAIEmulator(EmulatorConfig(pace=Pace.manual())) as emulator:
        for name, value in emulator.identity_environment.items():
            monkeypatch.setenv(name, value)
        tuning = OpenAIFineTuning(settings_for(emulator), AppCredential())
        file_id = upload(tuning)
        assert tuning.check_file(file_id).status == "pending"
        while tuning.check_file(file_id).status != "processed":
            assert emulator.advance("file", file_id)
        job = tuning.create_job(PLAN, training_file=file_id, validation_file="")
        assert job.status == "pending"
        tuning.cancel_job(job.id)
        assert tuning.check_job(job.id).status == "cancelled"


def test_a_base_deployment_answers(tuning: OpenAIFineTuning) -> None:
    """The deployment to compare with is asked like the tuned one, and names its model."""
    answer = tuning.chat("gpt-4o-mini", QUESTION, max_tokens=200)
    assert answer.model == "gpt-4o-mini-2024-07-18"
    assert answer.text != ""
    assert tuning.chat("gpt-4o-mini", QUESTION, max_tokens=1).finish_reason == "length"


def test_a_filtered_prompt_is_an_answer(tuning: OpenAIFineTuning) -> None:
    """The content filter's 400 is not an error of the run."""
    answer = tuning.chat("gpt-4o-mini", [{"role": "user", "content": f"{FILTER_MARKER}!"}], max_tokens=5)
    assert (answer.filtered, answer.finish_reason, answer.text) == (True, "content_filter", "")


def test_an_unknown_deployment_is_not_found(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning) -> None:
    """The data plane's 404 is told at once, for the stage to wait out."""
    with pytest.raises(NotFound) as raised:
        tuning.chat("not-yet", QUESTION, max_tokens=1)
    assert raised.value.service_code == "DeploymentNotFound"
    assert emulator.state["counts"]["chat_completion"] == 1


@pytest.mark.parametrize(
    ("rule", "kind", "pause"),
    [
        ({"status": 429, "headers": {"Retry-After": "17"}}, TooManyRequests, timedelta(seconds=17)),
        ({"status": 500}, ServiceUnavailable, None),
        ({"drop": True}, ServiceUnavailable, None),
    ],
    ids=["429", "500", "dropped"],
)
def test_a_chat_in_trouble_is_asked_once(
    emulator: AzureOpenAIEmulator,
    tuning: OpenAIFineTuning,
    rule: dict[str, object],
    kind: type[ServiceError],
    pause: timedelta | None,
) -> None:
    """The pause is the stage's to make, with a durable timer instead of a sleeping worker."""
    emulator.add_fault("chat_completion", **rule)
    with pytest.raises(kind) as raised:
        tuning.chat("gpt-4o-mini", QUESTION, max_tokens=1)
    assert raised.value.retry_after == pause
    assert emulator.state["counts"]["chat_completion"] == 1


def test_reads_ride_out_trouble(emulator: AzureOpenAIEmulator, tuning: OpenAIFineTuning, arm: ArmDeployments) -> None:
    """A dropped connection and a 500 on the way to a file, a list or a deployment go unnoticed."""
    file_id = upload(tuning)
    emulator.add_fault("get_file", first=1, drop=True)
    emulator.add_fault("list_files", first=1, status=500, headers={"retry-after-ms": "1"})
    emulator.add_fault("get_deployment", first=1, drop=True)
    assert tuning.check_file(file_id).status == "processed"
    assert [file.id for file in tuning.find_files("demo-training.jsonl")] == [file_id]
    base = arm.check_deployment("gpt-4o-mini")
    assert base is not None
    assert (base.owned, base.run_id, base.provisioning_state) == (False, "", "Succeeded")


@pytest.mark.parametrize(
    ("rule", "kind", "status"),
    [
        ({"status": 409, "body": {"error": {"code": "RequestConflict", "message": "Busy."}}}, Conflict, 409),
        ({"status": 503}, ServiceUnavailable, 503),
        ({"drop": True, "when": "after"}, ServiceUnavailable, None),
    ],
    ids=["409", "503", "answer lost"],
)
def test_a_deployment_in_trouble_is_written_once(
    emulator: AzureOpenAIEmulator,
    arm: ArmDeployments,
    rule: dict[str, object],
    kind: type[ServiceError],
    status: int | None,
) -> None:
    """The caller looks before it writes again."""
    emulator.add_fault("put_deployment", **rule)
    with pytest.raises(kind) as raised:
        arm.create_deployment(PLAN, "gpt-4o-mini")
    assert raised.value.status == status
    assert emulator.state["counts"]["put_deployment"] == 1


def test_too_much_capacity_is_refused_in_arms_words(tuning: OpenAIFineTuning, arm: ArmDeployments) -> None:
    """Missing quota is a refusal with ARM's code and numbers."""
    job = train(tuning, upload(tuning))
    with pytest.raises(RequestRefused) as raised:
        arm.create_deployment(msgspec.structs.replace(PLAN, capacity=100_000), job.fine_tuned_model)
    assert (raised.value.service, raised.value.service_code) == ("arm", "InsufficientQuota")
    assert "100000" in raised.value.said
