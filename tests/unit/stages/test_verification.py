"""Verification: every question asked once, every answer judged, nothing of either in what crosses the boundary."""

import json
from datetime import timedelta

import pytest

from shared import codec
from shared.core.plans import Script
from shared.core.verification import Question, VerificationRecord, VerificationSummary
from shared.errors import NotFound, RequestRefused, ServiceUnavailable, TooManyRequests
from shared.stages.verification import verify_deployment
from tests.builders import MODEL, RUN_ID, a_plan, an_answer
from tests.fakes import FakeBlobs
from tests.fakes_openai import FakeFineTuning

RECORD = f"runs/{RUN_ID}/verification.json"
CANARY = "tell nobody"


def asking(*prompts, expected="", source="options"):
    """Return a storage account that holds the questions of the run."""
    questions = [
        Question(messages=[{"role": "user", "content": prompt}], expected=expected, source=source) for prompt in prompts
    ]
    blobs = FakeBlobs()
    blobs.write("tunedrop", f"runs/{RUN_ID}/script.json", codec.to_json(Script(questions=questions)))
    return blobs


def answering(*answers, base=()):
    """Return a service whose tuned deployment, and whose base deployment, give these answers."""
    tuning = FakeFineTuning()
    tuning.answers = {RUN_ID: list(answers), "base": list(base)}
    return tuning


def verified(blobs, tuning, *, base_deployment=""):
    """Ask and judge."""
    return verify_deployment(
        blobs, tuning, a_plan(), container="tunedrop", model=MODEL, base_deployment=base_deployment
    )


def record_of(blobs):
    """Return the answers that were written down."""
    return codec.from_json(blobs.read("tunedrop", RECORD) or b"{}", VerificationRecord).answers


def prompts_of(tuning):
    """Return what each deployment was asked."""
    return [(deployment, messages[0]["content"]) for deployment, messages in tuning.asked]


def test_a_model_that_answers_well_is_verified():
    """Every question is asked, in order; the summary counts."""
    blobs, tuning = asking("Q1", "Q2", source="validation"), answering(an_answer(), an_answer())
    result = verified(blobs, tuning)
    assert (result.done, result.failure) == (True, None)
    assert result.verification == VerificationSummary(asked=2, passed=2, source="validation")
    assert prompts_of(tuning) == [(RUN_ID, "Q1"), (RUN_ID, "Q2")]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (an_answer(text=""), "answer-empty"),
        (an_answer(text="", finish_reason="content_filter", model="", filtered=True), "answer-filtered"),
        (an_answer(finish_reason="length"), "answer-truncated"),
        (an_answer(finish_reason="tool_calls"), "answer-unfinished"),
        (an_answer(model="gpt-4o-mini-2024-07-18"), "answer-from-another-model"),
        (an_answer(text="Darkness."), "expected-phrase-missing"),
    ],
)
def test_one_bad_answer_fails_the_run(answer, code):
    """Whatever is wrong with one of the answers is the run's failure, by its code; all questions are asked first."""
    blobs, tuning = asking("Q1", "Q2", "Q3", expected="lamp"), answering(an_answer(), answer, an_answer())
    result = verified(blobs, tuning)
    assert not result.done
    assert result.failure is not None
    assert result.failure.code == code
    assert result.failure.message == "Verification failed: 1 of 3 answers are not what they should be."
    assert result.verification == VerificationSummary(asked=3, passed=2, source="options", problems=[code])


def test_questions_and_answers_lie_in_a_private_blob_only():
    """What crosses the durable boundary holds counts and codes; the record holds the text."""
    blobs = asking(CANARY, expected=CANARY)
    result = verified(blobs, answering(an_answer(text=CANARY, model="other")))
    assert CANARY not in json.dumps(codec.encode(result))
    [answered] = record_of(blobs)
    assert (answered.answer.text, answered.problem) == (CANARY, "answer-from-another-model")


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TooManyRequests("azure-openai", "chat", status=429, retry_after=timedelta(seconds=60)), 60),
        (TooManyRequests("azure-openai", "chat", status=429), None),
        (NotFound("azure-openai", "chat", status=404), None),
    ],
)
def test_a_busy_service_is_waited_on(error, seconds):
    """429 is no failure: the wait goes on for as long as the service asks."""
    blobs, tuning = asking("Q1", "Q2"), answering(an_answer(), an_answer())
    tuning.trouble.fail("chat", error)
    result = verified(blobs, tuning)
    assert (result.done, result.failure) == (False, None)
    assert result.waiting_for == "answer 1 of 2 (the service is busy)"
    assert result.retry_after_seconds == seconds
    assert verified(blobs, tuning).done


def test_no_question_is_asked_again_once_it_is_answered():
    """Answers are written down one by one: a retry goes on where the last try stopped."""
    blobs, tuning = asking("Q1", "Q2"), answering(an_answer(text="first"))
    assert verified(blobs, tuning).waiting_for == "answer 2 of 2 (the service is busy)"
    tuning.answers[RUN_ID] = [an_answer(text="second")]
    assert verified(blobs, tuning).done
    assert prompts_of(tuning) == [(RUN_ID, "Q1"), (RUN_ID, "Q2"), (RUN_ID, "Q2")]
    assert [answered.answer.text for answered in record_of(blobs)] == ["first", "second"]


def test_verifying_twice_gives_one_verdict():
    """An activity that runs twice asks nothing the second time."""
    blobs, tuning = asking("Q1"), answering(an_answer())
    assert verified(blobs, tuning) == verified(blobs, tuning)
    assert len(tuning.asked) == 1


def test_an_outage_is_raised():
    """What may pass is counted by the wait, and asked again."""
    blobs, tuning = asking("Q1"), answering(an_answer())
    tuning.trouble.fail("chat", ServiceUnavailable("azure-openai", "chat"))
    with pytest.raises(ServiceUnavailable):
        verified(blobs, tuning)
    assert verified(blobs, tuning).done


def test_a_question_that_the_service_refuses_ends_the_run_at_once():
    """The same question would be refused again: which one it was is told, not its text."""
    blobs, tuning = asking("Q1", CANARY), answering(an_answer())
    assert verified(blobs, tuning).waiting_for == "answer 2 of 2 (the service is busy)"
    tuning.trouble.fail("chat", RequestRefused("azure-openai", "chat", status=400, service_code="too_long"))
    failure = verified(blobs, tuning).failure
    assert failure is not None
    assert (failure.code, failure.detail) == ("service-refused", "too_long")
    assert failure.message == "Question 2 was refused by the service (HTTP 400)."


def test_a_run_without_questions_is_not_verified():
    """Nothing asked is nothing proved."""
    failure = verified(FakeBlobs(), answering()).failure
    assert failure is not None
    assert failure.code == "verification-not-possible"


def test_the_base_model_answers_beside_the_tuned_one():
    """Where a base deployment is configured, the report can compare; the verdict is the tuned model's alone."""
    blobs, tuning = asking("Q1"), answering(an_answer(), base=[an_answer(text="", model="base")])
    result = verified(blobs, tuning, base_deployment="base")
    assert result.done
    assert result.verification is not None
    assert result.verification.base_deployment == "base"
    assert [answered.base_answer for answered in record_of(blobs)] == [an_answer(text="", model="base")]
    assert prompts_of(tuning) == [(RUN_ID, "Q1"), ("base", "Q1")]


@pytest.mark.parametrize(
    "error",
    [
        NotFound("azure-openai", "chat", status=404),
        TooManyRequests("azure-openai", "chat", status=429),
        RequestRefused("azure-openai", "chat", status=400),
        ServiceUnavailable("azure-openai", "chat"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_base_deployment_that_does_not_answer_costs_no_verdict(error):
    """A comparison is a courtesy: without it the tuned model's answer counts, and is asked for once."""
    blobs, tuning = asking("Q1"), answering(an_answer())
    tuning.trouble.fail("chat base", error)
    assert verified(blobs, tuning, base_deployment="base").done
    assert [answered.base_answer for answered in record_of(blobs)] == [None]
    assert prompts_of(tuning) == [(RUN_ID, "Q1"), ("base", "Q1")]


def test_half_a_character_can_be_written_down():
    """JSON may carry what UTF-8 cannot: such an answer is judged like any other."""
    blobs = asking("Q1")
    assert verified(blobs, answering(an_answer(text="lamp \ud83d"))).done
    assert [answered.answer.text for answered in record_of(blobs)] == ["lamp ?"]
