"""What clients read from refusing answers: pauses, and words that are safe to store."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from shared.clients.chunks import regrouped
from shared.clients.http_answers import retry_after, safe_words


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "1500", "Retry-After": "60"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "Fri, 01 Jan 2010 00:00:00 GMT"}, 0),
    ],
    ids=["seconds", "zero", "milliseconds first", "azure's name", "at most an hour", "a date that is past"],
)
def test_a_pause_is_read(headers: dict[str, str], seconds: float) -> None:
    """Milliseconds win over seconds, dates are understood, and no answer parks a run."""
    assert retry_after(CaseInsensitiveDict(headers)) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Retry-After": "soon"}, {"Retry-After": "nan"}, {"Retry-After": "-5"}, {"retry-after-ms": "1e400"}],
    ids=["none", "a word", "not a number", "negative", "no finite number"],
)
def test_no_pause_is_invented(headers: dict[str, str]) -> None:
    """What is no pause is not one: the stage's own pace holds."""
    assert retry_after(CaseInsensitiveDict(headers)) is None


def test_a_date_to_come_is_the_time_until_then() -> None:
    """A date of RFC 9110 becomes the time from now until then."""
    pause = retry_after(CaseInsensitiveDict({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(minutes=5))}))
    assert pause is not None
    assert timedelta(minutes=4, seconds=50) < pause <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Rate limit\r\n reached.", "Rate limit reached."),
        ("bad Authorization: Bearer abc.def-ghi", "bad Authorization: …"),
        ("GET https://a/b?sv=1&sig=a%2Fb&se=2 failed", "GET https://a/b?sv=1&…&se=2 failed"),
        ("AccountName=a;AccountKey=abc==;x", "AccountName=a;…;x"),
        ("api-key: 0123456789", "…"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln expired", "token … expired"),
        ("the key hunter2 is wrong", "the key … is wrong"),
        ("model gpt-4o.ft-0123456789abcdef0123456789abcdef", "model gpt-4o.ft-0123456789abcdef0123456789abcdef"),
    ],
)
def test_words_are_safe_to_store(text: str, safe: str) -> None:
    """Tokens, signatures and keys vanish, names of models stay, and all is one line."""
    assert safe_words(text, "hunter2", "") == safe


def test_words_are_kept_to_500_characters() -> None:
    """A long message is cut where it becomes too long for history and logs."""
    assert safe_words("x" * 501) == "x" * 499 + "…"
    assert safe_words("x" * 500) == "x" * 500


def test_chunks_are_regrouped() -> None:
    """The same bytes come in pieces of one size, the last one shorter, and nothing makes none."""
    assert list(regrouped([b"a", b"", b"bcdefg", b"h"], 3)) == [b"abc", b"def", b"gh"]
    assert list(regrouped([b"abcdef"], 3)) == [b"abc", b"def"]
    assert list(regrouped([], 3)) == []
