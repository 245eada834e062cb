"""What the clients of Azure OpenAI and ARM put on the wire, and what they make of answers that no emulator gives."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from shared.clients.arm import ArmDeployments
from shared.clients.azure_openai import OpenAIFineTuning
from shared.core.plans import Blob, Hyperparameters, Plan
from shared.errors import (
    BlobChanged,
    Conflict,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    TooManyRequests,
)
from shared.settings import Settings

RESOURCE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
DEPLOYMENT = f"{RESOURCE}/deployments/demo"
PLAN = Plan(
    run_id="demo-0123456789ab",
    training=Blob(container="datasets", path="demo/training_set.jsonl", etag='"1"', size=10),
    base_model="gpt-4o-mini-2024-07-18",
    method="supervised",
    seed=7,
    suffix="lighthouse",
    hyperparameters=Hyperparameters(n_epochs=3),
    training_type="GlobalStandard",
    deployment_name="demo",
    sku="GlobalStandard",
    capacity=10,
)
BLOB = Blob(container="datasets", path="a.jsonl", etag='"1"', size=10)
FILE = {"id": "file-1", "object": "file", "filename": "a.jsonl", "purpose": "fine-tune", "status": "pending"}
JOB = {"id": "ftjob-1", "object": "fine_tuning.job", "status": "running", "training_file": "file-1", "created_at": 1}


class Request(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What to answer: a JSON body or text; `drop` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}
    drop: bool = False


class ScriptedService:
    """An HTTP server that gives the answers it was told, in their order, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[Request] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.requests.append(Request(self.command, self.path, self.headers, body))
                answer = service.answers.pop(0) if service.answers else Answer(599, "nothing scripted")
                if answer.drop:
                    self.close_connection = True
                    return
                is_text = isinstance(answer.body, str)
                data = answer.body.encode() if is_text else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "text/html" if is_text else "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def script(self, *answers: Answer) -> None:
        """Give these answers to the next requests."""
        self.answers = list(answers)
        self.requests.clear()

    def lines(self) -> list[str]:
        """Return the requests' methods and paths."""
        return [f"{request.method} {request.path}" for request in self.requests]

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class TokenFor:
    """A credential whose token names its scope."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return a token."""
        return AccessToken(f"token-for-{scopes[0]}", 2_000_000_000)


class NoIdentity:
    """A credential of a machine without identity."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Refuse."""
        raise ClientAuthenticationError("no identity; tried /home/somebody/.azure")


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    """Run one scripted service for this file."""
    scripted = ScriptedService()
    yield scripted
    scripted.close()


@pytest.fixture
def settings(service: ScriptedService) -> Settings:
    """Return settings that point both planes at the scripted service."""
    return Settings.from_env(
        {
            "DATASETS_STORAGE": "UseDevelopmentStorage=true",
            "AZURE_OPENAI_ENDPOINT": service.url,
            "AZURE_OPENAI_RESOURCE_ID": RESOURCE,
            "ARM_ENDPOINT": service.url,
        }
    )


@pytest.fixture
def tuning(settings: Settings) -> OpenAIFineTuning:
    """Return the data plane's client by identity; files of 8 bytes or more go in parts of 4."""
    return OpenAIFineTuning(settings, TokenFor(), chunked_from_bytes=8, part_bytes=4)


@pytest.fixture
def by_key(settings: Settings) -> OpenAIFineTuning:
    """Return the data plane's client by key, with an identity that must not be asked."""
    keyed = msgspec.structs.replace(settings, openai_api_key="k3y-of-ours")
    return OpenAIFineTuning(keyed, NoIdentity(), chunked_from_bytes=8, part_bytes=4)


@pytest.fixture
def arm(settings: Settings) -> ArmDeployments:
    """Return the management plane's client."""
    return ArmDeployments(settings, TokenFor())


def test_the_v1_api_is_asked_with_a_token_of_its_scope(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """Reads go to /openai/v1 with a bearer token for the data plane."""
    service.script(Answer(body=FILE))
    tuning.check_file("file-1")
    assert service.lines() == ["GET /openai/v1/files/file-1"]
    assert (
        service.requests[0].headers["Authorization"] == "Bearer token-for-https://cognitiveservices.azure.com/.default"
    )


def test_a_configured_key_is_used_in_both_apis(service: ScriptedService, by_key: OpenAIFineTuning) -> None:
    """The v1 API takes the key as a bearer, the dated API as api-key, and no identity is asked."""
    service.script(
        Answer(body=FILE),
        Answer(body={"id": "upload_1"}),
        Answer(body={"id": "part_1"}),
        Answer(body={"id": "part_2"}),
        Answer(body={"id": "upload_1", "file": FILE}),
    )
    by_key.check_file("file-1")
    by_key.create_file("a.jsonl", msgspec.structs.replace(BLOB, size=8), iter([b"01234567"]))
    assert service.requests[0].headers["Authorization"] == "Bearer k3y-of-ours"
    assert service.requests[1].headers["api-key"] == "k3y-of-ours"


def test_a_job_is_created_with_what_the_plan_says(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """The training type lies at the top level, and what the plan leaves open is not sent."""
    service.script(Answer(status=201, body=JOB))
    assert tuning.create_job(PLAN, training_file="file-1", validation_file="").id == "ftjob-1"
    assert service.lines() == ["POST /openai/v1/fine_tuning/jobs"]
    assert json.loads(service.requests[0].body) == {
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": "file-1",
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        "seed": 7,
        "suffix": "lighthouse",
        "trainingType": "GlobalStandard",
    }


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (Answer(drop=True), ServiceUnavailable, None),
        (Answer(500, {}), ServiceUnavailable, 500),
        (Answer(409, {"error": {"code": "conflict"}}), Conflict, 409),
        (Answer(429, {}, {"Retry-After": "7"}), TooManyRequests, 429),
        (Answer(200, "<html>"), ServiceUnavailable, None),
    ],
    ids=["dropped", "500", "409", "429", "a page"],
)
def test_what_creates_is_sent_once(
    service: ScriptedService, tuning: OpenAIFineTuning, answer: Answer, kind: type[ServiceError], status: int | None
) -> None:
    """A job or a file is never asked for twice in one call, whatever the answer."""
    service.script(answer)
    with pytest.raises(kind) as raised:
        tuning.create_job(PLAN, training_file="file-1", validation_file="")
    assert (len(service.requests), raised.value.status) == (1, status)
    service.script(answer)
    with pytest.raises(kind):
        tuning.create_file("a.jsonl", msgspec.structs.replace(BLOB, size=2), iter([b"{}"]))
    assert service.lines() == ["POST /openai/v1/files"]


def test_reads_are_repeated_by_the_sdk(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """A read survives a dropped connection and a 503 without the stage noticing."""
    service.script(Answer(drop=True), Answer(503, {}, {"retry-after-ms": "1"}), Answer(body=FILE))
    assert tuning.check_file("file-1").status == "pending"
    assert len(service.requests) == 3


def test_a_small_file_is_one_named_upload(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """The service refuses other names than .jsonl, so the name travels with the bytes."""
    service.script(Answer(status=201, body=FILE))
    tuning.create_file("a.jsonl", msgspec.structs.replace(BLOB, size=4), iter([b"{", b"}\n", b"\n"]))
    body = service.requests[0].body
    assert b'name="purpose"\r\n\r\nfine-tune\r\n' in body
    assert b'name="file"; filename="a.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n{}\n\n\r\n' in body


def test_a_large_file_goes_in_parts_through_the_dated_api(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """Parts of one size, completed in their order with the sum of all bytes; the nested file is the answer."""
    service.script(
        Answer(body={"id": "upload_1"}),
        *(Answer(body={"id": f"part_{n}"}) for n in (1, 2, 3)),
        Answer(body={"id": "upload_1", "file": FILE}),
    )
    assert tuning.create_file("a.jsonl", BLOB, iter([b"012", b"3456789"])).id == "file-1"
    version = "api-version=2025-04-01-preview"
    assert service.lines() == [
        f"POST /openai/uploads?{version}",
        *[f"POST /openai/uploads/upload_1/parts?{version}"] * 3,
        f"POST /openai/uploads/upload_1/complete?{version}",
    ]
    begun, first, _, last, completed = (request.body for request in service.requests)
    assert json.loads(begun) == {
        "bytes": 10,
        "filename": "a.jsonl",
        "mime_type": "application/jsonl",
        "purpose": "fine-tune",
    }
    assert b"\r\n\r\n0123\r\n" in first
    assert b"\r\n\r\n89\r\n" in last
    checksum = hashlib.md5(b"0123456789").hexdigest()
    assert json.loads(completed) == {"part_ids": ["part_1", "part_2", "part_3"], "md5": checksum}
    assert service.requests[1].headers["Authorization"].startswith("Bearer token-for-")


def test_an_upload_that_fails_is_cancelled(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """A dataset that changes on the way raises BlobChanged, and nothing half is left at the service."""

    def changing() -> Iterator[bytes]:
        yield b"0123"
        raise BlobChanged("storage", "stream", status=412)

    service.script(Answer(body={"id": "upload_1"}), Answer(body={"id": "part_1"}), Answer(body={"id": "upload_1"}))
    with pytest.raises(BlobChanged):
        tuning.create_file("a.jsonl", BLOB, changing())
    assert service.lines()[-1] == "POST /openai/uploads/upload_1/cancel?api-version=2025-04-01-preview"


def test_an_upload_without_its_file_is_no_success(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """The stage must get a file or an error, and finds the file by its name next time."""
    service.script(Answer(body={"id": "u"}), *[Answer(body={"id": "p"})] * 3, Answer(body={"id": "u", "file": None}))
    with pytest.raises(ServiceUnavailable):
        tuning.create_file("a.jsonl", BLOB, iter([b"0123456789"]))


def test_lists_are_read_to_their_end_oldest_first(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """All pages are asked for, other files, purposes and deleted ones are left out."""
    page = [
        FILE | {"id": "file-3", "created_at": 30},
        FILE | {"id": "file-x", "created_at": 20, "status": "deleted"},
        FILE | {"id": "file-y", "created_at": 20, "purpose": "batch"},
    ]
    rest = [FILE | {"id": "file-1", "created_at": 10}, FILE | {"id": "file-z", "filename": "other.jsonl"}]
    service.script(
        Answer(body={"object": "list", "data": page, "has_more": True}),
        Answer(body={"object": "list", "data": rest, "has_more": False}),
    )
    assert [file.id for file in tuning.find_files("a.jsonl")] == ["file-1", "file-3"]
    assert service.lines() == [
        "GET /openai/v1/files?purpose=fine-tune",
        "GET /openai/v1/files?purpose=fine-tune&after=file-y",
    ]


def test_a_list_that_ignores_its_cursor_ends(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """A service that gives the same page for ever, as v1's description of files allows, is asked twice."""
    service.script(*[Answer(body={"object": "list", "data": [JOB], "has_more": True})] * 5)
    assert [job.id for job in tuning.find_jobs("file-1")] == ["ftjob-1"]
    assert len(service.requests) == 2
    assert tuning.find_jobs("file-2") == []


def test_a_job_is_known_without_its_events(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """Events that cannot be had do not hide the job's status."""
    service.script(Answer(body=JOB), Answer(404, {"error": {"code": "notFound"}}))
    job = tuning.check_job("ftjob-1")
    assert (job.status, job.last_event) == ("running", "")


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(409, {"error": {"code": "unexpectedEntityState"}}),
        Answer(400, {"error": {"code": "unexpectedEntityState"}}),
        Answer(400, {"error": {"code": None, "message": "Job has already completed"}}),
    ],
)
def test_cancelling_an_ended_job_is_fine(service: ScriptedService, tuning: OpenAIFineTuning, refusal: Answer) -> None:
    """However the service refuses: a job that has ended is what was wanted."""
    service.script(refusal, Answer(body=JOB | {"status": "succeeded"}))
    tuning.cancel_job("ftjob-1")
    assert service.lines() == [
        "POST /openai/v1/fine_tuning/jobs/ftjob-1/cancel",
        "GET /openai/v1/fine_tuning/jobs/ftjob-1",
    ]


def test_cancelling_a_running_job_can_fail(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """A job that goes on is never reported as cancelled."""
    service.script(Answer(409, {"error": {"code": "conflict"}}), Answer(body=JOB))
    with pytest.raises(Conflict):
        tuning.cancel_job("ftjob-1")


def test_a_chat_is_one_request_at_temperature_0(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """The deployment is the model; the limit is spelled as every model takes it; a busy service is told at once."""
    service.script(Answer(429, {"error": {"code": "429"}}, {"Retry-After": "60", "retry-after-ms": "59500"}))
    with pytest.raises(TooManyRequests) as raised:
        tuning.chat("demo", [{"role": "user", "content": "Hello"}], max_tokens=5)
    assert raised.value.retry_after == timedelta(seconds=59.5)
    assert service.lines() == ["POST /openai/v1/chat/completions"]
    assert json.loads(service.requests[0].body) == {
        "model": "demo",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0,
        "max_completion_tokens": 5,
    }


def test_a_refused_chat_does_not_repeat_the_prompt(service: ScriptedService, tuning: OpenAIFineTuning) -> None:
    """Whatever the service quotes, the stored message has the code alone."""
    service.script(Answer(400, {"error": {"code": "invalidPayload", "message": "cannot read: my secret prompt"}}))
    with pytest.raises(RequestRefused) as raised:
        tuning.chat("demo", [{"role": "user", "content": "my secret prompt"}], max_tokens=5)
    assert str(raised.value) == "azure-openai chat: 400 invalidPayload"


def test_without_identity_there_is_no_request(service: ScriptedService, settings: Settings) -> None:
    """A token that cannot be had is a missing permission of that plane, told without paths of the machine."""
    service.script()
    for act in (
        lambda: OpenAIFineTuning(settings, NoIdentity()).check_file("file-1"),
        lambda: ArmDeployments(settings, NoIdentity()).check_deployment("demo"),
    ):
        with pytest.raises(PermissionDenied) as raised:
            act()
        assert raised.value.operation == "get_token"
        assert "somebody" not in str(raised.value)
    assert service.requests == []


def test_a_deployment_is_put_once_with_our_tags(service: ScriptedService, arm: ArmDeployments) -> None:
    """The PUT carries model, sku and fingerprint, and a token of ARM's scope."""
    service.script(Answer(201, {"name": "demo", "properties": {"provisioningState": "Accepted"}}))
    assert arm.create_deployment(PLAN, "m.ft-1").provisioning_state == "Accepted"
    request = service.requests[0]
    assert service.lines() == [f"PUT {DEPLOYMENT}?api-version=2025-09-01"]
    assert request.headers["Authorization"] == "Bearer token-for-https://management.azure.com/.default"
    assert json.loads(request.body) == {
        "sku": {"name": "GlobalStandard", "capacity": 10},
        "properties": {
            "model": {"format": "OpenAI", "name": "m.ft-1", "version": "1"},
            "versionUpgradeOption": "NoAutoUpgrade",
        },
        "tags": {"managed-by": "tunedrop", "tunedrop-run": "demo-0123456789ab"},
    }


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer(drop=True), ServiceUnavailable, "ConnectionError"),
        (Answer(503, "<html>"), ServiceUnavailable, ""),
        (
            Answer(409, {"error": {"code": "RequestConflict", "message": "Another operation"}}),
            Conflict,
            "Another operation",
        ),
        (Answer(400, {"error": {"code": "InsufficientQuota", "message": "240"}}), RequestRefused, "240"),
        (Answer(307, "", {"Location": "http://127.0.0.1:1/elsewhere"}), RequestRefused, ""),
        (Answer(200, "<html>"), ServiceUnavailable, "the answer is not the JSON that was expected"),
    ],
    ids=["dropped", "503", "409", "quota", "redirect", "a page"],
)
def test_a_write_is_not_repeated(
    service: ScriptedService, arm: ArmDeployments, answer: Answer, kind: type[ServiceError], said: str
) -> None:
    """The stage looks again before it writes again; a token follows no redirect."""
    service.script(answer, Answer(200, {}))
    with pytest.raises(kind) as raised:
        arm.create_deployment(PLAN, "m.ft-1")
    assert (raised.value.said, len(service.requests)) == (said, 1)


def test_a_management_read_is_repeated(service: ScriptedService, arm: ArmDeployments) -> None:
    """A read survives a dropped connection and a 500; a 429 is told with its pause."""
    service.script(Answer(drop=True), Answer(500, {}), Answer(body={"name": "demo"}))
    found = arm.check_deployment("demo")
    assert found is not None
    assert found.name == "demo"
    service.script(Answer(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": "17"}))
    with pytest.raises(TooManyRequests) as raised:
        arm.check_deployment("demo")
    assert raised.value.retry_after == timedelta(seconds=17)


def test_an_absent_deployment_is_none_and_deleted(service: ScriptedService, arm: ArmDeployments) -> None:
    """404 is an answer for looking and for deleting, never for creating."""
    service.script(*[Answer(404, {"error": {"code": "ResourceNotFound"}})] * 3)
    assert arm.check_deployment("demo") is None
    arm.delete_deployment("demo")
    with pytest.raises(NotFound):
        arm.create_deployment(PLAN, "m")
    service.script(Answer(204, ""))
    arm.delete_deployment("de/mo ü")
    assert service.lines() == [f"DELETE {RESOURCE}/deployments/de%2Fmo%20%C3%BC?api-version=2025-09-01"]
