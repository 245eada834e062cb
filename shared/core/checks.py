"""Checks one example against the format of its method: chat messages (supervised) or preference pairs (dpo).

Formats: Azure OpenAI documentation, fine-tuning, fine-tuning-functions and fine-tuning-direct-preference-optimization.
"""

from collections.abc import Iterator
from typing import Any

from shared.core.examples import Example
from shared.core.issues import Finding
from shared.core.plans import Method

type Findings = Iterator[Finding]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
NAME_CHARACTERS = 64

_SUPERVISED_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_DPO_KEYS = frozenset({"input", "preferred_output", "non_preferred_output"})
_INPUT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls"})
_MESSAGE_KEYS = frozenset({"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"})


def check_example(example: Example, method: Method) -> Findings:
    """Yield what is wrong with an example; nothing when the service will take it."""
    other = _DPO_KEYS if method == "supervised" else {"messages"}
    own = {"messages"} if method == "supervised" else _DPO_KEYS
    if other & example.keys() and not own & example.keys():
        yield Finding("wrong-method")
    elif method == "supervised":
        yield from _check_supervised(example)
    else:
        yield from _check_pair(example)


def _check_supervised(example: Example) -> Findings:
    yield from _unknown_keys(example, _SUPERVISED_KEYS, "")
    yield from _check_tools(example.get("tools"), "tools")
    if "functions" in example:
        yield Finding("deprecated-functions", "functions")
    messages = example.get("messages")
    yield from _check_messages(messages, "messages")
    if isinstance(messages, list) and messages:
        yield from _check_conversation(messages)


def _check_pair(example: Example) -> Findings:
    yield from _unknown_keys(example, _DPO_KEYS, "")
    prompt = example.get("input")
    if isinstance(prompt, dict):
        yield from _unknown_keys(prompt, _INPUT_KEYS, "input")
        yield from _check_tools(prompt.get("tools"), "input.tools")
        yield from _check_messages(prompt.get("messages"), "input.messages")
    else:
        yield Finding("missing-input")
    preferred, other = example.get("preferred_output"), example.get("non_preferred_output")
    yield from _check_output(preferred, "preferred_output")
    yield from _check_output(other, "non_preferred_output")
    if preferred and preferred == other:
        yield Finding("same-outputs")


def _check_output(output: Any, where: str) -> Findings:
    if not isinstance(output, list) or not output or _role(output[-1]) != "assistant":
        yield Finding("invalid-output", where)
    else:
        yield from _check_messages(output, where)


def _check_conversation(messages: list[Any]) -> Findings:
    """Check what the messages are to each other."""
    roles = [_role(message) for message in messages]
    if "assistant" not in roles:
        yield Finding("missing-assistant-message")
    elif roles[-1] != "assistant":
        yield Finding("last-message-not-assistant")
    elif all(_has_weight_zero(message) for message in messages if _role(message) == "assistant"):
        yield Finding("nothing-to-learn")
    if "user" not in roles:
        yield Finding("missing-user-message")


def _check_messages(messages: Any, where: str) -> Findings:
    if not isinstance(messages, list) or not messages:
        yield Finding("missing-messages", where)
        return
    for index, message in enumerate(messages):
        place = f"{where}[{index}]"
        if isinstance(message, dict):
            yield from _check_message(message, place)
        else:
            yield Finding("message-not-an-object", place)


def _check_message(message: dict[str, Any], where: str) -> Findings:
    yield from _unknown_keys(message, _MESSAGE_KEYS, where)
    yield from _check_role(message, where)
    yield from _check_content(message, f"{where}.content")
    if "name" in message and not _is_name(message["name"]):
        yield Finding("invalid-name", f"{where}.name")
    if "weight" in message:
        yield from _check_weight(message, f"{where}.weight")
    if "tool_calls" in message and not _are_tool_calls(message["tool_calls"]):
        yield Finding("invalid-tool-call", f"{where}.tool_calls")


def _check_role(message: dict[str, Any], where: str) -> Findings:
    role = _role(message)
    if role not in ROLES:
        yield Finding("unknown-role", f"{where}.role")
    elif role == "developer":
        yield Finding("developer-role", f"{where}.role")
    elif role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield Finding("missing-tool-call-id", where)
    if role == "function" or "function_call" in message:
        yield Finding("deprecated-functions", where)


def _check_content(message: dict[str, Any], where: str) -> Findings:
    content, is_answer = message.get("content"), _role(message) == "assistant"
    calls = is_answer and (message.get("tool_calls") or message.get("function_call"))
    if content is None:
        if not calls:
            yield Finding("missing-content", where)
    elif isinstance(content, str):
        if is_answer and not content.strip() and not calls:
            yield Finding("empty-answer", where)
    elif isinstance(content, list) and content:
        for index, part in enumerate(content):
            yield from _check_part(part, _role(message), f"{where}[{index}]")
    else:
        yield Finding("invalid-content", where)


def _check_part(part: Any, role: str, where: str) -> Findings:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "image_url":
        yield Finding("image-not-counted" if role == "user" else "misplaced-image", where)
    elif kind != "text" or not isinstance(part.get("text"), str):
        yield Finding("invalid-content", where)


def _check_weight(message: dict[str, Any], where: str) -> Findings:
    weight = message["weight"]
    if _role(message) != "assistant":
        yield Finding("misplaced-weight", where)
    elif isinstance(weight, bool) or weight not in (0, 1):
        yield Finding("invalid-weight", where)


def _check_tools(tools: Any, where: str) -> Findings:
    if tools is not None and not (isinstance(tools, list) and all(_is_function(tool, "name") for tool in tools)):
        yield Finding("invalid-tools", where)


def _are_tool_calls(calls: Any) -> bool:
    return (
        isinstance(calls, list)
        and bool(calls)
        and all(_is_function(call, "name", "arguments") and isinstance(call.get("id"), str) for call in calls)
    )


def _is_function(tool: Any, *texts: str) -> bool:
    """Tell whether a tool or tool call is a function that has these texts."""
    if not isinstance(tool, dict) or tool.get("type") != "function":
        return False
    function = tool.get("function")
    return isinstance(function, dict) and all(isinstance(function.get(text), str) for text in texts)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= NAME_CHARACTERS


def _has_weight_zero(message: Any) -> bool:
    return message.get("weight") == 0


def _unknown_keys(value: dict[str, Any], known: frozenset[str], where: str) -> Findings:
    # One finding however many keys: a hostile object has a thousand. Keys are text of the dataset, so none is named.
    if value.keys() - known:
        yield Finding("unknown-key", where)


def _role(message: Any) -> str:
    role = message.get("role") if isinstance(message, dict) else None
    return role if isinstance(role, str) else ""
