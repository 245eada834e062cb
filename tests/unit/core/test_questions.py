"""Questions from held-out examples."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.questions import questions_from_examples


def chat(*messages):
    """Return an example as a line of JSONL; each message is (role, content)."""
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in messages]}).encode()


def asked(*lines, source="validation", expected=""):
    """Return the messages of each question that lines give."""
    questions = questions_from_examples(b"\n".join(lines), source=source, expected=expected)
    return [[(message["role"], message["content"]) for message in question.messages] for question in questions]


@pytest.mark.parametrize(
    ("line", "messages"),
    [
        (chat(("user", "Q"), ("assistant", "A")), [("user", "Q")]),
        (chat(("system", "S"), ("user", "Q"), ("assistant", "A")), [("system", "S"), ("user", "Q")]),
        (chat(("developer", "D"), ("user", "Q"), ("assistant", "A")), [("developer", "D"), ("user", "Q")]),
        (chat(("user", "Q1"), ("assistant", "A"), ("user", "Q2"), ("assistant", "B")), [("user", "Q1")]),
        (
            b'{"input": {"messages": [{"role": "user", "content": "Q"}]}, "preferred_output": []}',
            [("user", "Q")],
        ),
        (b'{"messages": [{"role": "user", "content": "Q", "name": "x", "weight": 1}]}\r', [("user", "Q")]),
        (b'\xef\xbb\xbf{"messages": [{"role": "user", "content": "\xf0\x9f\x92\xa1"}]}', [("user", "💡")]),
    ],
)
def test_an_example_asks_what_comes_before_its_first_answer(line, messages):
    """A question is the conversation up to the first user message, and never its answer."""
    assert asked(line) == [messages]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'{"messages": null}',
        b'{"messages": "user"}',
        b'{"messages": 7}',
        b'{"messages": ["x"]}',
        b'{"messages": [null]}',
        b'{"messages": [{"role": "user"}]}',
        b'{"messages": [{"role": "user", "content": null}]}',
        b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "\\udfff"}]}',
        b'{"messages": [{"role": ["user"], "content": "Q"}]}',
        b'{"messages": [{"role": "system", "content": "S"}]}',
        b'{"input": []}',
        b'{"input": {"messages": {}}}',
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"a":' * 100_000,
        chat(("assistant", "A"), ("user", "Q")),
        chat(("tool", "T"), ("user", "Q")),
        chat(("user", "Q"), ("assistant", "A"))[:-5],
    ],
)
def test_a_line_that_is_no_plain_question_is_passed_over(line):
    """Images, tools, half lines and half characters give no question and no crash; the next line does."""
    assert asked(line, chat(("user", "Q"))) == [[("user", "Q")]]


def test_the_first_three_examples_are_asked():
    """Three questions are enough, in the order of the file, so that a retry asks the same."""
    lines = [chat(("user", f"Q{number}")) for number in range(5)]
    assert asked(*lines) == [[("user", "Q0")], [("user", "Q1")], [("user", "Q2")]]


def test_questions_say_where_they_come_from():
    """The report tells held-out questions from those that the model has seen; a common phrase holds for each."""
    lines = chat(("user", "Q"))
    question = questions_from_examples(lines, source="training", expected="lamp")[0]
    assert (question.source, question.expected) == ("training", "lamp")


def objects_of(inner):
    """Return a strategy for objects with the names that are looked for."""
    return st.dictionaries(st.sampled_from(["messages", "input", "role", "content", "user"]), inner)


JSON = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | objects_of(inner))


@given(st.lists(JSON, max_size=4))
def test_any_json_is_read_without_a_crash(examples):
    """Whatever lines hold, the outcome is at most three questions of plain text."""
    lines = "\n".join(json.dumps(example) for example in examples).encode()
    questions = questions_from_examples(lines, source="validation")
    assert len(questions) <= 3
    assert all(isinstance(message["content"], str) for question in questions for message in question.messages)
