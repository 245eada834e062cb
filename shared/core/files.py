"""Files at Azure OpenAI: what we keep of them and what their states mean."""

from typing import Literal

from msgspec import Struct

from shared.core.validation import SplitName


class FileSnapshot(Struct, frozen=True, kw_only=True):
    """A file as the service last described it; `status` verbatim, `detail` what it said about an error."""

    id: str
    filename: str
    status: str
    detail: str = ""


FileOutcome = Literal["wait", "processed", "failed"]


def file_outcome(status: str) -> FileOutcome:
    """Return what a file's status means for the run; anything unknown is waited on (within a deadline)."""
    outcomes: dict[str, FileOutcome] = {
        "processed": "processed",
        "error": "failed",
        "deleted": "failed",
        "deleting": "failed",
    }
    return outcomes.get(status, "wait")


def file_name_for(run_id: str, split: SplitName) -> str:
    """Return the name that marks a file as this run's; the service refuses other suffixes than .jsonl."""
    return f"{run_id}-{split}.jsonl"
