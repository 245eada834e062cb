"""From a line of bytes to an example, by stricter rules than any JSON library's defaults.

What a lenient parser accepts in silence trains a model on something else than was written: the second of two equal
keys, U+FFFD in place of half a character, a number that has become infinite.
"""

import json
import math
import re
from typing import Any, NoReturn

from shared.core.issues import Finding

type Example = dict[str, Any]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Deeper than any tool's schema; Python's own limit lies far above, and the service's is unknown.
MAX_DEPTH = 32
# More keys than any example has; it bounds what one hostile object costs.
MAX_KEYS = 1_000

# How files begin that people take for JSONL. UTF-32 before UTF-16, whose mark it begins with.
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xfe\x00\x00", "UTF-32 text"),
    (b"\x00\x00\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"{\x00", "UTF-16 text"),
    (b"\x00{", "UTF-16 text"),
    (b"[", "a JSON array"),
)

# What may be left of a value, or of an escape, when the file breaks off.
_UNFINISHED = re.compile(r"\\?[\w.+-]{0,9}\s*")


def other_format(beginning: bytes) -> str:
    """Return what a file is, by its first line, when it is certainly not JSONL; "" otherwise."""
    content = beginning.removeprefix(BYTE_ORDER_MARK).lstrip(b" \t\r")
    return next((name for magic, name in _OTHER_FORMATS if content.startswith(magic)), "")


def parse_example(line: bytes, *, first: bool = False, ended: bool = True) -> Example | Finding:
    """Return the object that a line is, or what is wrong with it.

    The `first` line may begin with a byte order mark; a line that has not `ended` may have lost its end.
    """
    if first:
        line = line.removeprefix(BYTE_ORDER_MARK)
    if not line or line.isspace():
        return Finding("blank-line")
    if line.startswith(BYTE_ORDER_MARK):
        return Finding("misplaced-byte-order-mark")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        lost_end = not ended and error.reason == "unexpected end of data"
        return Finding("truncated-line") if lost_end else Finding("not-utf8", f"byte {error.start + 1}")
    value = _parse(text, ended)
    return value if isinstance(value, Finding) else _checked(value, escapes="\\u" in text)


class _Refused(Exception):
    """JSON that the library would accept."""

    def __init__(self, code: str) -> None:
        self.finding = Finding(code)


def _parse(text: str, ended: bool) -> Any | Finding:
    try:
        return _DECODER.decode(text)
    except _Refused as refused:
        return refused.finding
    except json.JSONDecodeError as error:
        return _syntax_finding(error, text, ended)
    except ValueError:
        return Finding("number-out-of-range")  # Python reads no integer of more than 4,300 digits
    except RecursionError:
        return Finding("too-deep")


def _syntax_finding(error: json.JSONDecodeError, text: str, ended: bool) -> Finding:
    if not ended and (error.msg.startswith("Unterminated string") or _UNFINISHED.fullmatch(text, error.pos)):
        return Finding("truncated-line")
    # JSON takes a carriage return for white space, so one between values is the end of a line to its writer alone.
    if error.msg.startswith("Extra data") and "\r" in text[len(text[: error.pos].rstrip()) : error.pos]:
        return Finding("carriage-return-line-ends")
    # The library's messages name the syntax that it expected, not the text that it found. Its column counts from the
    # last line break, which here can only be a carriage return; ours counts from the beginning.
    return Finding("invalid-json", f"column {error.pos + 1}, {error.msg.rstrip(': ')}")


def _checked(value: Any, *, escapes: bool) -> Example | Finding:
    if not isinstance(value, dict):
        return Finding("not-an-object")
    if _is_deeper(value, MAX_DEPTH):
        return Finding("too-deep")
    # UTF-8 cannot hold half a character, so only an escape can have brought one.
    if escapes and not _is_unicode(value):
        return Finding("lone-surrogate")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    if levels == 0:
        return True
    children = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(child, levels - 1) for child in children if isinstance(child, (dict, list)))


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise _Refused("too-many-keys")
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _Refused("duplicate-key")
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Refused("number-out-of-range")
    return number


def _refuse_constant(_name: str) -> NoReturn:
    raise _Refused("not-a-number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_float=_finite, parse_constant=_refuse_constant)
