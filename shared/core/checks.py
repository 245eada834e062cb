"""Checks one example against the format of its method: chat messages (supervised) or preference pairs (dpo).

Formats: Azure OpenAI documentation, fine-tuning, fine-tuning-functions, fine-tuning-direct-preference-optimization and,
to tell its examples from the others, reinforcement-fine-tuning.
"""

from typing import Any, Literal

from shared.core.examples import Example
from shared.core.formats_images import check_image_count
from shared.core.formats_messages import Findings, check_messages, role_of, unknown_keys
from shared.core.formats_tools import Tools, calls_of, check_tool_answers, check_tools, tools_of
from shared.core.issues import Finding
from shared.core.plans import Method

type Kind = Literal["supervised", "dpo", "reinforcement", ""]

_SUPERVISED_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_DPO_KEYS = frozenset({"input", "preferred_output", "non_preferred_output"})
_INPUT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls"})

# What other tools and services call a dataset, by the keys that give it away.
_FOREIGN_FORMATS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"prompt", "completion"}), "prompt and completion"),
    (frozenset({"prompt", "chosen", "rejected"}), "prompt, chosen and rejected"),
    (frozenset({"conversations"}), "ShareGPT conversations"),
    (frozenset({"instruction", "output"}), "instruction and output"),
    (frozenset({"contents"}), "Gemini contents"),
    (frozenset({"custom_id", "body"}), "a batch of requests"),
)


def check_example(example: Example, method: Method) -> Findings:
    """Yield what is wrong with an example; nothing when the service will take it."""
    kind = kind_of(example)
    if not kind and (name := _foreign_format(example)):
        yield Finding("foreign-format", f"it looks like {name}")
    elif kind == "reinforcement":
        yield Finding("reinforcement-example")
    elif kind and kind != method:
        yield Finding("wrong-method")
    elif method == "supervised":
        yield from _check_supervised(example)
    else:
        yield from _check_pair(example)


def kind_of(example: Example) -> Kind:
    """Return the method whose format an example has, whether or not it is sound; "" when no method has it."""
    if _DPO_KEYS & example.keys() and "messages" not in example:
        return "dpo"
    messages = example.get("messages")
    if "messages" not in example:
        return ""
    if example.keys() >= _DPO_KEYS:
        return "dpo"
    # What a grader compares with stands beside the messages, and the answer is the model's to give.
    is_question = isinstance(messages, list) and bool(messages) and role_of(messages[-1]) == "user"
    return "reinforcement" if is_question and example.keys() - _SUPERVISED_KEYS - _DPO_KEYS else "supervised"


def _foreign_format(example: Example) -> str:
    return next((name for keys, name in _FOREIGN_FORMATS if keys <= example.keys()), "")


def _check_supervised(example: Example) -> Findings:
    yield from unknown_keys(example, _SUPERVISED_KEYS, "")
    yield from check_tools(example, "")
    if "functions" in example:
        yield Finding("deprecated-functions", "functions")
    messages = example.get("messages")
    yield from check_messages(messages, "messages", tools_of(example))
    if isinstance(messages, list) and messages:
        yield from _check_conversation(messages)


def _check_conversation(messages: list[Any]) -> Findings:
    """Check what the messages are to each other."""
    roles = [role_of(message) for message in messages]
    if "assistant" not in roles:
        yield Finding("missing-assistant-message")
    elif roles[-1] != "assistant":
        yield Finding("last-message-not-assistant")
    elif all(_has_weight_zero(message) for message in messages if role_of(message) == "assistant"):
        yield Finding("nothing-to-learn")
    if "user" not in roles:
        yield Finding("missing-user-message")
    yield from check_tool_answers(messages, "messages")
    yield from check_image_count(messages)


def _check_pair(example: Example) -> Findings:
    yield from unknown_keys(example, _DPO_KEYS, "")
    prompt = example.get("input")
    tools, open_calls = tools_of({}), calls_of(None)
    if isinstance(prompt, dict):
        tools, messages = tools_of(prompt), prompt.get("messages")
        yield from unknown_keys(prompt, _INPUT_KEYS, "input")
        yield from check_tools(prompt, "input.")
        yield from check_messages(messages, "input.messages", tools)
        if isinstance(messages, list) and messages:
            open_calls = calls_of(messages[-1])
            yield from check_tool_answers(messages, "input.messages")
            yield from check_image_count(messages)
    else:
        yield Finding("missing-input")
    for key in ("preferred_output", "non_preferred_output"):
        yield from _check_output(example.get(key), key, tools, open_calls)
    if example.get("preferred_output") and example.get("preferred_output") == example.get("non_preferred_output"):
        yield Finding("same-outputs")


def _check_output(output: Any, where: str, tools: Tools, open_calls: frozenset[str]) -> Findings:
    if not isinstance(output, list) or not output or role_of(output[-1]) != "assistant":
        yield Finding("invalid-output", where)
        return
    yield from check_messages(output, where, tools)
    yield from check_tool_answers(output, where, open_calls)
    if any(role_of(message) not in ("assistant", "tool") for message in output):
        yield Finding("invalid-output-role", where)


def _has_weight_zero(message: Any) -> bool:
    return message.get("weight") == 0
