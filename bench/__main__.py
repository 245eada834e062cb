"""`python -m bench`: validation against the lab's notebook and the OpenAI cookbook, and the app's cold start."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from bench.corpus import write_dataset
from bench.subject import NAMES

LABELS = {
    "lab": "lab's notebook",
    "cookbook": "OpenAI cookbook",
    "ours-tiktoken": "tunedrop, tiktoken alone",
    "ours": "tunedrop",
    "ours-counting": "tunedrop, counting alone",
}
COLD_STARTS = {
    "framework": "import azure.durable_functions, azurefunctions.extensions.bindings.blob",
    "app": "import azure.durable_functions, azurefunctions.extensions.bindings.blob, function_app",
}
ROOT = Path(__file__).parents[1]


class Run(NamedTuple):
    """One measured process; `peak` in bytes of proportional set size."""

    seconds: float
    tokens: int
    peak: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", type=int, default=5, help="megabytes of the dataset (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, in turn (default: %(default)s)")
    options = parser.parse_args()
    _say(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    _say(f"tiktoken {version('tiktoken')}, toktok-rs {version('toktok-rs')}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dataset.jsonl"
        write_dataset(path, options.size)
        _report(_measured(path, options.rounds), path.stat().st_size)
    _report_cold_start(options.rounds)


def _measured(path: Path, rounds: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for name in NAMES:
            runs[name].append(_run(name, path))
    if len({run.tokens for name in NAMES for run in runs[name]}) != 1:
        raise SystemExit("The counts differ.")
    return runs


def _run(name: str, path: Path) -> Run:
    command = [sys.executable, "-m", "bench.subject", name, str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own program
    peaks = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks))
    watcher.start()
    output, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{name} failed.")
    return Run(**json.loads(output), peak=max(peaks))


def _watch(pid: int, peaks: list[int]) -> None:
    """Sample a process's memory until it ends; nothing where the system does not tell."""
    while True:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            return
        if "Pss:" not in rollup:
            return
        peaks.append(int(rollup.partition("Pss:")[2].split()[0]) * 1024)
        time.sleep(0.05)


def _report(runs: dict[str, list[Run]], size: int) -> None:
    of_lab = statistics.median(run.seconds for run in runs["lab"])
    _say(f"{size / 1e6:.0f} MB, {runs['lab'][0].tokens:,} tokens of o200k_base, one core\n")
    _say(f"| {'':24} | seconds (median) | least to most | MB/s | times the lab's speed | peak memory, MB |")
    _say("|---|---|---|---|---|---|")
    for name in NAMES:
        seconds = sorted(run.seconds for run in runs[name])
        median, peak = statistics.median(seconds), max(run.peak for run in runs[name])
        spread = f"{seconds[0]:.2f} to {seconds[-1]:.2f}"
        row = (f"{LABELS[name]:24}", f"{median:.2f}", spread, f"{size / 1e6 / median:.1f}", f"{of_lab / median:.1f}")
        _say(f"| {' | '.join(row)} | {peak / 1e6:.0f} |")


def _report_cold_start(rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COLD_STARTS}
    for _ in range(rounds):
        for name, code in COLD_STARTS.items():
            started = time.perf_counter()
            subprocess.run(  # noqa: S603  our own code
                [sys.executable, "-c", code],
                cwd=ROOT,
                check=True,
                env={**os.environ, "DATASETS_TRIGGER_SOURCE": "EventGrid"},
            )
            seconds[name].append(time.perf_counter() - started)
    framework, app = (statistics.median(seconds[name]) for name in ("framework", "app"))
    _say(f"\nCold start: the app's import takes {app:.2f} s, {app / framework:.2f} times the framework's alone.")


def _say(line: str, end: str = "\n") -> None:
    sys.stdout.write(line + end)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
