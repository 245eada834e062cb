"""Cuts a stream of bytes into lines, one at a time and never more than one in memory."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

# The longest example that a model takes has about 65,000 tokens, which is under 1 MB even as \uXXXX escapes; the rest
# is room for images as data URLs. It bounds what parsing a line may take, a multiple of this.
MAX_LINE_BYTES = 16 * 1024 * 1024


class Line(Struct, frozen=True):
    """A line, counted from 1.

    `data` is without the newline, and only the beginning of a line that is too long; `size` is that of the whole line
    with it; `ended` is False for a last line that has no newline.
    """

    number: int
    data: bytes
    size: int
    ended: bool = True
    too_long: bool = False


def lines_of(chunks: Iterable[bytes], *, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    r"""Yield the lines of a stream, cut at \n alone; a carriage return before it stays part of the line.

    Of a line of more than `max_bytes`, the first `max_bytes` + 1 are given and the rest is passed over unread.
    """
    number, held, size = 1, list[bytes](), 0
    for piece, ended in _pieces(chunks):
        # One byte over the limit is kept, so that the beginning is itself too long wherever it is read again.
        held.append(piece[: max(0, max_bytes + 1 - size)])
        size += len(piece)
        if ended:
            yield Line(number, b"".join(held), size + 1, too_long=size > max_bytes)
            number, held, size = number + 1, [], 0
    if size:
        yield Line(number, b"".join(held), size, ended=False, too_long=size > max_bytes)


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of lines, and whether a newline ended each.

    `find` instead of `split`, because a chunk of nothing but newlines would become millions of objects at once.
    """
    for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            yield chunk[start:end], True
            start = end + 1
        if start < len(chunk):
            yield chunk[start:], False
