"""Which blobs belong together, what a run is called, and when it has waited long enough for its parts."""

import hashlib
import re
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec

from shared.core.plans import Blob
from shared.core.runs import Pace, RunRequest

# Azure Storage: "a blob name can be 1 to 1,024 characters long".
MAX_PATH = 1024

PathKind = Literal["training", "validation", "options", "other"]


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The blobs of one dataset that exist at a moment."""

    training: Blob | None
    validation: Blob | None = None
    options_file: Blob | None = None

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.validation is not None and self.options_file is not None


def path_kind(path: str) -> PathKind:
    """Return what part of a dataset a blob is, by its name alone (letter case does not matter)."""
    name = path.rpartition("/")[2].lower()
    if name == "finetune.json" or name.endswith(".options.json"):
        return "options"
    if not name.endswith(".jsonl") or name == ".jsonl":
        return "other"
    if name == "validation_set.jsonl" or name.endswith(".validation.jsonl"):
        return "validation"
    return "training"


def is_blob_path(path: str) -> bool:
    """Tell whether a path can name a blob as it stands: a client would normalise dots, and storage refuses controls."""
    readable = all(" " <= letter != "\x7f" and not "\ud800" <= letter <= "\udfff" for letter in path)
    plain = readable and "\\" not in path and 0 < len(path) <= MAX_PATH
    return plain and not path.startswith("/") and not {".", ".."} & set(path.split("/"))


def validation_paths_for(training_path: str) -> tuple[str, ...]:
    """Return where the validation part of a training blob may lie, the place that goes first before the others."""
    folder, slash, name = training_path.rpartition("/")
    beside = f"{folder}{slash}{name[: -len('.jsonl')]}.validation.jsonl"
    return (f"{folder}{slash}validation_set.jsonl", beside) if name.lower() == "training_set.jsonl" else (beside,)


def options_paths_for(training_path: str) -> tuple[str, str]:
    """Return where the options of a training blob would lie: its own file first, then the folder's."""
    folder, slash, name = training_path.rpartition("/")
    return f"{folder}{slash}{name[: -len('.jsonl')]}.options.json", f"{folder}{slash}finetune.json"


def run_id_for(container: str, path: str, etag: str, options: dict[str, Any]) -> str:
    """Return the id of the one run of this dataset version with these options; also its Durable instance id."""
    canonical = msgspec.json.encode([container, path, etag.strip('"'), options], order="deterministic")
    return f"{slug_for(path)}-{hashlib.sha256(canonical).hexdigest()[:12]}"


def slug_for(path: str) -> str:
    """Return a short readable name for a dataset: ASCII letters, digits and hyphens, 1 to 24 characters."""
    pure = PurePosixPath(path)
    name = pure.name.lower().removesuffix(".jsonl")
    if name == "training_set" and pure.parent.name:
        name = pure.parent.name.lower()
    slug = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:24].strip("-")
    return slug or "dataset"


def request_for(
    training: Blob, options: dict[str, Any], *, source: Literal["blob", "http"], now: datetime, pace: Pace
) -> RunRequest:
    """Return the request of the one run of this dataset version."""
    return RunRequest(
        run_id=run_id_for(training.container, training.path, training.etag, options),
        container=training.container,
        path=training.path,
        etag=training.etag,
        source=source,
        requested_at=now,
        pace=pace,
    )


def private_path(run_id: str, name: str) -> str:
    """Return where a private blob of a run lies in the state container."""
    return f"runs/{run_id}/{name}"


def claim_path(run_id: str) -> str:
    """Return where the claim of a run lies in the state container."""
    return f"claims/{run_id}.json"
