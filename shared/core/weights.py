"""How many of an example's tokens are learned, after its weights."""

from collections.abc import Callable
from typing import Any

from shared.core.plans import Method


def trained_tokens(example: dict[str, Any], method: Method, assistant: int, count: Callable[[str], int]) -> int:
    """Return the tokens of answers that are learned: of `assistant`, all but those of weight 0 and of a pair's input.

    Azure OpenAI documentation, fine-tuning: an assistant message of weight 0 is not trained on. An example without
    errors is expected.
    """
    if method == "supervised":
        passed_over = [m for m in example["messages"] if m.get("weight") == 0]
    else:
        passed_over = example["input"]["messages"]
    return assistant - sum(_content_tokens(m.get("content"), count) for m in passed_over if m["role"] == "assistant")


def _content_tokens(content: Any, count: Callable[[str], int]) -> int:
    if isinstance(content, str):
        return count(content)
    return sum(count(part["text"]) for part in content or [] if isinstance(part.get("text"), str))
