"""Proof that a deployment answers as its model: the questions, and the verdict on each answer."""

from typing import Literal

from msgspec import Struct

QuestionSource = Literal["options", "validation", "training"]


class Question(Struct, frozen=True, kw_only=True):
    """Chat messages to send, and a phrase that the answer must hold ("" for any). Prompt text: private blobs only."""

    messages: list[dict[str, str]]
    expected: str = ""
    source: QuestionSource = "options"


class ChatAnswer(Struct, frozen=True, kw_only=True):
    """What a deployment answered, with the service's own words for how it ended. Prompt text: private blobs only."""

    text: str
    finish_reason: str
    model: str
    filtered: bool = False
    completion_tokens: int = 0


class AnsweredQuestion(Struct, frozen=True, kw_only=True):
    """A question, the tuned model's answer, the base model's where one is configured, and the problem ("" for none)."""

    question: Question
    answer: ChatAnswer
    base_answer: ChatAnswer | None = None
    problem: str = ""


class VerificationRecord(Struct, frozen=True, kw_only=True):
    """All answers of a run so far; lies in a private blob."""

    answers: list[AnsweredQuestion] = []


class VerificationSummary(Struct, frozen=True, kw_only=True):
    """Counts and codes of a verification: safe to show anywhere."""

    asked: int
    passed: int
    source: QuestionSource
    problems: list[str] = []
    base_deployment: str = ""


def problem_with(answer: ChatAnswer, *, expected: str, fine_tuned_model: str) -> str:
    """Return the code of what is wrong with a tuned model's answer, or "" when nothing is."""
    if answer.filtered or answer.finish_reason == "content_filter":
        return "answer-filtered"
    if not answer.text.strip():
        return "answer-empty"
    if answer.finish_reason != "stop":
        return "answer-truncated" if answer.finish_reason == "length" else "answer-unfinished"
    if answer.model.casefold() != fine_tuned_model.casefold():
        return "answer-from-another-model"
    if expected and expected.casefold() not in answer.text.casefold():
        return "expected-phrase-missing"
    return ""
