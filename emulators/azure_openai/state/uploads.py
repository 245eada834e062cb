"""The rules of files that arrive in parts."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

from emulators.azure_openai.errors import ServiceError, invalid_payload, not_found, unexpected_state
from emulators.azure_openai.state.account import Account
from emulators.azure_openai.state.files import add_file, check_file
from emulators.azure_openai.state.records import UploadRecord, new_id


def create_upload(account: Account, filename: str, purpose: str, size: int) -> UploadRecord:
    """Open an upload of `size` bytes, which expires when it is not completed in time."""
    check_file(account, filename, purpose)
    if not 0 < size <= account.config.limits.upload_bytes:
        raise invalid_payload(f"bytes must be between 1 and {account.config.limits.upload_bytes}.")
    at = account.now()
    lifetime: timedelta = account.config.limits.upload_lifetime
    record = UploadRecord(new_id("upload"), filename, purpose, size, at, at + lifetime)
    account.uploads[record.id] = record
    return record


def get_upload(account: Account, upload_id: str) -> UploadRecord:
    """Return an upload of the account."""
    record = account.uploads.get(upload_id)
    if record is None:
        raise not_found("upload", upload_id)
    return record


def pending_upload(account: Account, upload_id: str, action: str) -> UploadRecord:
    """Return an upload that is still open; the action names what was wanted of it."""
    record = get_upload(account, upload_id)
    if record.status != "pending":
        raise unexpected_state("upload", upload_id, record.status, action)
    return record


def add_part(account: Account, upload_id: str, content: Path) -> str:
    """Keep a part and return its id; parts may come in any order."""
    record = pending_upload(account, upload_id, "continued")
    part_id = new_id("part")
    record.parts[part_id] = content
    return part_id


def check_parts(record: UploadRecord, part_ids: list[str]) -> list[Path]:
    """Return the content of the parts in the order asked for.

    Raises:
        ServiceError: a part is unknown, or together they have not the announced size.
    """
    if not part_ids or any(part not in record.parts for part in part_ids):
        raise invalid_payload("part_ids must name parts of this upload.")
    paths = [record.parts[part] for part in part_ids]
    total = sum(path.stat().st_size for path in paths)
    if total != record.bytes:
        raise invalid_payload(f"The parts have {total} bytes in all, but the upload announced {record.bytes}.")
    return paths


def join(parts: list[Path], target: Path, md5: str | None) -> None:
    """Write the parts one after the other, in constant memory.

    Raises:
        ServiceError: the digest is not that of the content.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with target.open("wb") as joined:
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, joined, 1 << 20)
    with target.open("rb") as joined:
        while chunk := joined.read(1 << 20):
            digest.update(chunk)
    if md5 is not None and digest.hexdigest() != md5.lower():
        target.unlink()
        raise ServiceError(400, "invalidPayload", "The md5 does not match the content.")


def complete_upload(account: Account, record: UploadRecord, joined: Path) -> None:
    """Turn an upload whose parts were joined into a file."""
    record.file = add_file(account, record.filename, record.purpose, joined, "parts")
    close_upload(record, "completed")


def cancel_upload(account: Account, upload_id: str) -> UploadRecord:
    """Give an upload up."""
    record = pending_upload(account, upload_id, "cancelled")
    close_upload(record, "cancelled")
    return record


def close_upload(record: UploadRecord, status: str) -> None:
    """End an upload and drop its parts."""
    record.status = status
    for part in record.parts.values():
        part.unlink(missing_ok=True)
    record.parts.clear()
