"""A fast way for what most datasets consist of: chat messages of nothing but texts.

Whatever is not plain, or not certain, is left to `examples` and `checks`, which are the rules; here are only shortcuts
that give the same answers.
"""

from typing import Any, Literal

from msgspec import DecodeError
from msgspec.json import Decoder

from shared.core.plans import Method

_DECODER = Decoder(dict[Literal["messages"], list[dict[Literal["role", "content", "name"], str]]])

_PLAIN_ROLES = frozenset({"system", "user", "assistant"})
_PLAIN_MESSAGES = 200


def parse_plain(line: bytes) -> Any | None:
    """Return what `parse_example` returns for a line of plain chat messages; None for any other line."""
    try:
        example = _DECODER.decode(line)
    except (DecodeError, UnicodeDecodeError):
        return None
    messages = example.get("messages")
    if not messages:
        return None
    # The decoder takes the last of equal keys in silence, but a key and its value are four quotation marks more.
    texts = 1 + 2 * sum(map(len, messages))
    return example if _quotation_marks(line) == 2 * texts else None


def is_plain_chat(example: dict[str, Any], method: Method) -> bool:
    """Tell of an example that `parse_plain` returned whether it is sure that `check_example` finds nothing in it."""
    messages: list[dict[str, str]] = example["messages"]
    if method != "supervised" or len(messages) > _PLAIN_MESSAGES or messages[-1].get("role") != "assistant":
        return False
    has_question = False
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if len(message) != 2 or role not in _PLAIN_ROLES or not content or content.isspace():
            return False
        has_question = has_question or role == "user"
    return has_question


def _quotation_marks(line: bytes) -> int:
    """Return how many quotation marks of a line of JSON begin or end a text."""
    if b"\\\\" in line:  # escaped backslashes, the second of which escapes nothing
        line = line.replace(b"\\\\", b"")
    return line.count(b'"') - line.count(b'\\"')
