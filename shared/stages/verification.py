"""Verification: proof that the deployment answers as the model that was trained."""

from collections.abc import Iterator

from shared import codec
from shared.core.failures import Failure, failure
from shared.core.intake import private_path
from shared.core.plans import Plan, Script
from shared.core.polling import CheckResult
from shared.core.questions import questions_from_examples
from shared.core.verification import (
    AnsweredQuestion,
    ChatAnswer,
    Question,
    VerificationRecord,
    VerificationSummary,
    problem_with,
)
from shared.errors import NotFound, TooManyRequests
from shared.ports import BlobStore, FineTuning

# Enough for an answer of a few paragraphs; an answer that is longer counts as truncated.
ANSWER_TOKENS = 800
# A validation example is a few KB; this many bytes hold far more than the few that are asked.
SAMPLE_BYTES = 1_000_000


def verify_deployment(
    blobs: BlobStore, tuning: FineTuning, plan: Plan, *, container: str, model: str, base_deployment: str
) -> CheckResult:
    """Ask the questions that are not answered yet; a busy service is waited on, and no answer is asked for twice."""
    questions = _questions(blobs, plan, container)
    if not questions:
        message = "There is nothing to ask: neither the options nor the examples hold a question in plain text."
        return CheckResult(failure=failure("verification-not-possible", message))
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
        blobs.write(container, path, codec.to_json(VerificationRecord(answers=answers)))
    return _verdict(answers, base_deployment)


def _questions(blobs: BlobStore, plan: Plan, container: str) -> list[Question]:
    stored = blobs.read(container, private_path(plan.run_id, "script.json"))
    script = codec.from_json(stored, Script) if stored else Script()
    if script.questions:
        return script.questions
    source = "validation" if plan.validation else "training"
    return questions_from_examples(_sample(blobs, plan), source=source, expected=script.expected)


def _sample(blobs: BlobStore, plan: Plan) -> bytes:
    """Return the first bytes of the held-out examples; of the training examples where nothing is held out."""
    chunks: Iterator[bytes] = blobs.stream(plan.validation or plan.training)
    sample = b""
    for chunk in chunks:
        sample += chunk
        if len(sample) >= SAMPLE_BYTES:
            break
    return sample[:SAMPLE_BYTES]


def _ask(tuning: FineTuning, deployment: str, question: Question, model: str, base_deployment: str) -> AnsweredQuestion:
    answer = tuning.chat(deployment, question.messages, max_tokens=ANSWER_TOKENS)
    base: ChatAnswer | None = None
    if base_deployment:
        base = tuning.chat(base_deployment, question.messages, max_tokens=ANSWER_TOKENS)
    problem = problem_with(answer, expected=question.expected, fine_tuned_model=model)
    return AnsweredQuestion(question=question, answer=answer, base_answer=base, problem=problem)


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
