"""The formats of chat examples and preference pairs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.checks import check_example
from shared.core.issues import MEANINGS, Finding

USER: dict[str, Any] = {"role": "user", "content": "q"}
ANSWER: dict[str, Any] = {"role": "assistant", "content": "a"}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "add"}}
# The first bytes of a PNG, as far as anything looks at them.
PNG = "data:image/png;base64,iVBORw0KGgoAAAAN"
IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
PAIR: dict[str, Any] = {
    "input": {"messages": [USER]},
    "preferred_output": [ANSWER],
    "non_preferred_output": [{"role": "assistant", "content": "b"}],
}


def codes_of(example: dict[str, Any], method: Any = "supervised") -> list[tuple[str, str]]:
    """Return the codes and places of an example's findings."""
    return [(finding.code, finding.where) for finding in check_example(example, method)]


@pytest.mark.parametrize(
    "example",
    [
        {"messages": [USER, ANSWER]},
        {"messages": [{"role": "system", "content": "s"}, {**USER, "name": "ann"}, {**ANSWER, "weight": 0}, ANSWER]},
        {"messages": [{**USER, "content": [{"type": "text", "text": "q"}]}, ANSWER], "parallel_tool_calls": True},
        {
            "messages": [
                USER,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "3"},
                {"role": "assistant", "tool_calls": [CALL]},
            ],
            "tools": [TOOL],
        },
    ],
)
def test_good_chat_examples_have_no_findings(example: dict[str, Any]) -> None:
    """Plain chats, weights, content parts and tool calls are taken as they are."""
    assert codes_of(example) == []


@pytest.mark.parametrize(
    ("messages", "code", "where"),
    [
        ([USER], "missing-assistant-message", ""),
        ([ANSWER, USER], "last-message-not-assistant", ""),
        ([ANSWER], "missing-user-message", ""),
        ([USER, {**ANSWER, "weight": 0}], "nothing-to-learn", ""),
        ([USER, "hello", ANSWER], "message-not-an-object", "messages[1]"),
        ([USER, {"content": "c"}, ANSWER], "unknown-role", "messages[1].role"),
        ([USER, {"role": "Assistant", "content": "c"}, ANSWER], "unknown-role", "messages[1].role"),
        ([USER, {"role": ["user"], "content": "c"}, ANSWER], "unknown-role", "messages[1].role"),
        ([{"role": "developer", "content": "c"}, USER, ANSWER], "developer-role", "messages[0].role"),
        ([USER, {"role": "assistant"}], "missing-content", "messages[1].content"),
        ([USER, {"role": "assistant", "content": None}], "missing-content", "messages[1].content"),
        ([{"role": "user", "content": None}, ANSWER], "missing-content", "messages[0].content"),
        ([{**USER, "tool_calls": [CALL]}, ANSWER], "misplaced-tool-calls", "messages[0].tool_calls"),
        ([USER, {"role": "assistant", "content": " \n"}], "empty-answer", "messages[1].content"),
        ([USER, {"role": "assistant", "content": 5}], "invalid-content", "messages[1].content"),
        ([USER, {"role": "assistant", "content": []}], "invalid-content", "messages[1].content"),
        ([USER, {"role": "assistant", "content": ["a"]}], "invalid-content", "messages[1].content[0]"),
        ([USER, {"role": "assistant", "content": [{"type": "text"}]}], "invalid-content", "messages[1].content[0]"),
        ([USER, {"role": "assistant", "content": [IMAGE]}], "misplaced-image", "messages[1].content[0]"),
        ([{"role": "user", "content": [IMAGE]}, ANSWER], "image-not-counted", "messages[0].content[0]"),
        ([USER, {**ANSWER, "weight": 0.5}], "invalid-weight", "messages[1].weight"),
        ([USER, {**ANSWER, "weight": True}], "invalid-weight", "messages[1].weight"),
        ([USER, {**ANSWER, "weight": None}], "invalid-weight", "messages[1].weight"),
        ([{**USER, "weight": 1}, ANSWER], "misplaced-weight", "messages[0].weight"),
        ([{**USER, "name": ""}, ANSWER], "invalid-name", "messages[0].name"),
        ([{**USER, "name": "n" * 65}, ANSWER], "invalid-name", "messages[0].name"),
        ([{**USER, "name": None}, ANSWER], "invalid-name", "messages[0].name"),
        ([USER, {**ANSWER, "tool_calls": []}], "invalid-tool-call", "messages[1].tool_calls"),
        ([USER, {**ANSWER, "tool_calls": [TOOL]}], "invalid-tool-call", "messages[1].tool_calls"),
        ([USER, {"role": "tool", "content": "3"}, ANSWER], "missing-tool-call-id", "messages[1]"),
        ([USER, {"role": "function", "name": "f", "content": "3"}, ANSWER], "deprecated-functions", "messages[1]"),
        ([USER, {**ANSWER, "contents": "typo"}], "unknown-key", "messages[1]"),
    ],
)
def test_a_fault_in_a_chat_is_found_once_at_its_place(messages: list[Any], code: str, where: str) -> None:
    """Each fault alone gives its own code, its place and nothing else."""
    assert codes_of({"messages": messages}) == [(code, where)]


@pytest.mark.parametrize(
    ("example", "finding"),
    [
        ({}, ("missing-messages", "messages")),
        ({"messages": []}, ("missing-messages", "messages")),
        ({"messages": {"role": "user"}}, ("missing-messages", "messages")),
        ({"messages": [USER, ANSWER], "prompt": "p"}, ("unknown-key", "")),
        ({"messages": [USER, ANSWER], "tools": [{"name": "add"}]}, ("invalid-tools", "tools")),
        ({"messages": [USER, ANSWER], "tools": "add"}, ("invalid-tools", "tools")),
        ({"messages": [USER, ANSWER], "functions": []}, ("deprecated-functions", "functions")),
        (PAIR, ("wrong-method", "")),
        ({"messages": [USER], "reference_answer": "a"}, ("reinforcement-example", "")),
        ({"prompt": "q", "completion": "a"}, ("foreign-format", "it looks like prompt and completion")),
        (
            {"conversations": [{"from": "human", "value": "q"}]},
            ("foreign-format", "it looks like ShareGPT conversations"),
        ),
        (
            {"messages": [USER, ANSWER], "parallel_tool_calls": 1},
            ("invalid-parallel-tool-calls", "parallel_tool_calls"),
        ),
        ({"messages": [{"role": "user", "content": [IMAGE] * 65}, ANSWER]}, ("too-many-images", "")),
    ],
)
def test_a_fault_beside_the_messages(example: dict[str, Any], finding: tuple[str, str]) -> None:
    """What is wrong with the example as a whole is told once."""
    assert [found for found in codes_of(example) if found[0] != "image-not-counted"] == [finding]


@pytest.mark.parametrize(
    ("function", "finding"),
    [
        ({"name": "add up"}, ("invalid-function-name", "tools[0].function.name")),
        ({"name": "a" * 65}, ("invalid-function-name", "tools[0].function.name")),
        ({"name": "add", "parameters": {}}, None),
        ({"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}}, None),
        ({"name": "add", "parameters": {"type": "object", "properties": {"a": {"items": {"type": "string"}}}}}, None),
        ({"name": "add", "parameters": []}, ("invalid-tool-parameters", "tools[0].function.parameters")),
        ({"name": "add", "parameters": {"a": "int"}}, ("invalid-tool-parameters", "tools[0].function.parameters")),
        (
            {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "int"}}}},
            ("invalid-tool-parameters", "tools[0].function.parameters"),
        ),
        (
            {"name": "add", "parameters": {"type": "object", "required": "a"}},
            ("invalid-tool-parameters", "tools[0].function.parameters"),
        ),
    ],
)
def test_definitions_of_tools(function: dict[str, Any], finding: tuple[str, str] | None) -> None:
    """Names and parameters have the shape that chat completions ask for."""
    example = {"messages": [USER, ANSWER], "tools": [{"type": "function", "function": function}]}
    assert codes_of(example) == ([finding] if finding else [])


def test_two_tools_of_one_name_are_told() -> None:
    """Which of them a call means is not to be known."""
    assert codes_of({"messages": [USER, ANSWER], "tools": [TOOL, TOOL]}) == [("duplicate-tool", "tools[1].function")]


def calling(*calls: dict[str, Any]) -> dict[str, Any]:
    """Return an assistant's message that calls tools."""
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def answering(call_id: str) -> dict[str, Any]:
    """Return the message of a tool."""
    return {"role": "tool", "tool_call_id": call_id, "content": "3"}


CALL_2 = {**CALL, "id": "c2"}
BAD_ARGUMENTS = {**CALL, "function": {"name": "add", "arguments": "{'a': 1}"}}
OTHER_TOOL = {**CALL, "function": {"name": "subtract", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("messages", "findings"),
    [
        ([calling(CALL, CALL_2), answering("c2"), answering("c1"), ANSWER], []),
        ([calling(CALL)], []),
        ([calling(CALL), answering("c9"), ANSWER], ["unmatched-tool-answer", "unanswered-tool-call"]),
        ([calling(CALL, CALL_2), answering("c1"), ANSWER], ["unanswered-tool-call"]),
        ([answering("c1"), ANSWER], ["unmatched-tool-answer"]),
        ([calling(CALL), answering("c1"), ANSWER, answering("c1"), ANSWER], ["unmatched-tool-answer"]),
        ([calling(CALL, CALL), answering("c1"), ANSWER], ["duplicate-tool-call-id"]),
        ([calling(BAD_ARGUMENTS)], ["invalid-tool-arguments"]),
        ([calling(OTHER_TOOL)], ["unknown-tool"]),
    ],
)
def test_calls_and_answers_belong_together(messages: list[Any], findings: list[str]) -> None:
    """Every answer follows its call; only the last calls may stay open."""
    example = {"messages": [USER, *messages], "tools": [TOOL]}
    assert [code for code, _ in codes_of(example)] == findings


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({"url": "https://example.org/a.png", "detail": "low"}, "image-not-counted"),
        ({"url": PNG.replace("image/png", "IMAGE/PNG")}, "image-not-counted"),
        ({"url": "data:image/jpeg;base64,/9j/4AAQSkZJRgAB"}, "image-not-counted"),
        ({"url": "data:image/webp;base64,UklGRgAAAABXRUJQ"}, "image-not-counted"),
        ({"url": "data:image/jpeg;base64,iVBORw0KGgoAAAAN"}, "unsupported-image-type"),
        ({"url": "data:image/gif;base64,R0lGODlhAQABAAAA"}, "unsupported-image-type"),
        ({"url": PNG + "="}, "invalid-image"),
        ({"url": PNG + "A*=="}, "invalid-image"),
        ({"url": PNG + "A" * 13_400_000}, "image-too-large"),
        ({"url": "data:image/png,abc"}, "invalid-image"),
        ({"url": "http://example.org/a.png"}, "invalid-image"),
        ({"url": "https://"}, "invalid-image"),
        ({"url": "https://example.org/a.png", "detail": "full"}, "invalid-image"),
        ({"url": "https://example.org/a.png", "detail": []}, "invalid-image"),
        ({}, "invalid-image"),
        ("https://example.org/a.png", "invalid-image"),
    ],
    ids=range(16),
)
def test_images(image: Any, code: str) -> None:
    """A sound image is told to be not counted; every other fault has its own code."""
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": image}]
    assert codes_of({"messages": [{"role": "user", "content": content}, ANSWER]}) == [(code, "messages[0].content[1]")]


PARALLEL = ("invalid-parallel-tool-calls", "input.parallel_tool_calls")


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({}, None),
        ({"input": None}, ("missing-input", "")),
        ({"input": {}}, ("missing-messages", "input.messages")),
        ({"input": {"messages": [USER], "x": 1}}, ("unknown-key", "input")),
        ({"input": {"messages": [USER], "tools": {}}}, ("invalid-tools", "input.tools")),
        ({"preferred_output": None}, ("invalid-output", "preferred_output")),
        ({"non_preferred_output": []}, ("invalid-output", "non_preferred_output")),
        ({"non_preferred_output": [USER]}, ("invalid-output", "non_preferred_output")),
        ({"non_preferred_output": [ANSWER]}, ("same-outputs", "")),
        ({"messages": [USER]}, ("unknown-key", "")),
        ({"preferred_output": [USER, ANSWER]}, ("invalid-output-role", "preferred_output")),
        ({"input": {"messages": [USER], "parallel_tool_calls": "no"}}, PARALLEL),
        ({"preferred_output": [answering("c1"), ANSWER]}, ("unmatched-tool-answer", "preferred_output[0]")),
    ],
)
def test_preference_pairs(changes: dict[str, Any], finding: tuple[str, str] | None) -> None:
    """A pair has an input and two different answers; each fault is found at its place."""
    assert codes_of({**PAIR, **changes}, "dpo") == ([finding] if finding else [])


def test_an_output_may_answer_the_last_call_of_its_input() -> None:
    """Two ways to go on after a call are a pair."""
    prompt = {"messages": [USER, calling(CALL)], "tools": [TOOL]}
    assert codes_of({**PAIR, "input": prompt, "preferred_output": [answering("c1"), ANSWER]}, "dpo") == []


def test_a_chat_is_no_preference_pair() -> None:
    """A supervised example under method dpo is told as that, not as a list of missing parts."""
    assert codes_of({"messages": [USER, ANSWER]}, "dpo") == [("wrong-method", "")]


KEYS = st.sampled_from(
    [
        *("url", "image_url", "detail", "parameters", "properties", "items", "required", "enum", "parallel_tool_calls"),
        *("messages", "role", "content", "name", "weight", "type", "text", "tool_calls", "tool_call_id", "function"),
        *("id", "input", "preferred_output", "non_preferred_output", "tools", "functions", "arguments"),
    ]
)
WORDS = st.sampled_from(["user", "assistant", "tool", "text", "image_url", "function", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from(["supervised", "dpo"]))
def test_no_shape_of_values_crashes_the_checks(example: dict[str, Any], method: Any) -> None:
    """Any JSON object gets findings with known codes, and only such."""
    for finding in check_example(example, method):
        assert isinstance(finding, Finding)
        assert finding.code in MEANINGS
