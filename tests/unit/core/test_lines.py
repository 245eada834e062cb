"""Lines of a stream."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.lines import MAX_LINE_BYTES, Line, lines_of


@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"a", b"\n")), max_size=20))
def test_any_cut_into_chunks_gives_the_same_lines(chunks: list[bytes]) -> None:
    """Where the chunks end does not matter, and the lines put together are the stream."""
    stream = b"".join(chunks)
    lines = list(lines_of(chunks))
    assert lines == list(lines_of([stream]))
    assert b"".join(line.data + b"\n" * line.ended for line in lines) == stream
    assert sum(line.size for line in lines) == len(stream)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


def test_only_a_newline_ends_a_line() -> None:
    """Carriage returns and Unicode's line separators are part of a line; the last line needs no newline."""
    separators = "\u2028\u0085\x0b\x0c".encode()
    assert list(lines_of([b"a\r\nb\rc\n", separators])) == [
        Line(1, b"a\r", 3),
        Line(2, b"b\rc", 4),
        Line(3, separators, len(separators), ended=False),
    ]


def test_nothing_is_no_line() -> None:
    """An empty stream has no lines, and a newline at the end begins no new one."""
    assert list(lines_of([])) == []
    assert list(lines_of([b"", b""])) == []
    assert [line.data for line in lines_of([b"a\n"])] == [b"a"]


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() -> None:
    """One byte over the limit is enough to know; the rest is passed over."""
    assert list(lines_of([b"123", b"456", b"789\nabcd\nabcde", b"f"], max_bytes=4)) == [
        Line(1, b"12345", 10, too_long=True),
        Line(2, b"abcd", 5),
        Line(3, b"abcde", 6, ended=False, too_long=True),
    ]


def test_an_endless_line_is_never_held() -> None:
    """A gigabyte without a newline is read on, and 16 MiB of it stay."""
    (line,) = lines_of(b"x" * 1_048_576 for _ in range(1024))
    assert line.too_long
    assert (len(line.data), line.size) == (MAX_LINE_BYTES + 1, 1_073_741_824)
