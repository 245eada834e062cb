"""Verification: proof that the deployment answers as the model that was trained."""

import logging

from msgspec.structs import replace

from shared import codec
from shared.core.failures import Failure, failure, refusal
from shared.core.intake import private_path
from shared.core.plans import Plan
from shared.core.polling import CheckResult
from shared.core.verification import (
    AnsweredQuestion,
    ChatAnswer,
    Question,
    VerificationRecord,
    VerificationSummary,
    problem_with,
)
from shared.errors import NotFound, RequestRefused, ServiceError, TooManyRequests
from shared.ports import BlobStore, FineTuning
from shared.stages.questions import read_questions

# Enough for an answer of a few paragraphs; an answer that is longer counts as truncated.
ANSWER_TOKENS = 800

LOG = logging.getLogger(__name__)


def verify_deployment(
    blobs: BlobStore, tuning: FineTuning, plan: Plan, *, container: str, model: str, base_deployment: str
) -> CheckResult:
    """Ask the questions that are not answered yet; a busy service is waited on, and no answer is asked for twice."""
    questions = read_questions(blobs, plan, container)
    if not questions:
        return CheckResult(failure=failure("verification-not-possible", "The run's questions are gone."))
    path = private_path(plan.run_id, "verification.json")
    stored = blobs.read(container, path)
    answers = list(codec.from_json(stored, VerificationRecord).answers) if stored else []
    for question in questions[len(answers) :]:
        try:
            answers.append(_ask(tuning, plan.deployment_name, question, model, base_deployment))
        except (TooManyRequests, NotFound) as busy:
            # NotFound: the data plane can forget a young deployment for a moment.
            seconds = busy.retry_after.total_seconds() if busy.retry_after else None
            waiting_for = f"answer {len(answers) + 1} of {len(questions)} (the service is busy)"
            return CheckResult(waiting_for=waiting_for, retry_after_seconds=seconds)
        except RequestRefused as error:
            return CheckResult(failure=refusal("service-refused", f"Question {len(answers) + 1}", error))
        blobs.write(container, path, codec.to_json(VerificationRecord(answers=answers)))
    return _verdict(answers, base_deployment)


def _ask(tuning: FineTuning, deployment: str, question: Question, model: str, base_deployment: str) -> AnsweredQuestion:
    answer = _storable(tuning.chat(deployment, question.messages, max_tokens=ANSWER_TOKENS))
    base = _base_answer(tuning, base_deployment, question) if base_deployment else None
    problem = problem_with(answer, expected=question.expected, fine_tuned_model=model)
    return AnsweredQuestion(question=question, answer=answer, base_answer=base, problem=problem)


def _base_answer(tuning: FineTuning, base_deployment: str, question: Question) -> ChatAnswer | None:
    """Return the base model's answer, for comparison only: what keeps it away never keeps a run from its verdict."""
    try:
        return _storable(tuning.chat(base_deployment, question.messages, max_tokens=ANSWER_TOKENS))
    except ServiceError as error:
        LOG.warning("the base deployment %s did not answer: %s", base_deployment, error)
        return None


def _storable(answer: ChatAnswer) -> ChatAnswer:
    """Return an answer that UTF-8 can hold: JSON may carry half of a surrogate pair."""
    return replace(answer, text=answer.text.encode(errors="replace").decode())


def _verdict(answers: list[AnsweredQuestion], base_deployment: str) -> CheckResult:
    problems = [answered.problem for answered in answers if answered.problem]
    summary = VerificationSummary(
        asked=len(answers),
        passed=len(answers) - len(problems),
        source=answers[0].question.source,
        problems=problems,
        base_deployment=base_deployment,
    )
    if problems:
        return CheckResult(verification=summary, failure=_failed(problems, len(answers)))
    return CheckResult(done=True, verification=summary)


def _failed(problems: list[str], asked: int) -> Failure:
    return failure(problems[0], f"Verification failed: {len(problems)} of {asked} answers are not what they should be.")
