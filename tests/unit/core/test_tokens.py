"""The token formula, with one token a character in place of an encoding."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.tokens import count_example


def test_the_cookbooks_formula() -> None:
    """3 per message, every text field, 1 for a name, 3 per example; the assistant's are its contents."""
    example = {
        "messages": [
            {"role": "user", "name": "ann", "content": "hello"},
            {"role": "assistant", "content": "good day"},
            {"role": "assistant", "content": "bye"},
        ]
    }
    # (3 + 4+3+5 + 1) + (3 + 9+8) + (3 + 9+3) + 3
    assert count_example(example, "supervised", len) == (54, 11)


@pytest.mark.parametrize(
    ("field", "tokens"),
    [
        ({"weight": 1}, 0),
        ({"content": None}, 0),
        ({"content": [{"type": "text", "text": "abc"}, {"type": "text", "text": "de"}]}, 5),
        ({"content": [{"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]}, 0),
        ({"tool_calls": [{"id": "x1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]}, 5),
        ({"function_call": {"name": "add", "arguments": "{}"}}, 5),
        ({"name": 7}, 1),
    ],
)
def test_fields_that_are_not_text(field: dict[str, Any], tokens: int) -> None:
    """What reaches the model as text counts; weights, nulls and images do not."""
    example = {"messages": [{"role": "user", **field}]}
    assert count_example(example, "supervised", len).total == 3 + 3 + 4 + tokens


def test_parts_of_an_answer_are_the_assistants() -> None:
    """An answer in parts counts as one in a string."""
    example = {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "abc"}]}]}
    assert count_example(example, "supervised", len) == (3 + 3 + 9 + 3, 3)


def test_tools_by_the_cookbooks_constants() -> None:
    """A function of 7, its parameters 3, each 3, an enum of -3 with 3 a choice, and 12 for the end."""
    function = {
        "name": "get",
        "description": "Gets it.",
        "parameters": {"properties": {"unit": {"type": "string", "description": "The unit.", "enum": ["c", "f"]}}},
    }
    example = {"messages": [], "tools": [{"type": "function", "function": function}]}
    # 3 + 7 + len("get:Gets it") + 3 + (3 + len("unit:string:The unit")) + (-3 + 3+1 + 3+1) + 12
    assert count_example(example, "supervised", len).total == 3 + 7 + 11 + 3 + 23 + 5 + 12


def test_a_preference_pair_counts_all_three_lists() -> None:
    """The prompt and both answers are trained on; both answers are the assistant's."""
    example = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [{"role": "assistant", "content": "yes"}],
        "non_preferred_output": [{"role": "assistant", "content": "no"}],
    }
    assert count_example(example, "dpo", len) == (3 + (3 + 4 + 1) + (3 + 9 + 3) + (3 + 9 + 2), 5)


KEYS = [
    *("messages", "role", "content", "name", "text", "type", "tool_calls", "function", "arguments", "input", "tools"),
    *("preferred_output", "non_preferred_output", "parameters", "properties", "enum", "description", "function_call"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=4), st.sampled_from(["supervised", "dpo"]))
def test_no_shape_of_values_crashes_the_count(example: dict[str, Any], method: Any) -> None:
    """Any JSON object has a count, at least that of an example without messages."""
    total, assistant = count_example(example, method, len)
    assert total >= 3
    assert assistant >= 0
