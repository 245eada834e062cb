"""The TokenCounter port on toktok-rs, several times faster than tiktoken and checked against it all the time.

toktok-rs counts without building tokens, in time linear in the text and memory that does not grow, and releases the
GIL. It is young, so tiktoken stays the judge: a self-test when it is loaded, a small share of the texts counted by
both, and at the first difference tiktoken alone.
"""

import logging
from collections.abc import Callable
from functools import cached_property, lru_cache
from importlib import import_module

from shared.clients.tokenizer import PIECE_CHARACTERS, REMEMBERED_CHARACTERS, REMEMBERED_TEXTS
from shared.ports import TokenCounter

_log = logging.getLogger(__name__)

type Count = Callable[[str], int]

# An apostrophe and a long s, which tiktoken's o200k_base takes for the ending 's and toktok-rs does not.
INEXACT = "'\u017f"

# tiktoken is about five times slower: counting one character in so many twice costs 1 % of the time.
CHARACTERS_PER_RECOUNT = 500
# Texts shorter than this count as this long, so that a dataset of tiny texts is not recounted more often.
_RECOUNT_UNIT = 256

# What tiktoken 0.14 counts, in o200k_base and in cl100k_base.
SELF_TEST: dict[str, tuple[int, int]] = {
    "": (0, 0),
    "hello world": (2, 2),
    "<|endoftext|>a<|fim_prefix|>": (14, 15),
    "I'll say: \"they'RE here\", WE'VE gone.": (14, 14),
    "  \t\n\n   x  \r\n": (5, 5),
    "naïve café, Straße, ΑΘΗΝΑ, Москва": (14, 23),
    "日本語の文章と한국어 문장": (9, 13),
    "مرحبا بالعالم हिन्दी ภาษาไทย": (7, 26),
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f3f3\ufe0f\u200d\U0001f308e\u0301\u200b\ufeff": (
        21,
        31,
    ),
    'for (int i = 0; i < 1234567; ++i) { s += "\\n"; }': (25, 25),
    "https://example.org/a?b=c&d=%20#e": (14, 14),
    "HTTPServerError camelCase snake_case 3.14159": (12, 11),
    "a" * 1000: (125, 125),
    " " * 1000: (9, 9),
    "=-" * 500: (63, 63),
    "\x00\x7f\x85\u2028\U0010ffff": (9, 10),
}


def load_toktok(encoding: str) -> Count | None:
    """Return toktok-rs's count in an encoding, or None where it is not installed or fails the self-test.

    The count raises UnicodeEncodeError for half a character.
    """
    try:
        truncate = import_module("toktok").truncate
    except ImportError:
        _log.warning("toktok-rs is not installed: tiktoken counts, which takes several times as long")
        return None

    def count(text: str) -> int:
        # Its count of one text in the calling thread; `batch_count` starts a thread for every call.
        return truncate(text, 0, encoding)[1]

    column = 0 if encoding == "o200k_base" else 1
    if any(count(text) != expected[column] for text, expected in SELF_TEST.items()):
        _log.warning("toktok-rs fails its self-test: tiktoken counts, which takes several times as long")
        return None
    return count


class FastTokenizer:
    """Token counts equal to those of `exact`, tiktoken's; the vocabulary is loaded by the first count (0.3 s, 64 MB).

    `note` says what a reader of the counts should know: nothing, unless a recount differed. `exact`, which may load
    90 MB more, is first asked when a text is recounted or cannot be left to toktok-rs.
    """

    def __init__(self, exact: TokenCounter, load: Callable[[str], Count | None] = load_toktok) -> None:
        self._exact, self._load = exact, load
        self._until_recount = CHARACTERS_PER_RECOUNT * _RECOUNT_UNIT
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._count)
        self.note = ""

    @property
    def encoding(self) -> str:
        """Return the name of the encoding."""
        return self._exact.encoding

    def count(self, text: str) -> int:
        """Return how many tokens `text` is; special tokens are ordinary text, a lone surrogate counts as U+FFFD.

        Raises:
            TunedropError: tiktoken is needed, and its vocabulary is missing or not the one that it expects.
        """
        return self._remembered(text) if len(text) <= REMEMBERED_CHARACTERS else self._count(text)

    @cached_property
    def _fast(self) -> Count | None:
        return self._load(self.encoding)

    def _count(self, text: str) -> int:
        fast = self._fast
        if fast is None or INEXACT in text:
            return self._exact.count(text)
        try:
            tokens = fast(text)
        except UnicodeEncodeError:
            return self._exact.count(text)
        self._until_recount -= len(text)
        # In longer texts tiktoken's own count may be cut into pieces and off by a token.
        if self._until_recount <= 0 and len(text) <= PIECE_CHARACTERS:
            self._until_recount = CHARACTERS_PER_RECOUNT * max(len(text), _RECOUNT_UNIT)
            return self._recounted(text, tokens)
        return tokens

    def _recounted(self, text: str, tokens: int) -> int:
        exact = self._exact.count(text)
        if exact != tokens:
            self._fast = None
            self._remembered.cache_clear()
            self.note = f"toktok-rs counted {tokens} tokens where tiktoken counts {exact}"
            _log.warning("%s: from here on tiktoken counts", self.note)
        return exact
