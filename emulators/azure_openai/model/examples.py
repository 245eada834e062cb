"""Training examples as the learner sees them: lines of JSONL turned into prompts, answers and token counts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiktoken

# The published counting of OpenAI's cookbook (Chat_finetuning_data_prep): every message is wrapped in three
# tokens, a name costs one more, and every example ends with three that open the reply.
TOKENS_PER_MESSAGE = 3
TOKENS_PER_NAME = 1
TOKENS_PER_REPLY = 3
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MEMO_ENTRIES = 4096  # enough for the system prompts of a data set, small beside the vocabulary
_MEMO_CHARACTERS = 20_000


class InvalidExampleError(ValueError):
    """A line is JSON, but no example that the training method can use."""

    def __init__(self, line_number: int, reason: str) -> None:
        super().__init__(f"Line {line_number}: {reason}")


@dataclass(frozen=True)
class Answer:
    """One text that the model shall learn to give, with the prompt that it answers."""

    prompt: str
    text: str


class TokenCounter:
    """Counts the tokens of texts and examples with one encoding, remembering short texts that come back."""

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self._memo: dict[str, int] = {}

    def text(self, text: str) -> int:
        """Return the number of tokens of a text."""
        known = self._memo.get(text)
        if known is not None:
            return known
        count = len(self.encoding.encode_ordinary(text))
        if len(self._memo) < _MEMO_ENTRIES and len(text) <= _MEMO_CHARACTERS:
            self._memo[text] = count
        return count

    def messages(self, messages: list[dict[str, Any]]) -> int:
        """Return the tokens of a conversation by the cookbook's formula, with the three that open the reply."""
        return TOKENS_PER_REPLY + sum(self._message(message) for message in messages)

    def _message(self, message: dict[str, Any]) -> int:
        fields = sum(self.text(text_of(value)) for value in message.values() if isinstance(value, str | list))
        return TOKENS_PER_MESSAGE + fields + (TOKENS_PER_NAME if "name" in message else 0)


def text_of(content: Any) -> str:
    """Return the text of a message's content, whether it is a string or a list of parts; images have none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def read_examples(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and object of every line that is not blank, one at a time; a leading BOM is skipped.

    Raises:
        InvalidExampleError: a line is no JSON object.
    """
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line:
                yield number, _parse(number, line)


def _parse(number: int, line: bytes) -> dict[str, Any]:
    try:
        example = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidExampleError(number, "is not valid JSON.") from error
    if not isinstance(example, dict):
        raise InvalidExampleError(number, "is not a JSON object.")
    return example


def conversation_of(number: int, example: dict[str, Any], method: str) -> list[dict[str, Any]]:
    """Return the messages that are learned from a line: for preferences, the input followed by the preferred output.

    Raises:
        InvalidExampleError: the line has not the shape that the method needs.
    """
    messages = _preference(number, example) if method == "dpo" else example.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidExampleError(number, "has no messages.")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise InvalidExampleError(number, "has a message whose role is missing or unknown.")
    if messages[-1]["role"] != "assistant":
        raise InvalidExampleError(number, "does not end with a message of the assistant.")
    return messages


def _preference(number: int, example: dict[str, Any]) -> list[Any]:
    question, preferred = example.get("input"), example.get("preferred_output")
    if not isinstance(question, dict) or not isinstance(preferred, list) or "non_preferred_output" not in example:
        raise InvalidExampleError(number, "needs input, preferred_output and non_preferred_output.")
    return [*question.get("messages", []), *preferred]


def answers_of(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    """Yield each assistant message that counts in training (its weight is not 0), with all that precedes it."""
    for position, message in enumerate(messages):
        text = text_of(message.get("content"))
        if message["role"] == "assistant" and message.get("weight", 1) != 0 and text:
            yield Answer(prompt_of(messages[:position]), text)


def prompt_of(messages: list[dict[str, Any]]) -> str:
    """Return the words of a conversation that say what is asked."""
    return "\n".join(text_of(message.get("content")) for message in messages)
