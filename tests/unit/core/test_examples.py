"""From a line to an example: what strict JSON refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.examples import other_format, parse_example
from shared.core.issues import MEANINGS, Finding

BOM = b"\xef\xbb\xbf"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans())
def test_what_json_writes_is_read_unchanged(example: dict[str, Any], ascii_only: bool) -> None:
    """Every object that a JSON library writes comes back as it was, escaped or not."""
    assert parse_example(json.dumps(example, ensure_ascii=ascii_only).encode() + b"\r") == example


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "blank-line"),
        (b" \t\r", "blank-line"),
        (b'{"a": "\xff"}', "not-utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not-utf8"),
        (b'{"a": "\xc0\x80"}', "not-utf8"),
        (b"{", "invalid-json"),
        (b"{'a': 1}", "invalid-json"),
        (b'{"a": 1,}', "invalid-json"),
        (b'{"a": 1}{"a": 1}', "invalid-json"),
        (b'{"a": "tab\there"}', "invalid-json"),
        (b'{"a": "\x00"}', "invalid-json"),
        (b'{"a": 01}', "invalid-json"),
        (b'{"a": 1}\r{"a": 1}\r', "carriage-return-line-ends"),
        (b'{"a": 1} \r {"a": 1}', "carriage-return-line-ends"),
        (b'{"a": "b\rc"}', "invalid-json"),
        (b"null", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b'[{"a": 1}]', "not-an-object"),
        (b'{"a": 1, "a": 1}', "duplicate-key"),
        (b'{"m": [{"role": "user", "\\u0072ole": "assistant"}]}', "duplicate-key"),
        (b'{"a": NaN}', "not-a-number"),
        (b'{"a": -Infinity}', "not-a-number"),
        (b'{"a": 1e400}', "number-out-of-range"),
        (b'{"a": -1e400}', "number-out-of-range"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "number-out-of-range"),
        (b'{"a": "\\ud800"}', "lone-surrogate"),
        (b'{"a": ["\\uDC00\\uD800"]}', "lone-surrogate"),
        (b'{"\\udfff": 1}', "lone-surrogate"),
        (b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}", "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b"[" * 100_000, "too-deep"),
        (json.dumps({str(n): n for n in range(1_001)}).encode(), "too-many-keys"),
        (BOM + b'{"a": 1}', "misplaced-byte-order-mark"),
    ],
)
def test_lines_that_are_no_example(line: bytes, code: str) -> None:
    """Each fault has a code of its own."""
    finding = parse_example(line)
    assert isinstance(finding, Finding)
    assert finding.code == code
    assert finding.code in MEANINGS


@pytest.mark.parametrize(
    ("line", "example"),
    [
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\u0000\\ufeff"}', {"a": "\x00\ufeff"}),
        (b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}", None),
        (b'{"a": 1e308, "b": 1e-400}', {"a": 1e308, "b": 0.0}),
        ('{"a": "\u2028\u0085"}'.encode(), {"a": "\u2028\u0085"}),
        (b'\r{"a":\r1}\r', {"a": 1}),
    ],
)
def test_lines_that_look_dangerous_and_are_not(line: bytes, example: Any) -> None:
    """Whole surrogate pairs, escaped control characters, 32 levels and odd separators are good JSON."""
    parsed = parse_example(line)
    assert not isinstance(parsed, Finding)
    assert example is None or parsed == example


WHOLE = '{"a": ["é\\u20ac", -1.5e+7, {"b": null}, true]}'.encode()


def test_a_last_line_without_its_end_is_told_as_that() -> None:
    """Wherever a file breaks off, its last line is truncated; a fault inside the line is not that."""
    for end in range(1, len(WHOLE)):
        assert parse_example(WHOLE[:end], ended=False) == Finding("truncated-line"), end
    inside = parse_example(b'{"a": x, "b": 1}', ended=False)
    assert inside == Finding("invalid-json", "column 7, Expecting value")
    ended = parse_example(WHOLE[:5])
    assert isinstance(ended, Finding)
    assert ended.code == "invalid-json"


def test_a_byte_order_mark_may_begin_the_first_line_once() -> None:
    """The mark is taken off the first line; a second one is a fault."""
    assert parse_example(BOM + b'{"a": 1}', first=True) == {"a": 1}
    assert parse_example(BOM, first=True) == Finding("blank-line")
    assert parse_example(BOM * 2 + b"{}", first=True) == Finding("misplaced-byte-order-mark")


def test_a_finding_says_where_and_never_what() -> None:
    """The place of a fault is told; no word of the line is."""
    assert parse_example(b'{"secret": word}') == Finding("invalid-json", "column 12, Expecting value")
    assert parse_example(b'{"secret": "\\q"}') == Finding("invalid-json", "column 13, Invalid \\escape")
    assert parse_example(b'{"secret": "\xff"}') == Finding("not-utf8", "byte 13")


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parser(line: bytes) -> None:
    """Any line is an example or a finding with a known code."""
    parsed = parse_example(line)
    assert isinstance(parsed, dict) or parsed.code in MEANINGS


@pytest.mark.parametrize(
    ("beginning", "name"),
    [
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"PK\x03\x04\x14", "a zip archive or an Office document"),
        (b"PAR1\x15", "a Parquet file"),
        (b"%PDF-1.7", "a PDF document"),
        ("\ufeff{".encode("utf-16-le"), "UTF-16 text"),
        ("\ufeff{".encode("utf-16-be"), "UTF-16 text"),
        ("{}".encode("utf-16-le"), "UTF-16 text"),
        ("{}".encode("utf-16-be"), "UTF-16 text"),
        ("\ufeff{".encode("utf-32-le"), "UTF-32 text"),
        (BOM + b" [", "a JSON array"),
        (b"[{", "a JSON array"),
        (b'{"messages": []}', ""),
        (BOM + b'{"messages": []}', ""),
        (b"messages,role", ""),
        (b"", ""),
    ],
)
def test_a_file_of_another_kind_is_named(beginning: bytes, name: str) -> None:
    """The first bytes tell what people take for JSONL; JSONL itself is nothing else."""
    assert other_format(beginning) == name
