"""Cuts a stream of bytes into pieces of one size."""

from collections.abc import Iterable, Iterator


def regrouped(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in pieces of exactly `size`, the last one shorter; holds about two pieces at a time."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= size:
            piece = bytes(memoryview(buffer)[:size])
            del buffer[:size]
            yield piece
    if buffer:
        yield bytes(buffer)
