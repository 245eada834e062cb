"""The table of hashes, and what two examples have in common."""

import json
from hashlib import sha256
from typing import Any

from shared.core.comparison import PlaceTable, identity_of

TAG = b"elevenbytes"
USER: dict[str, Any] = {"role": "user", "content": "Wie  heißt die Straße?"}
ANSWER: dict[str, Any] = {"role": "assistant", "content": "Gasse"}


def key(number: int) -> bytes:
    """Return a hash of 16 bytes."""
    return sha256(str(number).encode()).digest()[:16]


def test_the_first_place_of_each_of_many_hashes_is_kept() -> None:
    """However often the table grows, no hash is lost and none is invented."""
    table = PlaceTable()
    for number in range(5_000):
        assert table.first(key(number), TAG, "training", number + 1) is None
    for number in range(5_000):
        assert table.first(key(number), b"another tag", "validation", 1) == (TAG, "training", number + 1)
    assert table.first(key(5_000), TAG, "validation", 7) is None
    assert table.first(key(5_000), TAG, "training", 8) == (TAG, "validation", 7)


def test_hashes_that_begin_alike_stay_apart() -> None:
    """Neighbours in the table are told by all of their bytes."""
    table = PlaceTable()
    keys = [b"samesame" + number.to_bytes(8) for number in range(500)]
    assert [table.first(k, TAG, "training", line) for line, k in enumerate(keys, start=1)] == [None] * 500
    assert [table.first(k, TAG, "training", 1) for k in keys] == [(TAG, "training", line) for line in range(1, 501)]


def test_a_full_table_still_answers() -> None:
    """What is beyond the bound is not kept; what was kept before is still found."""
    table = PlaceTable(max_slots=2_048)
    for number in range(5_000):
        table.first(key(number), TAG, "training", number + 1)
    assert table.is_full
    assert table.first(key(0), TAG, "training", 1) == (TAG, "training", 1)
    assert table.first(key(1_535), TAG, "training", 1) == (TAG, "training", 1_536)
    assert table.first(key(1_536), TAG, "training", 1) is None


def identity(*messages: dict[str, Any], **beside: Any) -> Any:
    """Return the identity of a supervised example."""
    example = {"messages": list(messages), **beside}
    return identity_of(example, json.dumps(example).encode(), "supervised")


def test_case_white_space_and_notation_make_no_difference() -> None:
    """Such examples are the same but for their bytes."""
    other = identity({"content": " wie HEISST\ndie straße? ", "role": "user"}, {**ANSWER, "content": "GASSE"})
    one = identity(USER, ANSWER)
    assert (one.prompt, one.answer, one.normalised) == (other.prompt, other.answer, other.normalised)
    assert one.exact != other.exact


def test_everything_else_makes_a_difference() -> None:
    """Another role, text, number, name, tool, order, or border between texts is another example."""
    examples = [
        identity(USER, ANSWER),
        identity({**USER, "role": "system"}, ANSWER),
        identity({**USER, "name": "ann"}, ANSWER),
        identity(USER, USER, ANSWER),
        identity(USER, {**ANSWER, "content": "Weg"}),
        identity(USER, {**ANSWER, "weight": 1}),
        identity(USER, {**ANSWER, "weight": 0}),
        identity(USER, {**ANSWER, "content": ""}),
        identity(USER, {**ANSWER, "content": None}),
        identity(USER, {**ANSWER, "content": "None"}),
        identity(USER, ANSWER, tools=[]),
        identity(USER, ANSWER, tools=[{"type": "function", "function": {"name": "f"}}]),
        identity({**USER, "content": [{"type": "text", "text": USER["content"]}]}, ANSWER),
    ]
    assert len({example.normalised for example in examples}) == len(examples)


def test_a_byte_order_mark_and_line_ends_are_no_part_of_an_example() -> None:
    """The first line of a file and a line with a carriage return are as good as any."""
    example = {"messages": [USER, ANSWER]}
    line = json.dumps(example).encode()
    exact = identity_of(example, line, "supervised").exact
    assert identity_of(example, b"\xef\xbb\xbf" + line + b"\r", "supervised").exact == exact
