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
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
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
        ([{"role": "user", "content": None, "tool_calls": [CALL]}, ANSWER], "missing-content", "messages[0].content"),
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
    ],
)
def test_a_fault_beside_the_messages(example: dict[str, Any], finding: tuple[str, str]) -> None:
    """What is wrong with the example as a whole is told once."""
    assert codes_of(example) == [finding]


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
    ],
)
def test_preference_pairs(changes: dict[str, Any], finding: tuple[str, str] | None) -> None:
    """A pair has an input and two different answers; each fault is found at its place."""
    assert codes_of({**PAIR, **changes}, "dpo") == ([finding] if finding else [])


def test_a_chat_is_no_preference_pair() -> None:
    """A supervised example under method dpo is told as that, not as a list of missing parts."""
    assert codes_of({"messages": [USER, ANSWER]}, "dpo") == [("wrong-method", "")]


KEYS = st.sampled_from(
    [
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
