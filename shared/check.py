"""`python -m shared.check FILE…`: checks datasets on this machine, as the app's validation would, without Azure.

Exit code 0: all are valid; 1: one is not; 2: wrong usage, or a file that cannot be read.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from shared import codec
from shared.check_report import report_of
from shared.clients.fast_tokenizer import FastTokenizer
from shared.clients.tokenizer import Tokenizer
from shared.core.models import canonical_model
from shared.core.plans import Blob, Hyperparameters, Method, Plan
from shared.core.validation import ValidationDetail
from shared.ports import BlobStore, TokenCounter
from shared.stages.validation import validate_dataset

STDIN = "-"
CHUNK_BYTES = 4 * 1024 * 1024
_BAR_WIDTH, _SECONDS_BETWEEN_BARS = 30, 0.1


class LocalFiles:
    """The part of the BlobStore port that validation uses, on files of this machine."""

    def __init__(self, *, is_seen: bool) -> None:
        self._is_seen = is_seen

    def stream(self, blob: Blob) -> Iterator[bytes]:
        """Yield a file's bytes in chunks, with a progress bar if someone watches."""
        bar = _Bar(blob) if self._is_seen else None
        with _opened(blob.path) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                if bar:
                    bar.advance(len(chunk))
        if bar:
            bar.clear()


class _Bar:
    """One line on the terminal's standard error."""

    def __init__(self, blob: Blob) -> None:
        self._name, self._size, self._read, self._drawn = Path(blob.path).name, blob.size, 0, 0.0

    def advance(self, size: int) -> None:
        self._read += size
        now = time.monotonic()
        if now - self._drawn < _SECONDS_BETWEEN_BARS:
            return
        self._drawn = now
        text = f"{self._name}: {self._read / 1e6:,.0f} MB"
        if self._size:
            full = min(_BAR_WIDTH, self._read * _BAR_WIDTH // self._size)
            text = (
                f"{self._name} [{'█' * full}{'·' * (_BAR_WIDTH - full)}] {min(100, 100 * self._read // self._size)} %"
            )
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Check the files and print what was found; return the exit code."""
    options = _parser().parse_args(arguments)
    if [*options.files, options.validation].count(STDIN) > 1:
        _parser().error("standard input can be read only once")
    counters: dict[str, TokenCounter] = {}
    details: dict[str, ValidationDetail] = {}
    for path in dict.fromkeys(options.files):
        try:
            plan = _plan(path, options.validation, options.model, options.method)
            details[path] = validate_dataset(_store(), lambda name: _counter(counters, name), plan)
        except OSError as error:
            sys.stderr.write(f"{error.filename or path}: {error.strerror}\n")
            return 2
        if not options.json:
            sys.stdout.write(report_of(path, details[path]))
    if options.json:
        sys.stdout.write(codec.to_json(details).decode() + "\n")
    return 0 if all(detail.summary.valid for detail in details.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.check", description="Check fine-tuning datasets.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a dataset in JSON lines; - is standard input")
    parser.add_argument("--validation", metavar="FILE", help="a validation set, compared with each dataset")
    parser.add_argument("--model", default="gpt-4o", help="the base model (default: %(default)s)")
    parser.add_argument("--method", default="supervised", choices=("supervised", "dpo"), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print everything as JSON, by file")
    return parser


def _plan(training: str, validation: str | None, model: str, method: Method) -> Plan:
    return Plan(
        run_id="check",
        training=_blob(training),
        validation=_blob(validation) if validation else None,
        base_model=canonical_model(model),
        method=method,
        seed=0,
        suffix="",
        hyperparameters=Hyperparameters(),
        training_type="Standard",
        deployment_name="",
        sku="",
        capacity=1,
    )


def _blob(path: str) -> Blob:
    # A pipe does not know its size: 0, which no limit and no bar needs.
    size = 0 if path == STDIN else Path(path).stat().st_size
    return Blob(container="", path=path, etag="", size=size)


def _opened(path: str) -> BinaryIO:
    if path == STDIN:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return Path(path).open("rb")


def _store() -> BlobStore:
    # Validation asks a store for its streams alone.
    return cast("BlobStore", LocalFiles(is_seen=sys.stderr.isatty()))


def _counter(counters: dict[str, TokenCounter], encoding: str) -> TokenCounter:
    if encoding not in counters:
        counters[encoding] = FastTokenizer(Tokenizer(encoding))
    return counters[encoding]


if __name__ == "__main__":
    sys.exit(main())
