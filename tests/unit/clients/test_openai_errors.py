"""The openai SDK's exceptions become the product's errors."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import openai
import pytest

from shared.clients.openai_errors import is_filtered, openai_error, openai_errors
from shared.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    TooManyRequests,
)

REQUEST = httpx2.Request("POST", "https://example.openai.azure.com/openai/v1/chat/completions", json={"a": "prompt"})
FILTERED = {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}, "message": "filtered"}


def refusal(status: int, body: Any, **headers: str) -> openai.APIStatusError:
    """Return what the SDK raises for an answer."""
    response = httpx2.Response(status, request=REQUEST, headers=headers)
    return openai.APIStatusError("Error code", response=response, body=body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, PermissionDenied),
        (403, PermissionDenied),
        (404, NotFound),
        (408, ServiceUnavailable),
        (409, Conflict),
        (423, RequestRefused),
        (429, TooManyRequests),
        (500, ServiceUnavailable),
        (503, ServiceUnavailable),
    ],
)
def test_a_status_has_its_class(status: int, kind: type[ServiceError]) -> None:
    """The class says whether trying again can help, and code and message are the service's."""
    error = openai_error("check_job", refusal(status, {"code": "c", "message": "m"}))
    assert type(error) is kind
    assert (error.service, error.operation, error.status) == ("azure-openai", "check_job", status)
    assert (error.service_code, error.said) == ("c", "m")


def test_a_pause_is_passed_on() -> None:
    """The service's own pause reaches the stage."""
    assert openai_error("chat", refusal(429, {}, **{"Retry-After": "60"})).retry_after == timedelta(seconds=60)


def test_an_inner_code_is_used_where_the_outer_is_missing() -> None:
    """Both spellings of the inner error are read, and a page of HTML has neither code nor words."""
    assert openai_error("x", refusal(400, {"code": None, "innererror": {"code": "a"}})).service_code == "a"
    assert openai_error("x", refusal(400, {"inner_error": {"code": "b"}})).service_code == "b"
    page = openai_error("x", refusal(502, "<html>secret</html>"))
    assert (page.service_code, page.said) == ("", "")


def test_a_refused_chat_keeps_the_code_only() -> None:
    """A message about a prompt may quote it; one about the deployment or the rate does not."""
    quoting = openai_error("chat", refusal(400, {"code": "invalidPayload", "message": "bad text: my secret prompt"}))
    assert (quoting.service_code, quoting.said) == ("invalidPayload", "")
    assert openai_error("chat", refusal(404, {"code": "DeploymentNotFound", "message": "wait"})).said == "wait"


def test_a_key_never_appears() -> None:
    """A message that repeats the key loses it."""
    error = openai_error("chat", refusal(401, {"message": "Incorrect API key provided: k3y-of-ours."}), "k3y-of-ours")
    assert "k3y-of-ours" not in str(error)
    assert error.said == "Incorrect API key provided: …."


@pytest.mark.parametrize(
    "raised",
    [openai.APIConnectionError(request=REQUEST), openai.APITimeoutError(request=REQUEST)],
    ids=["dropped", "timed out"],
)
def test_no_answer_has_no_status(raised: Exception) -> None:
    """A dropped connection and a timeout are worth another try, and are told apart by name."""
    error = openai_error("create_job", raised)
    assert isinstance(error, ServiceUnavailable)
    assert (error.status, error.said) == (None, type(raised).__name__)


def test_the_context_translates_and_hides_the_request() -> None:
    """The SDK's exception, which holds the prompt, is not printed with ours; broken JSON is unavailability."""
    with pytest.raises(NotFound) as raised, openai_errors("chat"):
        raise refusal(404, {})
    assert raised.value.__suppress_context__
    with pytest.raises(ServiceUnavailable), openai_errors("chat"):
        json.loads("{")


def test_a_filtered_prompt_is_recognised() -> None:
    """The content filter is told by its codes, in the dated API's spelling as well, and only on a 400."""
    assert is_filtered(refusal(400, FILTERED))
    assert is_filtered(refusal(400, {"code": "contentFilter"}))
    assert is_filtered(refusal(400, {"code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}))
    assert not is_filtered(refusal(400, {"code": "invalidPayload"}))
    assert not is_filtered(refusal(429, FILTERED))
