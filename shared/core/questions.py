"""Questions for a verification, from held-out examples."""

import json
from typing import Any

from shared.core.verification import Question, QuestionSource

# Three answers show whether a model answers in its style; each costs tokens and a place in the rate limit.
QUESTIONS_FROM_EXAMPLES = 3


def questions_from_examples(lines: bytes, *, source: QuestionSource, expected: str = "") -> list[Question]:
    """Return the first few examples of a dataset's beginning as questions: their messages before the first answer."""
    questions: list[Question] = []
    for line in lines.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        messages = _prompt_of(line)
        if messages:
            questions.append(Question(messages=messages, expected=expected, source=source))
        if len(questions) == QUESTIONS_FROM_EXAMPLES:
            break
    return questions


def _prompt_of(line: bytes) -> list[dict[str, str]]:
    """Return a line's messages up to the first user message, or nothing when they are not plain text."""
    try:
        example: Any = json.loads(line)
    except (ValueError, RecursionError):
        return []  # the sample's last line may be cut, and validation has judged the others
    prompt: list[dict[str, str]] = []
    for message in _messages_of(example):
        role, content = _field(message, "role"), _field(message, "content")
        if role not in ("system", "developer", "user") or not _is_sendable(content):
            return []
        prompt.append({"role": role, "content": content})
        if role == "user":
            return prompt
    return []


def _messages_of(example: Any) -> list[Any]:
    """Return the messages of a chat example, or of a preference example's input."""
    messages = _field(example, "messages") or _field(_field(example, "input"), "messages")
    return messages if isinstance(messages, list) else []


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _is_sendable(content: Any) -> bool:
    """Tell whether a content is plain text; half a surrogate pair is valid JSON, and no valid UTF-8."""
    return isinstance(content, str) and not any("\ud800" <= character <= "\udfff" for character in content)
