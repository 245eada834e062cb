"""The emulator's data plane through the real openai package, on both surfaces."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import openai
import pytest
import requests
from openai import AzureOpenAI, OpenAI
from openai.types import FileObject
from openai.types.fine_tuning import FineTuningJob

from emulators.azure_openai.config import BaseDeployment, EmulatorConfig, Limits
from emulators.azure_openai.server import AzureOpenAIEmulator

VERSION = "2025-04-01-preview"
GLOBAL = {"trainingType": "GlobalStandard"}


def jsonl(count: int) -> bytes:
    """Return a training set of so many examples."""
    lines = (
        {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]}
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture(scope="module")
def running() -> Iterator[AzureOpenAIEmulator]:
    """Run one emulated account for this file, with a deployment that allows one request at a time."""
    deployments = (BaseDeployment("gpt-4o-mini", "gpt-4o-mini"),)
    limits = Limits(files=5, file_bytes=100_000, plain_upload_bytes=20_000)
    config = EmulatorConfig(base_deployments=deployments, limits=limits, region="westus")
    with AzureOpenAIEmulator(config) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: AzureOpenAIEmulator) -> AzureOpenAIEmulator:
    """Return the account, empty."""
    running.reset()
    return running


@pytest.fixture
def v1(emulator: AzureOpenAIEmulator) -> Iterator[OpenAI]:
    """Return a client of the v1 API that does not try again."""
    with OpenAI(base_url=f"{emulator.url}/openai/v1/", api_key=emulator.api_key, max_retries=0) as client:
        yield client


@pytest.fixture
def dated(emulator: AzureOpenAIEmulator) -> Iterator[AzureOpenAI]:
    """Return a client of the dated API that does not try again."""
    key = emulator.api_key
    with AzureOpenAI(azure_endpoint=emulator.url, api_key=key, api_version=VERSION, max_retries=0) as client:
        yield client


def upload(client: OpenAI, content: bytes, name: str = "train.jsonl") -> FileObject:
    """Upload a file and wait until the service has looked at it."""
    file = client.files.create(file=(name, content), purpose="fine-tune")
    assert file.status == "pending"
    return client.files.wait_for_processing(file.id, poll_interval=0.01)


def create_job(client: OpenAI, file_id: str, **options: object) -> FineTuningJob:
    """Create a job on gpt-4.1-mini."""
    body = {"model": "gpt-4.1-mini", "training_file": file_id, "extra_body": GLOBAL, **options}
    return client.fine_tuning.jobs.create(**body)  # pyright: ignore[reportArgumentType, reportCallIssue]


def error_of(caught: pytest.ExceptionInfo[openai.APIStatusError]) -> tuple[int, object, object]:
    """Return status, code and message of an error."""
    body = caught.value.body
    assert isinstance(body, dict)
    return caught.value.status_code, body["code"], body["message"]


@pytest.mark.parametrize("surface", ["v1", "dated"])
def test_a_job_from_file_to_results(surface: str, v1: OpenAI, dated: AzureOpenAI) -> None:
    """A file becomes a job, the job a model with events, checkpoints and results, on both surfaces."""
    client = v1 if surface == "v1" else dated
    file = upload(client, jsonl(10))
    assert (file.status, file.bytes) == ("processed", len(jsonl(10)))
    created = create_job(client, file.id, validation_file=file.id, suffix="demo", seed=7)
    assert created.status == "pending"
    assert created.model == "gpt-4.1-mini-2025-04-14"
    assert created.hyperparameters.n_epochs == -1
    assert created.model_extra is not None
    assert created.model_extra["suffix"] == "demo"
    assert created.model_extra["trainingType"] == "globalStandard"
    job = client.fine_tuning.jobs.retrieve(created.id)
    assert job.status == "succeeded"
    assert job.fine_tuned_model == f"gpt-4.1-mini-2025-04-14.ft-{job.id.removeprefix('ftjob-')}-demo"
    assert job.hyperparameters.n_epochs == 10
    # "Question 3?" and "Answer 3." are four tokens each: 2 roles + 8 of text, 3 for each message and 3 to end.
    assert job.trained_tokens == 10 * 10 * (3 + 1 + 4 + 3 + 1 + 4 + 3)
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id, limit=3)]
    assert messages[0] == "Training tokens billed: 1900"
    assert messages[-2:] == ["Job started.", "Job enqueued. Waiting for jobs ahead to complete."]
    steps = [checkpoint.step_number for checkpoint in client.fine_tuning.jobs.checkpoints.list(job.id)]
    assert steps == [100, 90, 80]
    rows = list(csv.DictReader(io.StringIO(client.files.content(job.result_files[0]).text)))
    assert [row["step"] for row in rows] == ["1", "10", "20", "30", "40", "50", "60", "70", "80", "90", "100"]
    assert float(rows[-1]["train_loss"]) < 0.5 < float(rows[0]["train_loss"])


def test_v1_answers_200_and_dated_201(emulator: AzureOpenAIEmulator) -> None:
    """Creating a file answers 200 on v1, and 201 with its Location on the dated API, with a request id."""
    form = {"files": {"file": ("a.jsonl", jsonl(10))}, "data": {"purpose": "fine-tune"}}
    headers = {"api-key": emulator.api_key}
    plain = requests.post(f"{emulator.url}/openai/v1/files", headers=headers, timeout=30, **form)
    dated = requests.post(f"{emulator.url}/openai/files?api-version={VERSION}", headers=headers, timeout=30, **form)
    assert plain.status_code == 200
    assert dated.status_code == 201
    assert dated.headers["Location"].endswith(f"/openai/files/{dated.json()['id']}?api-version={VERSION}")
    assert len(dated.headers["apim-request-id"]) == 36


@pytest.mark.parametrize(
    ("query", "status"), [("", 404), ("?api-version=2020-01-01", 404), ("?api-version=2024-10-21", 200)]
)
def test_the_dated_api_needs_a_known_version(emulator: AzureOpenAIEmulator, query: str, status: int) -> None:
    """A dated path without a version, or with an unknown one, is not found."""
    answer = requests.get(f"{emulator.url}/openai/files{query}", headers={"api-key": emulator.api_key}, timeout=30)
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["uploads", "files/import", "fine_tuning/jobs/ftjob-1/pause?api-version=2024-10-21"])
def test_what_an_older_or_newer_surface_lacks_is_not_found(emulator: AzureOpenAIEmulator, path: str) -> None:
    """Uploads and import are absent from v1, pausing from 2024-10-21."""
    base = "openai" if "?" in path else "openai/v1"
    answer = requests.post(f"{emulator.url}/{base}/{path}", headers={"api-key": emulator.api_key}, json={}, timeout=30)
    assert answer.json() == {"error": {"code": "404", "message": "Resource not found"}}


def test_a_wrong_key_is_refused_in_the_recorded_words(emulator: AzureOpenAIEmulator) -> None:
    """A wrong key gives the recorded 401."""
    client = OpenAI(base_url=f"{emulator.url}/openai/v1/", api_key="wrong", max_retries=0)
    with client, pytest.raises(openai.AuthenticationError) as caught:
        client.models.list()
    assert error_of(caught)[:2] == (401, "401")
    assert str(error_of(caught)[2]).startswith("Access denied due to invalid subscription key or wrong API endpoint.")


def test_the_azure_class_on_v1_is_told_so(emulator: AzureOpenAIEmulator) -> None:
    """A dated api-version on a v1 path is a bad request."""
    url = f"{emulator.url}/openai/v1/models?api-version={VERSION}"
    assert requests.get(url, headers={"api-key": emulator.api_key}, timeout=30).status_code == 400


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no json\n", "Validation of jsonl file failed: No valid json line found in file."),
        (jsonl(9), "Validation of jsonl file failed: The file has 9 examples, at least 10 are needed."),
        (jsonl(10) + b"{broken\n", "Validation of jsonl file failed: Line 11 is not valid json."),
    ],
)
def test_a_useless_file_ends_in_error(v1: OpenAI, content: bytes, message: str) -> None:
    """A file that cannot be trained on is accepted, then has the state error and says why."""
    file = upload(v1, content)
    assert (file.status, file.status_details) == ("error", message)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_makes_no_difference(v1: OpenAI, prefix: bytes) -> None:
    """A file with a byte order mark is processed as one without."""
    assert upload(v1, prefix + jsonl(10)).status == "processed"


@pytest.mark.parametrize(
    ("name", "purpose", "message"),
    [
        ("train.json", "fine-tune", "fileName contains an invalid filename: wrong suffix."),
        ("train.jsonl", "fun", "Invalid value for purpose."),
    ],
)
def test_files_refused_by_name_or_purpose(v1: OpenAI, name: str, purpose: str, message: str) -> None:
    """The recorded answers to a wrong suffix and a wrong purpose."""
    with pytest.raises(openai.BadRequestError) as caught:
        v1.files.create(file=(name, jsonl(10)), purpose=purpose)  # pyright: ignore[reportArgumentType]
    assert error_of(caught) == (400, "invalidPayload", message)


def test_files_have_limits(v1: OpenAI) -> None:
    """One byte too many is refused, and one file too many."""
    with pytest.raises(openai.APIStatusError) as caught:
        v1.files.create(file=("big.jsonl", b"x" * 100_001), purpose="fine-tune")
    assert error_of(caught)[:2] == (413, "invalidPayload")
    for _ in range(5):
        v1.files.create(file=("a.jsonl", jsonl(10)), purpose="fine-tune")
    with pytest.raises(openai.BadRequestError) as caught:
        v1.files.create(file=("a.jsonl", jsonl(10)), purpose="fine-tune")
    assert error_of(caught) == (
        400,
        "quotaExceeded",
        "The quota for files without expiry is reached. The maximum is 5.",
    )


def test_files_can_be_listed_read_and_deleted(v1: OpenAI) -> None:
    """What was uploaded can be listed and read back, until it is deleted."""
    file = upload(v1, jsonl(10))
    assert [item.id for item in v1.files.list(purpose="fine-tune")] == [file.id]
    assert v1.files.content(file.id).content == jsonl(10)
    assert v1.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        v1.files.retrieve(file.id)


def test_an_upload_in_parts_becomes_a_file(dated: AzureOpenAI) -> None:
    """Parts are joined in the order of their ids, whatever order they came in."""
    content = jsonl(12)
    options = {"filename": "train.jsonl", "purpose": "fine-tune", "mime_type": "application/jsonl"}
    upload = dated.uploads.create(bytes=len(content), **options)  # pyright: ignore[reportArgumentType]
    second = dated.uploads.parts.create(upload.id, data=content[100:])
    first = dated.uploads.parts.create(upload.id, data=content[:100])
    with pytest.raises(openai.BadRequestError):
        dated.uploads.complete(upload.id, part_ids=[first.id])
    done = dated.uploads.complete(upload.id, part_ids=[first.id, second.id])
    assert done.status == "completed"
    assert done.file is not None
    assert dated.files.content(done.file.id).content == content
    with pytest.raises(openai.ConflictError) as caught:
        dated.uploads.cancel(upload.id)
    assert error_of(caught)[1] == "unexpectedEntityState"


def test_a_file_is_imported_from_this_machine(dated: AzureOpenAI) -> None:
    """An import reads a loopback URL; any other address is refused."""

    class Source(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jsonl(10))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    with HTTPServer(("127.0.0.1", 0), Source) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/train.jsonl?sig=secret"
        body = {"purpose": "fine-tune", "filename": "train.jsonl", "content_url": url}
        file = dated.post("/files/import", body=body, cast_to=FileObject)
        server.shutdown()
    assert file.status == "pending"
    assert dated.files.content(file.id).content == jsonl(10)
    with pytest.raises(openai.BadRequestError):
        dated.post("/files/import", body={**body, "content_url": "https://example.com/a"}, cast_to=FileObject)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "gpt-9"}, "The specified base model does not support fine-tuning."),
        ({"extra_body": {}}, "The specified base model does not support fine-tuning with Standard TrainingType."),
        ({"extra_body": {"trainingType": "Developer"}}, "The fineTuningJob field is required."),
        ({"training_file": "file-none"}, "The specified file 'file-none' does not exist."),
        ({"suffix": "a.b"}, "suffix must have 1 to 64 characters of a-z, A-Z, 0-9, - and _."),
        ({"seed": -1}, "seed must be between 0 and 2147483647."),
        ({"hyperparameters": {"n_epochs": 0}}, "n_epochs must be between 1 and 50."),
        (
            {"method": {"type": "reinforcement"}},
            "The specified base model does not support the method 'reinforcement'.",
        ),
    ],
)
def test_jobs_refused(v1: OpenAI, options: dict[str, object], message: str) -> None:
    """Each thing that a job cannot be is refused in the recorded or published words (the region has no Standard)."""
    file = upload(v1, jsonl(10))
    with pytest.raises(openai.BadRequestError) as caught:
        create_job(
            v1, **{"file_id": file.id, **options} if "training_file" not in options else {"file_id": "", **options}
        )
    assert error_of(caught) == (400, "invalidPayload", message)


def test_a_job_needs_a_processed_file(v1: OpenAI) -> None:
    """A job on a file with an error is refused in the recorded words."""
    file = upload(v1, b"no json\n")
    with pytest.raises(openai.BadRequestError) as caught:
        create_job(v1, file.id)
    message = "The specified file reference must point to a completed file import."
    assert error_of(caught) == (400, "invalidPayload", message)


def test_a_big_plain_upload_fails_only_in_the_job(v1: OpenAI) -> None:
    """A plain upload beyond what the service handles is processed, and the job on it fails with an internal error."""
    file = upload(v1, jsonl(300))
    assert file.status == "processed"
    job = v1.fine_tuning.jobs.retrieve(create_job(v1, file.id).id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "internalFailure"


def test_invalid_examples_fail_the_job(v1: OpenAI) -> None:
    """Lines that are JSON but no conversations fail the job, not the file."""
    file = upload(v1, b'{"prompt": "a"}\n' * 10)
    job = v1.fine_tuning.jobs.retrieve(create_job(v1, file.id).id)
    assert job.error is not None
    assert (job.error.code, job.error.message) == (
        "jsonlValidationFailed",
        "Validation of jsonl file failed: Line 1: has no messages.",
    )


def test_jobs_are_listed_newest_first_in_pages(v1: OpenAI) -> None:
    """The list starts with the newest job and goes on after the last one seen."""
    file = upload(v1, jsonl(10))
    created = [create_job(v1, file.id, hyperparameters={"n_epochs": 1}).id for _ in range(3)]
    assert [job.id for job in v1.fine_tuning.jobs.list(limit=2)] == created[::-1]
    page = v1.fine_tuning.jobs.list(after=created[1])
    assert ([job.id for job in page.data], page.has_more) == ([created[0]], False)


def test_a_finished_job_cannot_be_cancelled_but_deleted(dated: AzureOpenAI) -> None:
    """What is over cannot be cancelled; the dated API forgets it with 204."""
    job = create_job(dated, upload(dated, jsonl(10)).id)
    assert dated.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
    with pytest.raises(openai.ConflictError) as caught:
        dated.fine_tuning.jobs.cancel(job.id)
    assert error_of(caught)[1] == "unexpectedEntityState"
    dated.delete(f"/fine_tuning/jobs/{job.id}", cast_to=object)
    with pytest.raises(openai.NotFoundError):
        dated.fine_tuning.jobs.retrieve(job.id)


def test_preferences_are_learned_from_the_preferred_output(v1: OpenAI) -> None:
    """A job by direct preference optimisation succeeds on pairs of outputs."""
    line = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Ahoy!"}],
        "non_preferred_output": [{"role": "assistant", "content": "Hello."}],
    }
    file = upload(v1, (json.dumps(line) + "\n").encode() * 10)
    job = create_job(v1, file.id, method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "beta": 0.2}}})
    finished = v1.fine_tuning.jobs.retrieve(job.id)
    assert (finished.status, finished.hyperparameters.n_epochs) == ("succeeded", 2)


def test_models_are_listed_with_the_own_ones(v1: OpenAI) -> None:
    """A model that a job made is in the list of models."""
    job = v1.fine_tuning.jobs.retrieve(create_job(v1, upload(v1, jsonl(10)).id).id)
    assert job.fine_tuned_model in [model.id for model in v1.models.list()]
    assert v1.models.retrieve("gpt-4.1-2025-04-14").object == "model"
