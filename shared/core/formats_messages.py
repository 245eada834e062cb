"""Checks a list of chat messages: roles, contents, names and weights, each message by itself.

Formats: Azure OpenAI documentation, fine-tuning and fine-tuning-functions.
"""

from collections.abc import Iterator
from typing import Any

from shared.core.formats_images import check_image, is_image
from shared.core.formats_tools import Tools, check_tool_calls
from shared.core.issues import Finding

type Findings = Iterator[Finding]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
NAME_CHARACTERS = 64

_MESSAGE_KEYS = frozenset({"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"})


def check_messages(messages: Any, where: str, tools: Tools) -> Findings:
    """Yield what is wrong with the messages of a list; `tools` are the names that calls may have."""
    if not isinstance(messages, list) or not messages:
        yield Finding("missing-messages", where)
        return
    for index, message in enumerate(messages):
        place = f"{where}[{index}]"
        if isinstance(message, dict):
            yield from _check_message(message, place, tools)
        else:
            yield Finding("message-not-an-object", place)


def unknown_keys(value: dict[str, Any], known: frozenset[str], where: str) -> Findings:
    """Yield one finding if there are keys that are not `known`, however many: a hostile object has a thousand."""
    # Keys are text of the dataset, so none is named.
    if value.keys() - known:
        yield Finding("unknown-key", where)


def role_of(message: Any) -> str:
    """Return a message's role, "" where it has none."""
    role = message.get("role") if isinstance(message, dict) else None
    return role if isinstance(role, str) else ""


def _check_message(message: dict[str, Any], where: str, tools: Tools) -> Findings:
    yield from unknown_keys(message, _MESSAGE_KEYS, where)
    yield from _check_role(message, where)
    yield from _check_content(message, f"{where}.content")
    if "name" in message and not _is_name(message["name"]):
        yield Finding("invalid-name", f"{where}.name")
    if "weight" in message:
        yield from _check_weight(message, f"{where}.weight")
    if "tool_calls" in message:
        if role_of(message) == "assistant":
            yield from check_tool_calls(message["tool_calls"], f"{where}.tool_calls", tools)
        else:
            yield Finding("misplaced-tool-calls", f"{where}.tool_calls")


def _check_role(message: dict[str, Any], where: str) -> Findings:
    role = role_of(message)
    if role not in ROLES:
        yield Finding("unknown-role", f"{where}.role")
    elif role == "developer":
        yield Finding("developer-role", f"{where}.role")
    elif role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield Finding("missing-tool-call-id", where)
    if role == "function" or "function_call" in message:
        yield Finding("deprecated-functions", where)


def _check_content(message: dict[str, Any], where: str) -> Findings:
    content, is_answer = message.get("content"), role_of(message) == "assistant"
    calls = is_answer and (message.get("tool_calls") or message.get("function_call"))
    if content is None:
        if not calls:
            yield Finding("missing-content", where)
    elif isinstance(content, str):
        if is_answer and not content.strip() and not calls:
            yield Finding("empty-answer", where)
    elif isinstance(content, list) and content:
        for index, part in enumerate(content):
            yield from _check_part(part, role_of(message), f"{where}[{index}]")
    else:
        yield Finding("invalid-content", where)


def _check_part(part: Any, role: str, where: str) -> Findings:
    if is_image(part):
        yield from check_image(part, where) if role == "user" else iter([Finding("misplaced-image", where)])
    elif not (isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)):
        yield Finding("invalid-content", where)


def _check_weight(message: dict[str, Any], where: str) -> Findings:
    weight = message["weight"]
    if role_of(message) != "assistant":
        yield Finding("misplaced-weight", where)
    elif isinstance(weight, bool) or weight not in (0, 1):
        yield Finding("invalid-weight", where)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= NAME_CHARACTERS
