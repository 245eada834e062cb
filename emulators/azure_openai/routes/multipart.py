"""Reads forms with files as they come in, so that a file of any size takes the same memory."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import BodyPartReader, web

from emulators.azure_openai.errors import ServiceError, invalid_payload

_CHUNK = 1 << 18
_FIELD_BYTES = 1 << 16


@dataclass(frozen=True)
class Form:
    """The fields of a form, and where the content of its file went."""

    fields: dict[str, str]
    filename: str
    content: Path


async def read_form(request: web.Request, file_field: str, path: Path, most: int) -> Form:
    """Read a form and write its file to a path.

    Raises:
        ServiceError: it is no form, has no such file, or the file has more than `most` bytes.
    """
    fields: dict[str, str] = {}
    filename: str | None = None
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise invalid_payload("The form is nested.")
            if part.name == file_field:
                filename = part.filename or "upload"
                await _save(part, path, most)
            elif part.name:
                # Both spellings of nested fields: the specification has dots, the SDK sends brackets.
                name = part.name.replace("[", ".").replace("]", "")
                fields[name] = (await part.read_chunk(_FIELD_BYTES)).decode()
    except (ValueError, AssertionError, KeyError) as error:
        discard(path)
        raise invalid_payload("The request is not a valid multipart form.") from error
    if filename is None:
        raise invalid_payload(f"The form has no part '{file_field}'.")
    return Form(fields, filename, path)


def discard(path: Path) -> None:
    """Remove content that was refused, if any of it was written."""
    path.unlink(missing_ok=True)


async def _save(part: BodyPartReader, path: Path, most: int) -> None:
    size = 0
    with path.open("wb") as content:  # chunks into the page cache: quicker than a thread
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > most:
                break
            content.write(chunk)
    if size > most:
        discard(path)
        raise ServiceError(413, "invalidPayload", f"The file exceeds the maximum size of {most} bytes.")
