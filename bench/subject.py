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
from shared.core.lines import lines_of
from shared.core.plain_examples import parse_plain
from shared.core.statistics import SplitTally
from shared.core.tokens import count_example
from shared.ports import TokenCounter

ENCODING, LIMIT = "o200k_base", 65_536
CHUNK_BYTES = 4 * 1024 * 1024
NAMES = ("lab", "cookbook", "ours-tiktoken", "ours", "ours-counting")


def subject_for(name: str) -> Callable[[Path], int]:
    """Return what is measured under a name: a function from a file to its tokens, ready to run."""
    exact = Tokenizer(ENCODING)
    exact.count("warm")
    if name in ("lab", "cookbook"):
        encoding = exact._tiktoken  # noqa: SLF001  the same encoding, loaded without a network
        baseline = baselines.lab_notebook if name == "lab" else baselines.cookbook
        return lambda path: baseline(path, encoding)
    counter: TokenCounter = exact if name == "ours-tiktoken" else FastTokenizer(exact)
    counter.count("warm")
    measured = _count if name == "ours-counting" else _validate
    return lambda path: measured(path, counter)


def _validate(path: Path, counter: TokenCounter) -> int:
    """Check a file as a run's validation does, from the bytes to the statistics."""
    rules = Rules(method="supervised", limit_tokens=LIMIT, count=counter.count)
    statistics = check_split(_chunks(path), "training", rules, IssueLog(), Known())
    return statistics.total_tokens if statistics else 0


def _count(path: Path, counter: TokenCounter) -> int:
    """Do no more than the notebook does, with the parts of validation: read, parse, count, and the statistics."""
    tally = SplitTally(limit_tokens=LIMIT)
    for line in lines_of(_chunks(path)):
        example = parse_plain(line.data)
        if example is None:
            raise ValueError("the dataset has a line that is not plain")
        tally.add(count_example(example, "supervised", counter.count))
    statistics = tally.statistics(examples=0, size_bytes=0)
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
