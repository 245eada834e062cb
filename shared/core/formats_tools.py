"""Checks tool definitions, tool calls and the answers to them.

Formats: Azure OpenAI documentation, fine-tuning-functions; names and parameters as in OpenAI's reference of chat
completions.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from shared.core.issues import Finding

type Findings = Iterator[Finding]
type Tools = frozenset[str]

FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SCHEMA_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def check_tools(owner: dict[str, Any], where: str) -> Findings:
    """Yield what is wrong with the tools and parallel_tool_calls of an example or its input; `where` ends in a dot."""
    if not isinstance(owner.get("parallel_tool_calls", False), bool):
        yield Finding("invalid-parallel-tool-calls", f"{where}parallel_tool_calls")
    tools = owner.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list) or not all(_is_function(tool, "name") for tool in tools):
        yield Finding("invalid-tools", f"{where}tools")
        return
    names = set[str]()
    for index, tool in enumerate(tools):
        yield from _check_function(tool["function"], f"{where}tools[{index}].function", names)


def tools_of(owner: dict[str, Any]) -> Tools:
    """Return the names of the functions that an example or its input defines, whatever shape its values have."""
    tools = owner.get("tools")
    return frozenset(
        tool["function"]["name"] for tool in (tools if isinstance(tools, list) else []) if _is_function(tool, "name")
    )


def check_tool_calls(calls: Any, where: str, tools: Tools) -> Findings:
    """Yield what is wrong with the tool calls of an assistant's message."""
    if not (isinstance(calls, list) and calls and all(_is_call(call) for call in calls)):
        yield Finding("invalid-tool-call", where)
        return
    if len({call["id"] for call in calls}) < len(calls):
        yield Finding("duplicate-tool-call-id", where)
    if any(call["function"]["name"] not in tools for call in calls):
        yield Finding("unknown-tool", where)
    if not all(_is_json_object(call["function"]["arguments"]) for call in calls):
        yield Finding("invalid-tool-arguments", where)


def check_tool_answers(messages: list[Any], where: str, calls: frozenset[str] = frozenset()) -> Findings:
    """Yield where answers and calls of a conversation do not match; `calls` are the ids that are open before it.

    The last calls may stay without answers: then they are what the model learns.
    """
    asked, waiting, caller = calls, set[str](), 0
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            answered = message.get("tool_call_id")
            if isinstance(answered, str) and answered not in asked:
                yield Finding("unmatched-tool-answer", f"{where}[{index}]")
            waiting.discard(answered if isinstance(answered, str) else "")
            continue
        if waiting:
            yield Finding("unanswered-tool-call", f"{where}[{caller}]")
        asked, caller = calls_of(message), index
        waiting = set(asked)


def calls_of(message: Any) -> frozenset[str]:
    """Return the ids of an assistant's tool calls, whatever shape its values have."""
    is_answer = isinstance(message, dict) and message.get("role") == "assistant"
    calls = message.get("tool_calls") if is_answer else None
    return frozenset(call["id"] for call in (calls if isinstance(calls, list) else []) if _is_call(call))


def _check_function(function: dict[str, Any], where: str, names: set[str]) -> Findings:
    name = function["name"]
    if not FUNCTION_NAME.fullmatch(name):
        yield Finding("invalid-function-name", f"{where}.name")
    if name in names:
        yield Finding("duplicate-tool", where)
    names.add(name)
    parameters = function.get("parameters")
    # Without parameters, or with an empty schema, a function takes none.
    if parameters is not None and not (_is_schema(parameters) and _is_object_schema(parameters)):
        yield Finding("invalid-tool-parameters", f"{where}.parameters")


def _is_object_schema(schema: Any) -> bool:
    return isinstance(schema, dict) and (not schema or schema.get("type") == "object" or "$ref" in schema)


def _is_schema(schema: Any) -> bool:
    """Tell whether a value has the shape of a JSON schema, as far as trainers read one."""
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    properties, items = schema.get("properties", {}), schema.get("items", True)
    return (
        _is_type(schema.get("type", "object"))
        and isinstance(properties, dict)
        and all(_is_schema(value) for value in properties.values())
        and all(_is_schema(item) for item in (items if isinstance(items, list) else [items]))
        and _are_texts(schema.get("required", []))
        and isinstance(schema.get("enum", []), list)
    )


def _is_type(kind: Any) -> bool:
    return all(isinstance(one, str) and one in _SCHEMA_TYPES for one in (kind if isinstance(kind, list) else [kind]))


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_call(call: Any) -> bool:
    return _is_function(call, "name", "arguments") and isinstance(call.get("id"), str)


def _is_function(tool: Any, *texts: str) -> bool:
    """Tell whether a tool or tool call is a function that has these texts."""
    if not isinstance(tool, dict) or tool.get("type") != "function":
        return False
    function = tool.get("function")
    return isinstance(function, dict) and all(isinstance(function.get(text), str) for text in texts)


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
