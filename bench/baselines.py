"""What people use today: the computations of the lab's notebook and of the OpenAI cookbook, in o200k_base.

Written anew after what those notebooks compute, which is also how they hold it: the whole file in memory, and every
text encoded by tiktoken into a list. Both stop at a special token in a text and at a weight, which our data has not.
"""

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from tiktoken import Encoding

Example = dict[str, Any]


def lab_notebook(path: Path, encoding: Encoding) -> int:
    """Check the first example by eye, count every field and the assistant's contents; return all tokens."""
    with path.open(encoding="utf-8") as file:
        dataset: list[Example] = [json.loads(line) for line in file]
    totals = [_tokens_of(example["messages"], encoding) for example in dataset]
    assistants = [_assistant_tokens_of(example["messages"], encoding) for example in dataset]
    _distribution(totals)
    _distribution(assistants)
    return sum(totals)


def cookbook(path: Path, encoding: Encoding) -> int:
    """Do what the notebook does, and check the format and missing messages; return all tokens."""
    with path.open(encoding="utf-8") as file:
        dataset: list[Example] = [json.loads(line) for line in file]
    errors = Counter(error for example in dataset for error in _format_errors(example))
    missing = Counter(role for example in dataset for role in ("system", "user") if not _has_role(example, role))
    counts = [len(example["messages"]) for example in dataset]
    totals = [_tokens_of(example["messages"], encoding) for example in dataset]
    assistants = [_assistant_tokens_of(example["messages"], encoding) for example in dataset]
    too_long = sum(total > 16_385 for total in totals)
    for values in (counts, totals, assistants):
        _distribution(values)
    return sum(totals) if not errors and missing.total() >= 0 and too_long >= 0 else -1


def _tokens_of(messages: list[dict[str, str]], encoding: Encoding) -> int:
    tokens = 0
    for message in messages:
        tokens += 3
        for key, value in message.items():
            tokens += len(encoding.encode(value))
            if key == "name":
                tokens += 1
    return tokens + 3


def _assistant_tokens_of(messages: list[dict[str, str]], encoding: Encoding) -> int:
    return sum(len(encoding.encode(message["content"])) for message in messages if message["role"] == "assistant")


def _distribution(values: list[int]) -> tuple[float, ...]:
    ordered = sorted(values)
    at = [ordered[int(share * (len(ordered) - 1))] for share in (0.05, 0.95)]
    return (ordered[0], ordered[-1], statistics.fmean(ordered), statistics.median(ordered), *at)


def _has_role(example: Example, role: str) -> bool:
    return any(message["role"] == role for message in example["messages"])


def _format_errors(example: Example) -> list[str]:
    messages = example.get("messages") if isinstance(example, dict) else None
    if not messages:
        return ["missing_messages_list"]
    errors = [error for message in messages for error in _message_errors(message)]
    if not any(message.get("role") == "assistant" for message in messages):
        errors.append("example_missing_assistant_message")
    return errors


def _message_errors(message: dict[str, Any]) -> list[str]:
    errors = []
    if "role" not in message or "content" not in message:
        errors.append("message_missing_key")
    if any(key not in ("role", "content", "name", "function_call", "weight") for key in message):
        errors.append("message_unrecognized_key")
    if message.get("role") not in ("system", "user", "assistant", "function"):
        errors.append("unrecognized_role")
    content = message.get("content")
    if (not content and not message.get("function_call")) or not isinstance(content, str):
        errors.append("missing_content")
    return errors
