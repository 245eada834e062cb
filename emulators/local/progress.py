"""Shows a run as it goes: a live table on a terminal, a line for each change elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from emulators.local.runs import Run

MARKS = {
    "pending": Text("·", style="dim"),
    "succeeded": Text("✓", style="bold green"),
    "failed": Text("✗", style="bold red"),
    "skipped": Text("–", style="dim"),
}


class Progress(Protocol):
    """Something that shows a run each time it was read."""

    def show(self, run: Run) -> None:
        """Show the run as it is now."""
        ...


@contextmanager
def progress_on(console: Console) -> Iterator[Progress]:
    """Return what fits the console: a table that is drawn anew, or lines that are only added."""
    if not console.is_terminal:
        yield LineProgress(console)
        return
    with Live(console=console, refresh_per_second=8) as live:
        yield TableProgress(live)


class TableProgress:
    """One row for each stage, drawn anew in place."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._spinner = Spinner("dots", style="cyan")

    def show(self, run: Run) -> None:
        """Draw the table of this run."""
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(width=12)
        table.add_column(width=7, justify="right", style="dim")
        table.add_column(no_wrap=True, overflow="ellipsis")
        for stage in run["stages"]:
            mark = MARKS.get(stage["status"], self._spinner)
            style = "dim" if stage["status"] in {"pending", "skipped"} else ""
            table.add_row(mark, Text(stage["name"], style=style), duration_of(stage), Text(note_on(stage, run)))
        self._live.update(table, refresh=True)


class LineProgress:
    """One line whenever a stage's status or note changes, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, tuple[str, str]] = {}

    def show(self, run: Run) -> None:
        """Print a line for each stage that changed since the last time."""
        for stage in run["stages"]:
            now = (stage["status"], note_on(stage, run))
            if stage["status"] not in {"pending", "skipped"} and self._said.get(stage["name"]) != now:
                self._said[stage["name"]] = now
                line = f"{stage['name']:<12} {now[0]:<10} {duration_of(stage):>7}  {now[1]}".rstrip()
                self._console.print(line, soft_wrap=True, markup=False, highlight=False)


def duration_of(stage: Run) -> str:
    """Return how long a stage took, or has been running; "" before it starts."""
    if stage["started_at"] is None:
        return ""
    start = datetime.fromisoformat(stage["started_at"])
    end = datetime.fromisoformat(stage["finished_at"]) if stage["finished_at"] else datetime.now(UTC)
    return f"{(end - start).total_seconds():.1f} s"


def note_on(stage: Run, run: Run) -> str:
    """Return in a few words what a stage is about now, or what came of it."""
    notes = {
        "validation": _validation_note,
        "upload": _upload_note,
        "training": _training_note,
        "deployment": _deployment_note,
        "verification": _verification_note,
        "publication": lambda run: run["report"]["html"] if run["report"] else "",
    }
    if stage["status"] == "pending":
        return ""
    note = notes[stage["name"]](run) if stage["name"] in notes else ""
    return note or (run["waiting_for"] if stage["status"] == "running" else "")


def _validation_note(run: Run) -> str:
    found = run["validation"]
    if found is None or found["training"] is None:
        return ""
    training = found["training"]
    note = f"{training['examples']:,} examples, {training['total_tokens']:,} tokens"
    counts = [(found["error_count"], "error"), (found["warning_count"], "warning")]
    return ", ".join([note, *(_plural(count, what) for count, what in counts if count)])


def _upload_note(run: Run) -> str:
    files = run["files"] or {}
    return ", ".join(filter(None, [files.get("training"), files.get("validation")]))


def _training_note(run: Run) -> str:
    job = run["job"]
    if job is None:
        return ""
    parts: list[str] = [job["id"], job["status"]]
    metrics: dict[str, Any] = job["metrics"] or {}
    if metrics.get("train_loss") is not None:
        parts.append(f"step {metrics['step']}, loss {metrics['train_loss']:.3f}")
    return ", ".join(parts)


def _deployment_note(run: Run) -> str:
    deployment = run["deployment"]
    return f"{deployment['name']}, {deployment['provisioning_state']}" if deployment else ""


def _verification_note(run: Run) -> str:
    verification = run["verification"]
    return f"{verification['passed']} of {verification['asked']} answers pass" if verification else ""


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"
