"""The demonstration: one dataset dropped, followed from its arrival to its report, and everything ended again."""

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from emulators.local.drop import Dataset, drop
from emulators.local.progress import progress_on
from emulators.local.runs import Runs, answers_of, copy_report
from emulators.local.stack import DATASETS, Stack, local_stack
from emulators.local.summary import print_outcome, print_summary


def demonstrate(dataset: Dataset, state: Path, console: Console) -> bool:
    """Take a dataset through the app on this machine and say what came of it; return whether the run succeeded.

    Raises:
        StackError, ChildError, RunsError: the app could not be run here, or stopped answering.
    """
    started = time.monotonic()
    console.print("Starting storage, Azure OpenAI and the Functions host, all emulated here …", style="dim")
    with local_stack(state / "demo", fresh=True) as stack:
        console.print(f"Ready after {time.monotonic() - started:.1f} s.", style="dim", highlight=False)
        succeeded = _run(dataset, stack, state / "reports", console)
    console.print(f"Everything is stopped, after {time.monotonic() - started:.0f} s.", style="dim", highlight=False)
    return succeeded


def _run(dataset: Dataset, stack: Stack, reports: Path, console: Console) -> bool:
    with stack.storage as storage:
        console.print(f"Dropping {dataset.training.name} as {DATASETS}/{dataset.path}\n", style="dim", highlight=False)
        drop(storage, dataset)
        runs = Runs(stack.url, stack.key, stack.check)
        with progress_on(console) as progress:
            run = runs.follow(runs.first_of(dataset.path), progress.show)
        copies = copy_report(storage, run["report"], reports / run["run_id"]) if run["report"] else {}
        print_summary(console, run, _report_in(copies), answers_of(storage, run["run_id"]))
    print_outcome(console, run, copies)
    return run["status"] == "succeeded"


def _report_in(copies: dict[str, Path]) -> dict[str, Any] | None:
    return json.loads(copies["json"].read_text()) if "json" in copies else None
