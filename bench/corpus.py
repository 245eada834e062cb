"""Makes a chat dataset of any size: English-like, the same for the same Python and seed, hardly a text twice.

The prose is the documentation of Python's standard library. Texts are strung together from short runs of its words, so
that neighbouring words are real and whole texts are new. One word in forty is made up: a tokenizer that remembers words
must not get a smaller vocabulary than real prose of that size has.
"""

import ast
import json
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SEED = 20261124
_LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "__pycache__", "lib2to3"}
_SYLLABLES = (
    *("ba", "ker", "lin", "mo", "ras", "tu", "ven", "shi", "dor", "el", "gan", "hu", "is", "jor", "kal", "lum"),
    *("mer", "nos", "or", "pel", "qui", "rim", "sto", "tan", "ul", "vis", "wen", "xi", "yar", "zel", "ford", "ton"),
)


def write_dataset(path: Path, megabytes: int) -> None:
    """Write a dataset of at least so many million bytes, in lines of about 1.3 kB."""
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in _examples(random.Random(SEED)):  # noqa: S311  nothing is to be kept secret
            written += file.write(json.dumps(example) + "\n")
            if written >= megabytes * 1_000_000:
                return


def _examples(chance: random.Random) -> Iterator[dict[str, object]]:
    words = _prose_words()
    while True:
        messages = []
        if chance.random() < 0.75:
            messages.append({"role": "system", "content": _text(chance, words, 10, 45)})
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
            messages.append({"role": "user", "content": _text(chance, words, 8, 60)})
            messages.append({"role": "assistant", "content": _text(chance, words, 20, 120)})
        if chance.random() < 0.03:
            messages[0]["name"] = chance.choice(_SYLLABLES)
        yield {"messages": messages}


def _text(chance: random.Random, words: list[str], fewest: int, most: int) -> str:
    length, text = chance.randint(fewest, most), list[str]()
    while len(text) < length:
        start = chance.randrange(len(words))
        text += words[start : start + chance.randint(3, 12)]
        if chance.random() < 0.2:
            text.append(_made_up(chance))
    return " ".join(text)


def _made_up(chance: random.Random) -> str:
    word = "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 2, 3, 3, 4))))
    return word.capitalize() if chance.random() < 0.4 else word


def _prose_words() -> list[str]:
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(file for file in root.rglob("*.py") if not _LEFT_OUT & set(file.relative_to(root).parts))
    paragraphs = (part.split() for file in files for text in _docstrings(file) for part in text.split("\n\n"))
    prose = dict.fromkeys(" ".join(words) for words in paragraphs if _is_prose(words))
    return " ".join(prose).split(" ")


def _is_prose(words: list[str]) -> bool:
    return len(words) > 5 and sum(word.strip(".,;:()'\"").isalpha() for word in words) > 0.8 * len(words)


def _docstrings(file: Path) -> Iterator[str]:
    if file.parent.name == "pydoc_data":  # the language reference, as one dictionary of strings
        tree = ast.parse(file.read_bytes())
        values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (value for value in values if isinstance(value, str))
        return
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            yield text
