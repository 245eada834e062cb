"""Compares examples with all earlier ones, by hashes in a table of bounded size.

Of each example two hashes of 16 bytes are kept, of its prompt and of the whole; no text is.
"""

from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple

from shared.core.plans import Method
from shared.core.validation import SplitName

KEY_BYTES, TAG_BYTES = 16, 11
# Key, tag, split and line number: a power of two.
_SLOT_BYTES = 32
_EMPTY = bytes(_SLOT_BYTES)
_FIRST_SLOTS = 2**10
# A table takes at most 32 MiB and holds 786,432 examples. A file of the service's greatest size has more only if its
# examples are shorter than 650 bytes.
MAX_SLOTS = 2**20
_SPLITS: tuple[SplitName, ...] = ("training", "validation")


class Place(NamedTuple):
    """Where something was seen first."""

    tag: bytes
    split: SplitName
    line: int


class Identity(NamedTuple):
    """The hashes of an example: its prompt ("" where it has none), answer, and the whole, normalised and as written.

    Normalised are case, white space and notation: the order of keys, and how characters are escaped.
    """

    prompt: bytes
    answer: bytes
    normalised: bytes
    exact: bytes


class PlaceTable:
    """A map from hashes to the place where each was seen first, in one piece of memory."""

    def __init__(self, max_slots: int = MAX_SLOTS) -> None:
        self._max_slots, self._slots, self._used = max_slots, _FIRST_SLOTS, 0
        self._memory = bytearray(_FIRST_SLOTS * _SLOT_BYTES)

    @property
    def is_full(self) -> bool:
        """Tell whether further hashes are looked up and no longer kept."""
        return self._used * 4 >= self._slots * 3 and self._slots >= self._max_slots

    def first(self, key: bytes, tag: bytes, split: SplitName, line: int) -> Place | None:
        """Return where a key was seen first; None when it never was, and from now on it was here."""
        if self._used * 4 >= self._slots * 3 and self._slots < self._max_slots:
            self._grow()
        at = self._find(key)
        held = bytes(self._memory[at : at + _SLOT_BYTES])
        if held != _EMPTY:
            packed = held[KEY_BYTES + TAG_BYTES :]
            return Place(held[KEY_BYTES : KEY_BYTES + TAG_BYTES], _SPLITS[packed[0]], int.from_bytes(packed[1:]))
        if not self.is_full:
            self._used += 1
            place = bytes([_SPLITS.index(split)]) + min(line, 2**32 - 1).to_bytes(4)
            self._memory[at : at + _SLOT_BYTES] = key + tag[:TAG_BYTES] + place
        return None

    def _find(self, key: bytes) -> int:
        """Return the offset of a key's slot, or of the empty one that it would take."""
        empty, memory, slot = _EMPTY[:KEY_BYTES], self._memory, int.from_bytes(key[:8]) % self._slots
        while True:
            at = slot * _SLOT_BYTES
            held = memory[at : at + KEY_BYTES]
            if held in (key, empty):
                return at
            slot = (slot + 1) % self._slots

    def _grow(self) -> None:
        old = self._memory
        self._slots *= 2
        self._memory = bytearray(self._slots * _SLOT_BYTES)
        for start in range(0, len(old), _SLOT_BYTES):
            held = bytes(old[start : start + _SLOT_BYTES])
            if held != _EMPTY:
                at = self._find(held[:KEY_BYTES])
                self._memory[at : at + _SLOT_BYTES] = held


class Known:
    """All examples of a dataset seen so far, of both splits."""

    def __init__(self, max_slots: int = MAX_SLOTS) -> None:
        self.examples, self.prompts = PlaceTable(max_slots), PlaceTable(max_slots)

    @property
    def is_full(self) -> bool:
        """Tell whether there were more examples than are compared."""
        return self.examples.is_full


def identity_of(example: dict[str, Any], line: bytes, method: Method) -> Identity:
    """Return the hashes of an example without errors; `line` is what it was read from."""
    if method == "supervised":
        messages = example["messages"]
        prompt, answer = _canonical([messages[:-1], example.get("tools")]), _canonical(messages[-1])
        is_asked = _asks(messages)
    else:
        outputs = [_canonical(example["preferred_output"]), _canonical(example["non_preferred_output"])]
        # A prompt with the same two outputs, the other one preferred, is the contradiction that pairs can have.
        prompt, answer = "\x1e".join([_canonical(example["input"]), *sorted(outputs)]), outputs[0]
        is_asked = _asks(example["input"]["messages"])
    prompt_hash, answer_hash = _hash(prompt.encode()), _hash(answer.encode())
    return Identity(
        prompt=prompt_hash if is_asked else b"",
        answer=answer_hash,
        normalised=_hash(prompt_hash + answer_hash),
        exact=_hash(line.removeprefix(b"\xef\xbb\xbf").strip()),
    )


def _asks(messages: list[Any]) -> bool:
    return any(message.get("role") == "user" for message in messages)


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=KEY_BYTES).digest()


def _canonical(value: Any) -> str:
    """Return a text that values differ in unless they differ in nothing but case, white space and notation."""
    if isinstance(value, str):
        if value.isprintable() and "  " not in value:  # most texts have no white space but single spaces
            return value.casefold().strip()
        return " ".join(value.casefold().split())
    if isinstance(value, dict):
        inner = chain.from_iterable((key, _canonical(value[key])) for key in sorted(value))
        return "\x02" + "\x1f".join(inner) + "\x03"
    if isinstance(value, list):
        return "\x04" + "\x1f".join(map(_canonical, value)) + "\x05"
    return f"\x06{value!r}"
