"""The fast tokenizer against tiktoken, which it has to equal on every text."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clients.fast_tokenizer import SELF_TEST, FastTokenizer
from shared.clients.tokenizer import Tokenizer

FAST = {encoding: FastTokenizer(Tokenizer(encoding)) for encoding in ("o200k_base", "cl100k_base")}
TIKTOKEN = {encoding: Tokenizer(encoding)._tiktoken for encoding in FAST}
both = pytest.mark.parametrize("encoding", FAST)

WORDS = [
    *("the", " quick", "Brown", " don't", "WE'LL", "HTTPServer", "it's", "'S", "'ſ", "ſ", "12345", " 3.14", "x_y"),
    *("é", "naïve", "日本語", "한국어", "ไทย", "हिन्दी", "مرحبا", "🎉", "👩\u200d👩\u200d👧"),
]
CODE = [
    *"(){}[]<>=+-*/\\|&^%$#@!~`\"';:,.?",
    "def ",
    "return",
    "\n    ",
    "\n\n",
    "\t",
    "->",
    "!=",
    "//",
    "self.",
    "0x1F",
]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x85", "\u200b"]
SPECIAL = ["<|endoftext|>", "<|fim_prefix|>", "<|endofprompt|>", "<|im_start|>", "<|", "|>", "\x00", "\ufeff", "\uffff"]

pieces = st.sampled_from(WORDS + CODE + SPACES + SPECIAL) | st.characters() | st.text(max_size=4)
mixtures = st.lists(pieces, max_size=60).map("".join)
runs = st.tuples(st.sampled_from(WORDS + CODE + SPACES + SPECIAL), st.integers(1, 400), mixtures).map(
    lambda run: run[0] * run[1] + run[2]
)
# A character of any plane, assigned or not, and half characters.
planes = st.text(st.integers(0, 0x10FFFF).map(chr), max_size=60)


LOAD = "from shared.clients.fast_tokenizer import *; from shared.clients.tokenizer import Tokenizer; "
COUNT = LOAD + "print(FastTokenizer(Tokenizer('o200k_base')).count('hello, world'))"


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python."""
    root = Path(__file__).parents[2]
    return subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)


def exact(encoding: str, text: str) -> int:
    """Return tiktoken's own count."""
    return len(TIKTOKEN[encoding].encode(text, disallowed_special=()))


@both
@settings(max_examples=400, deadline=None)
@given(text=st.one_of(mixtures, runs, planes))
def test_any_text_counts_as_tiktoken_counts_it(encoding: str, text: str) -> None:
    """Words, code, whitespace, special tokens, runs and characters of every plane: always tiktoken's count."""
    assert FAST[encoding].count(text) == exact(encoding, text)


@both
def test_every_character_counts_as_tiktoken_counts_it(encoding: str) -> None:
    """No code point is special: each between two letters, 64 of them a text, surrogates and all."""
    for start in range(0, 0x110000, 64):
        text = "a".join(chr(point) for point in range(start, start + 64))
        assert FAST[encoding].count(text) == exact(encoding, text), hex(start)


@both
def test_real_prose_counts_as_tiktoken_counts_it(encoding: str) -> None:
    """The standard library's source, English and code, file by file."""
    for file in sorted(Path(pytest.__file__).parent.rglob("*.py"))[:20] + sorted(Path(st.__file__).parent.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert FAST[encoding].count(text) == exact(encoding, text), file.name


@pytest.mark.parametrize("text", SELF_TEST)
def test_the_self_test_holds_tiktokens_counts(text: str) -> None:
    """The literals that toktok-rs is judged by when it is loaded are right."""
    assert SELF_TEST[text] == (exact("o200k_base", text), exact("cl100k_base", text))


@pytest.mark.parametrize(
    ("text", "o200k_base", "cl100k_base"),
    [("\u1ada'H'ſ", 7, 8), ("<|endoftext|>", 7, 7), ("\ud800", 1, 1), ("\ud83d\ude00", 1, 2), ("x\udfff", 2, 2)],
)
def test_known_counts(text: str, o200k_base: int, cl100k_base: int) -> None:
    """Texts that toktok-rs counts otherwise, or refuses, are tiktoken's."""
    assert FAST["o200k_base"].count(text) == o200k_base
    assert FAST["cl100k_base"].count(text) == cl100k_base


@pytest.mark.parametrize(
    ("unit", "o200k_base", "cl100k_base"),
    [
        ("a", 125_000, 125_000),
        (" ", 7_813, 7_813),
        ("\n", 62_500, 31_250),
        ("=", 15_625, 15_625),
        ("\U0001f600", 1_000_000, 2_000_000),
        ("\ud800", 125_000, 250_000),
    ],
)
def test_a_million_of_anything_is_counted_exactly(unit: str, o200k_base: int, cl100k_base: int) -> None:
    """Hostile texts neither crash nor take time that grows faster than they do."""
    started = time.monotonic()
    assert FAST["o200k_base"].count(unit * 1_000_000) == o200k_base
    assert FAST["cl100k_base"].count(unit * 1_000_000) == cl100k_base
    # About 2 s on a slow core; quadratic would be hours.
    assert time.monotonic() - started < 60


def test_a_long_text_is_never_cut() -> None:
    """A text of a million random letters, where tiktoken alone has to guess at cuts, is counted as one."""
    text = "".join(chr(97 + (i * i * 31 + i // 7) % 26) for i in range(1_000_000))
    assert FAST["o200k_base"].count(text) == exact("o200k_base", text)


def test_without_the_package_tiktoken_counts() -> None:
    """Counts stay exact, and the log says why they are slow."""
    run = python("import sys; sys.modules['toktok'] = None; " + COUNT)
    assert run.stdout == "3\n"
    assert "toktok-rs is not installed" in run.stderr


def test_a_package_that_fails_its_self_test_is_not_used(tmp_path: Path) -> None:
    """Another vocabulary under the same name is noticed before the first count."""
    (tmp_path / "toktok.py").write_text("def truncate(text, _most, _encoding):\n    return '', len(text.split())\n")
    run = python(f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; " + COUNT)
    assert run.stdout == "3\n"
    assert "toktok-rs fails its self-test" in run.stderr


def wrong_from(length: int) -> Callable[[str], Callable[[str], int]]:
    """Return a loader of a counter that is wrong on texts of at least so many characters."""
    return lambda encoding: lambda text: exact(encoding, text) + (len(text) >= length)


def test_a_difference_is_noticed_and_tiktoken_takes_over() -> None:
    """A counter that turns wrong is replaced for good once a recount hits, and the note says so."""
    counter = FastTokenizer(Tokenizer("o200k_base"), load=wrong_from(1000))
    texts = [f"{number} " + "word " * 400 for number in range(2000)]
    counts = [counter.count(text) for text in texts]
    right = [exact("o200k_base", text) for text in texts]
    caught = next(index for index in range(2000) if counts[index:] == right[index:])
    # The first recount comes after 128,000 characters.
    assert 0 < caught <= 70
    assert counter.note == f"toktok-rs counted {right[caught] + 1} tokens where tiktoken counts {right[caught]}"
    assert counter.count(texts[0]) == right[0]


class Witness:
    """A TokenCounter that keeps the lengths of what it is asked."""

    encoding = "o200k_base"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def count(self, text: str) -> int:
        """Return one token a character."""
        self.seen.append(len(text))
        return len(text)


@pytest.mark.parametrize("length", [8, 50, 5000, 400_000])
def test_recounts_are_a_bounded_share(length: int) -> None:
    """However long texts are, tiktoken sees at most one character in 500, and never none of a large dataset."""
    witness = Witness()
    counter = FastTokenizer(witness, load=lambda _: len)
    texts = 4_000_000 // length
    for number in range(texts):
        counter.count(f"{number:08}".ljust(length, "x"))
    assert witness.seen
    assert set(witness.seen) == {length}
    # The first text that is longer than what is left until a recount may be any length.
    assert sum(witness.seen[1:]) <= texts * length / 500


def test_importing_it_loads_no_tokenizer() -> None:
    """An app that counts nothing pays for nothing."""
    code = "import sys, shared.clients.fast_tokenizer; print({'toktok', 'tiktoken'} & set(sys.modules))"
    assert python(code).stdout == "set()\n"
