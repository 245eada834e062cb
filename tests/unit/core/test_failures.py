"""Why a run ended, as data."""

import re

import pytest

from shared.core.failures import REMEDIES, failure, failure_of_task, refusal
from shared.core.verification import ChatAnswer, problem_with
from shared.errors import RequestRefused


@pytest.mark.parametrize("code", REMEDIES)
def test_every_code_has_a_remedy(code):
    """Each way to end tells people what to do, in a sentence, under a code that is a slug."""
    made = failure(code, "A sentence.")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", made.code)
    assert re.fullmatch(r"[A-Z].{10,}\.", made.remedy)


def test_a_code_that_nobody_knows_is_a_defect():
    """A failure without a remedy cannot be made."""
    with pytest.raises(KeyError):
        failure("no-such-code", "…")


@pytest.mark.parametrize(
    ("service_code", "said", "detail"),
    [
        ("InsufficientQuota", "No capacity.", "InsufficientQuota: No capacity."),
        ("", "No capacity.", "No capacity."),
        ("InsufficientQuota", "", "InsufficientQuota"),
        ("", "", ""),
    ],
)
def test_a_refusal_keeps_the_services_words(service_code, said, detail):
    """What was refused, with which status, and word for word why."""
    error = RequestRefused("arm", "create_deployment", status=400, service_code=service_code, said=said)
    made = refusal("deployment-refused", "The deployment demo", error)
    assert made.message == "The deployment demo was refused by the service (HTTP 400)."
    assert made.detail == detail


@pytest.mark.parametrize(
    ("error_type", "code"),
    [
        ("Conflict", "conflict"),
        ("NotFound", "not-found"),
        ("PermissionDenied", "permission-denied"),
        ("ServiceUnavailable", "service-unavailable"),
        ("TooManyRequests", "too-many-requests"),
        ("RequestRefused", "service-refused"),
        ("shared.errors.Conflict", "conflict"),
    ],
)
def test_a_service_that_kept_failing_is_named_by_its_error(error_type, code):
    """An activity that raised to the end ends its run under a code of its own, with the error's safe text."""
    made = failure_of_task(error_type, "azure-openai create_job: 503")
    assert (made.code, made.detail) == (code, "azure-openai create_job: 503")


def test_wrong_settings_are_the_operators_business():
    """The variables that are missing or wrong are named, and who is to set them."""
    made = failure_of_task("SettingsError", "AZURE_OPENAI_ENDPOINT is missing")
    assert (made.code, made.detail) == ("settings-invalid", "AZURE_OPENAI_ENDPOINT is missing")
    assert "operator" in made.remedy


@pytest.mark.parametrize("error_type", ["ValueError", "json.JSONDecodeError", "PayloadError", "BlobChanged", ""])
def test_the_text_of_a_strange_exception_goes_nowhere(error_type):
    """An exception that is not vouched for may quote a prompt: its class alone is kept."""
    made = failure_of_task(error_type, "tell nobody")
    assert made.code == "unexpected-error"
    assert "tell nobody" not in str(made)
    assert error_type.rpartition(".")[2] in made.message


def test_a_defect_says_where_it_is():
    """The place of a defect, in our own words, helps whoever mends it."""
    made = failure_of_task("UnexpectedError", "upload_file: ValueError in read:12")
    assert (made.code, made.detail) == ("unexpected-error", "upload_file: ValueError in read:12")


def test_every_verdict_on_an_answer_is_a_code_that_can_end_a_run():
    """A problem's code becomes the failure's."""
    answers = [
        ChatAnswer(text="", finish_reason="content_filter", model="m", filtered=True),
        ChatAnswer(text="", finish_reason="stop", model="m"),
        ChatAnswer(text="x", finish_reason="length", model="m"),
        ChatAnswer(text="x", finish_reason="tool_calls", model="m"),
        ChatAnswer(text="x", finish_reason="stop", model="other"),
        ChatAnswer(text="x", finish_reason="stop", model="m"),
    ]
    problems = [problem_with(answer, expected="lamp", fine_tuned_model="m") for answer in answers]
    assert len(set(problems)) == 6
    assert set(problems) <= set(REMEDIES)
