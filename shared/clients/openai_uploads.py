"""Sends a file of any size through Azure OpenAI's chunked Uploads, in constant memory."""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import md5
from typing import TYPE_CHECKING, Any

from shared.clients.chunks import regrouped

if TYPE_CHECKING:
    from openai import AzureOpenAI

# The API takes parts of at most 64 MB. A part is held in memory and is sent again as a whole when its connection drops,
# while the service takes 30 requests a second: 16 MiB make 31 requests of the largest file (512 MB).
PART_BYTES = 16 * 1024 * 1024
MIME_TYPE = "application/jsonl"


def upload_in_parts(
    client: "AzureOpenAI", filename: str, size: int, chunks: Iterable[bytes], part_bytes: int = PART_BYTES
) -> Any:
    """Return the SDK's object of the file that the chunks, `size` bytes in all, have become; None if it is not told.

    A failed upload is cancelled. The service compares the number of bytes and the MD5 sum with what arrived.
    """
    upload = client.uploads.create(bytes=size, filename=filename, mime_type=MIME_TYPE, purpose="fine-tune")
    # MD5 is what the API asks for: a check for accidents, not for attackers.
    checksum = md5(usedforsecurity=False)
    part_ids: list[str] = []
    try:
        for part in regrouped(chunks, part_bytes):
            checksum.update(part)
            part_ids.append(client.uploads.parts.create(upload.id, data=part).id)
        # Not repeated: a lost answer may hide a file, which the next try of the stage finds by its name.
        once = client.with_options(max_retries=0)
        return once.uploads.complete(upload.id, part_ids=part_ids, md5=checksum.hexdigest()).file
    except BaseException:
        _cancel(client, upload.id)
        raise


def _cancel(client: "AzureOpenAI", upload_id: str) -> None:
    from openai import OpenAIError

    # What cannot be cancelled expires by itself two hours after it was begun.
    with suppress(OpenAIError):
        client.with_options(max_retries=0).uploads.cancel(upload_id)
