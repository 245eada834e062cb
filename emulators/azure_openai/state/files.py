"""The rules of files: what is refused, what is counted, what a processed file is known to hold."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from emulators.azure_openai.errors import ServiceError, invalid_payload, not_found, quota_exceeded
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.records import FileRecord, Inspection, new_id

_PURPOSES = frozenset({"assistants", "batch", "fine-tune", "evals"})
_NO_VALID_LINE = "Validation of jsonl file failed: No valid json line found in file."
_EXPIRY_SECONDS = range(1_209_600, 2_592_001)  # 14 to 30 days, from the dated specification
_BREATH_EVERY_LINES = 2000


def check_file(account: Account, filename: str, purpose: str) -> None:
    """Refuse a file by its name, its purpose, or because the account is full.

    Raises:
        ServiceError: with the text that was recorded.
    """
    if purpose not in _PURPOSES:
        raise invalid_payload("Invalid value for purpose.")
    if purpose == "fine-tune" and not filename.endswith(".jsonl"):
        raise invalid_payload("fileName contains an invalid filename: wrong suffix.")
    limit = account.config.limits.files
    if sum(1 for file in account.files.values() if file.purpose == purpose) >= limit:
        raise quota_exceeded("files without expiry", limit)


def check_size(account: Account, size: int) -> None:
    """Refuse content that is empty, too big, or more than the account has room for."""
    limits = account.config.limits
    if size == 0:
        raise invalid_payload("The file is empty.")
    if size > limits.file_bytes:
        raise ServiceError(413, "invalidPayload", f"The file exceeds the maximum size of {limits.file_bytes} bytes.")
    if sum(file.bytes for file in account.files.values()) + size > limits.all_files_bytes:
        raise quota_exceeded("total file size in bytes", limits.all_files_bytes)


def add_file(
    account: Account, filename: str, purpose: str, content: Path, origin: str, expires_after: int | None = None
) -> FileRecord:
    """Take content into the account as a file that is `pending` until it is inspected."""
    check_file(account, filename, purpose)
    size = content.stat().st_size
    check_size(account, size)
    if expires_after is not None and expires_after not in _EXPIRY_SECONDS:
        raise invalid_payload("expires_after.seconds must be between 1209600 and 2592000.")
    at = account.now()
    record = FileRecord(
        id=new_id("file"),
        filename=filename,
        purpose=purpose,
        path=content,
        created_at=at,
        origin=origin,
        bytes=size,
        since=at,
        expires_at=None if expires_after is None else at + timedelta(seconds=expires_after),
        outcome=account.outcomes.take("file") if purpose == "fine-tune" else None,
    )
    record.inspection = account.workers.submit(inspect, content, purpose, account.config.limits.examples)
    account.files[record.id] = record
    return record


def add_result(account: Account, filename: str, content: bytes) -> FileRecord:
    """Keep what a job wrote as a file that can be read at once."""
    path = account.new_path()
    path.write_bytes(content)
    record = FileRecord(
        id=new_id("file"),
        filename=filename,
        purpose="fine-tune-results",
        path=path,
        created_at=account.now(),
        origin="service",
        bytes=len(content),
        status="processed",
    )
    account.files[record.id] = record
    return record


def get_file(account: Account, file_id: str) -> FileRecord:
    """Return a file of the account."""
    record = account.files.get(file_id)
    if record is None:
        raise not_found("file", file_id)
    return record


def delete_file(account: Account, file_id: str) -> None:
    """Remove a file; this is allowed even if a job used it."""
    record = get_file(account, file_id)
    del account.files[file_id]
    record.path.unlink(missing_ok=True)


def conclude(file: FileRecord, inspection: Inspection) -> None:
    """Give a file the state that its inspection leads to."""
    outcome: Mapping[str, str] | None = file.outcome
    error = outcome.get("message", _NO_VALID_LINE) if outcome else inspection.error
    file.examples = inspection.examples
    file.status = "error" if error else "processed"
    file.status_details = error


def inspect(path: Path, purpose: str, fewest: int) -> Inspection:
    """Return how many examples a file has, read line by line, or why the service would not take it."""
    if purpose != "fine-tune":
        return Inspection(0)
    examples, broken = _count(path)
    if examples == 0:
        return Inspection(0, _NO_VALID_LINE)
    if broken is not None:
        return Inspection(examples, f"Validation of jsonl file failed: Line {broken} is not valid json.")
    if examples < fewest:
        text = f"Validation of jsonl file failed: The file has {examples} examples, at least {fewest} are needed."
        return Inspection(examples, text)
    return Inspection(examples)


def _count(path: Path) -> tuple[int, int | None]:
    """Return the number of JSON objects, and the number of the first line that is something else."""
    examples, broken = 0, None
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line and _is_object(line):
                examples += 1
            elif line and broken is None:
                broken = number
            if number % _BREATH_EVERY_LINES == 0:
                time.sleep(0)  # lets the event loop's thread answer in between
    return examples, broken


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
