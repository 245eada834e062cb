"""How many tokens a training example is, by the formula of the OpenAI cookbook.

`Chat_finetuning_data_prep` and `How_to_count_tokens_with_tiktoken` of the cookbook: 3 per message, the tokens of each
field's text, 1 more for a name, and 3 per example; tool definitions by the constants that it gives for gpt-4o. The
cookbook reads text fields only. Here, other values count by the text that reaches the model: `weight` and null are 0,
content parts are the sum of their texts (images are not counted), tool calls are the names and arguments of their
functions, and anything else is 0. For DPO no formula is published: all three lists of messages count as one example.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from shared.core.plans import Method

TOKENS_PER_MESSAGE = 3
TOKENS_PER_NAME = 1
TOKENS_PER_EXAMPLE = 3
# Of tools: per function, once if it has parameters, per parameter, per enum, per choice of an enum, once at the end.
FUNCTION, PARAMETERS, PARAMETER, ENUM, CHOICE, TOOLS_END = 7, 3, 3, -3, 3, 12

Count = Callable[[str], int]


class ExampleTokens(NamedTuple):
    """The tokens of one example, and of them those in the content of its assistant messages."""

    total: int
    assistant: int


def count_example(example: dict[str, Any], method: Method, count: Count) -> ExampleTokens:
    """Return the tokens of an example, whatever shape its values have; `count` is exact for one text."""
    definitions = example.get("tools") if method == "supervised" else _dict(example.get("input")).get("tools")
    total, assistant = TOKENS_PER_EXAMPLE + _tools_tokens(definitions, count), 0
    for message in _messages_of(example, method):
        content = _value_tokens(message.get("content"), count)
        total += content + _tokens_beside_content(message, count)
        if message.get("role") == "assistant":
            assistant += content
    return ExampleTokens(total, assistant)


def _messages_of(example: dict[str, Any], method: Method) -> Iterator[dict[str, Any]]:
    lists = [example.get("messages")]
    if method == "dpo":
        prompt = _dict(example.get("input"))
        lists = [prompt.get("messages"), example.get("preferred_output"), example.get("non_preferred_output")]
    for messages in lists:
        yield from (message for message in _list(messages) if isinstance(message, dict))


def _tokens_beside_content(message: dict[str, Any], count: Count) -> int:
    tokens = TOKENS_PER_MESSAGE + (TOKENS_PER_NAME if "name" in message else 0)
    for key, value in message.items():
        if key != "content":
            tokens += _value_tokens(value, count)
    return tokens


def _value_tokens(value: Any, count: Count) -> int:
    if isinstance(value, str):
        return count(value)
    if isinstance(value, dict):  # the deprecated function_call
        return _call_tokens(value, count)
    return sum(_part_tokens(part, count) for part in _list(value) if isinstance(part, dict))


def _part_tokens(part: dict[str, Any], count: Count) -> int:
    """Count a content part or a tool call."""
    text = part.get("text")
    return (count(text) if isinstance(text, str) else 0) + _call_tokens(_dict(part.get("function")), count)


def _call_tokens(function: dict[str, Any], count: Count) -> int:
    return sum(count(value) for key in ("name", "arguments") if isinstance(value := function.get(key), str))


def _tools_tokens(definitions: Any, count: Count) -> int:
    functions = [_dict(tool.get("function")) for tool in _list(definitions) if isinstance(tool, dict)]
    return sum(_function_tokens(function, count) for function in functions) + (TOOLS_END if functions else 0)


def _function_tokens(function: dict[str, Any], count: Count) -> int:
    tokens = FUNCTION + count(f"{_text(function.get('name'))}:{_text(function.get('description')).removesuffix('.')}")
    parameters = _dict(_dict(function.get("parameters")).get("properties"))
    if parameters:
        tokens += PARAMETERS + sum(_parameter_tokens(name, _dict(p), count) for name, p in parameters.items())
    return tokens


def _parameter_tokens(name: str, parameter: dict[str, Any], count: Count) -> int:
    description = _text(parameter.get("description")).removesuffix(".")
    tokens = PARAMETER + count(f"{name}:{_text(parameter.get('type'))}:{description}")
    choices = _list(parameter.get("enum"))
    return tokens + (ENUM + sum(CHOICE + count(_text(choice)) for choice in choices) if choices else 0)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
