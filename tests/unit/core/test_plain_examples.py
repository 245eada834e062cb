"""The fast way gives the answers of the rules, or none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.checks import check_example
from shared.core.examples import parse_example
from shared.core.plain_examples import is_plain_chat, parse_plain

USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
texts = st.sampled_from(["", " ", "\u3000", "role", '"', "\\", '\\"', '"role":', "é", "🎉", "\x00", "a\nb"]) | st.text(
    max_size=5
)
roles = st.sampled_from(["system", "user", "assistant", "tool", "developer", "function", "User", ""])
messages = st.fixed_dictionaries(
    {"role": roles}, optional={"content": texts, "name": texts, "weight": st.integers(0, 1)}
)
examples = st.fixed_dictionaries({"messages": st.lists(messages, max_size=5)}, optional={"tools": st.just([])})

# Pieces of lines: put together they are JSON, almost JSON, or JSON with a key twice.
FRAGMENTS = [
    *(
        '{"messages":[',
        "]}",
        '{"role":"user"',
        ',"content":"q"',
        ',"name":"n"',
        '{"role":"assistant","content":"a"}',
        "}",
    ),
    *(
        ",",
        ",",
        '"role"',
        '"r\\u006fle":"user"',
        ',"content":"\\ud83d"',
        '"\\\\"',
        '\\"',
        "\\",
        " ",
        "\t",
        "\r",
        "\x00",
    ),
    *(
        '{"messages":[],"messages":[',
        "\ufeff",
        '"content":"\\u00e9\\"\\\\"',
        ":",
        '""',
        "null",
        "1",
        "[",
        "{",
        "\u2028",
    ),
]


@given(examples, st.booleans())
def test_plain_examples_are_what_the_rules_say(example: dict[str, Any], escape: bool) -> None:
    """Parsed the same, and free of findings where the shortcut says so."""
    line = json.dumps(example, ensure_ascii=escape).encode(errors="replace")
    plain = parse_plain(line)
    if plain is not None:
        assert plain == parse_example(line)
        if is_plain_chat(plain, "supervised"):
            assert list(check_example(plain, "supervised")) == []
        assert not is_plain_chat(plain, "dpo")


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_no_line_is_read_otherwise(line: str) -> None:
    """What the shortcut reads, of JSON or almost JSON, the rules read the same."""
    plain = parse_plain(line.encode())
    assert plain is None or plain == parse_example(line.encode())


@given(st.binary(max_size=6), st.integers(0, 60))
def test_no_bytes_are_read_otherwise(noise: bytes, at: int) -> None:
    """A plain line with bytes put in is read as by the rules, or not at all."""
    line = json.dumps({"messages": [USER, ANSWER]}).encode()
    line = line[:at] + noise + line[at:]
    plain = parse_plain(line)
    assert plain is None or plain == parse_example(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"messages": [{"role": "user", "content": "q", "content": "r"}]}',
        b'{"messages": [{"role": "user", "content": "q", "c\\u006fntent": "r"}]}',
        b'{"messages": [{"role": "user", "content": "\\\\", "content": "\\\\"}]}',
        b'{"messages": [], "messages": [{"role": "user", "content": "q"}]}',
        b'\xef\xbb\xbf{"messages": [{"role": "user", "content": "q"}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": null}]}',
        b'{"messages": []}',
        b"{}",
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_the_rules(line: bytes) -> None:
    """Keys twice however they are written, marks, half characters, other types: no answer."""
    assert parse_plain(line) is None


def test_the_usual_line_is_plain() -> None:
    """What most datasets consist of takes the fast way, with every kind of escape."""
    example = {"messages": [{"role": "system", "content": 'He said "C:\\dir\\"\n\u20ac\U0001f600'}, USER, ANSWER]}
    for escape in (True, False):
        plain = parse_plain(json.dumps(example, ensure_ascii=escape).encode())
        assert plain == example
        assert is_plain_chat(example, "supervised")


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [ANSWER],
        [ANSWER, USER],
        [USER, {"role": "assistant", "content": " \t"}],
        [USER, {"role": "assistant", "content": "a", "name": "n"}],
        [USER, {"role": "assistant", "name": "n"}],
        [{"role": "developer", "content": "d"}, USER, ANSWER],
        [USER, ANSWER] * 101,
    ],
)
def test_what_may_have_a_finding_is_checked(messages: list[dict[str, str]]) -> None:
    """A role or an order that the rules have something to say about is never waved through."""
    assert not is_plain_chat({"messages": messages}, "supervised")
