"""One measured process: `python -m bench.subject NAME FILE` prints the seconds and the tokens, as JSON.

The vocabulary is loaded and warm before the clock starts, for all alike; so are the imports.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import baselines
from shared.clients.fast_tokenizer import FastTokenizer
from shared.clients.tokenizer import Tokenizer
from shared.core.comparison import Known
from shared.core.dataset_check import Rules, check_split
from shared.core.issues import IssueLog
from shared.ports import TokenCounter

ENCODING, LIMIT = "o200k_base", 65_536
CHUNK_BYTES = 4 * 1024 * 1024
NAMES = ("lab", "cookbook", "ours-tiktoken", "ours")


def subject_for(name: str) -> Callable[[Path], int]:
    """Return what is measured under a name: a function from a file to its tokens, ready to run."""
    exact = Tokenizer(ENCODING)
    if name in ("lab", "cookbook"):
        exact.count("warm")
        encoding = exact._tiktoken  # noqa: SLF001  the same encoding, loaded without a network
        baseline = baselines.lab_notebook if name == "lab" else baselines.cookbook
        return lambda path: baseline(path, encoding)
    counter: TokenCounter = FastTokenizer(exact) if name == "ours" else exact
    counter.count("warm")
    return lambda path: _validate(path, counter)


def _validate(path: Path, counter: TokenCounter) -> int:
    """Check a file as a run's validation does, from the bytes to the statistics."""
    rules = Rules(method="supervised", limit_tokens=LIMIT, count=counter.count)
    statistics = check_split(_chunks(path), "training", rules, IssueLog(), Known())
    return statistics.total_tokens if statistics else 0


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def main() -> None:
    """Run one subject."""
    name, path = sys.argv[1], Path(sys.argv[2])
    subject = subject_for(name)
    started = time.perf_counter()
    tokens = subject(path)
    json.dump({"seconds": time.perf_counter() - started, "tokens": tokens}, sys.stdout)


if __name__ == "__main__":
    main()
