"""Files, by plain upload and by import."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from emulators.azure_openai.errors import ServiceError, invalid_payload
from emulators.azure_openai.routes.multipart import discard, read_form
from emulators.azure_openai.routes.serving import Call, Route, reply
from emulators.azure_openai.state import files
from emulators.azure_openai.state.records import FileRecord
from emulators.azure_openai.wire.data_plane import file_json

_MOST_LISTED = 10_000
_CHUNK = 1 << 18


async def create_file(call: Call) -> web.Response:
    """Take an uploaded file."""
    account = call.service.account
    form = await read_form(call.request, "file", account.new_path(), account.config.limits.file_bytes)
    expires_after = form.fields.get("expires_after.seconds")
    if expires_after is not None and not expires_after.isdigit():
        raise invalid_payload("expires_after.seconds must be a whole number.")
    seconds = None if expires_after is None else int(expires_after)
    record = _keep(call, form.filename, form.fields.get("purpose", ""), form.content, "upload", seconds)
    return _created(call, record)


async def import_file(call: Call) -> web.Response:
    """Take a file from a URL."""
    body = await call.body()
    url, filename, purpose = (body.get(name) for name in ("content_url", "filename", "purpose"))
    if not (isinstance(url, str) and isinstance(filename, str) and isinstance(purpose, str)):
        raise invalid_payload("The fileImport field is required.")
    account = call.service.account
    files.check_file(account, filename, purpose)
    path = account.new_path()
    await _fetch(url, path, account.config.limits.file_bytes)
    return _created(call, _keep(call, filename, purpose, path, "import", None))


async def list_files(call: Call) -> web.Response:
    """List files: all of them on v1, in pages on the dated API."""
    query = call.request.query
    found = [file for file in call.service.account.files.values() if query.get("purpose") in (None, file.purpose)]
    if call.v1:
        ids = [file.id for file in found]
        first, last = (ids[0], ids[-1]) if ids else ("", "")
        data = [file_json(file) for file in found]
        return reply({"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": False})
    if query.get("order") != "asc":
        found.reverse()
    ids = [file.id for file in found]
    after = query.get("after")
    if after is not None and after not in ids:
        raise invalid_payload(f"The file '{after}' of the parameter 'after' does not exist.")
    begin = 0 if after is None else ids.index(after) + 1
    return reply(
        {"object": "list", "data": [file_json(file) for file in found[begin : begin + _limit(query.get("limit"))]]}
    )


async def get_file(call: Call) -> web.Response:
    """Return a file."""
    return reply(file_json(files.get_file(call.service.account, call.part("file_id"))))


async def delete_file(call: Call) -> web.Response:
    """Remove a file."""
    file_id = call.part("file_id")
    files.delete_file(call.service.account, file_id)
    return reply({"id": file_id, "object": "file", "deleted": True})


async def get_file_content(call: Call) -> web.StreamResponse:
    """Return what a file holds."""
    record = files.get_file(call.service.account, call.part("file_id"))
    return web.FileResponse(record.path, chunk_size=_CHUNK, headers={"Content-Type": "application/octet-stream"})


def _keep(call: Call, filename: str, purpose: str, path: Path, origin: str, seconds: int | None) -> FileRecord:
    try:
        return files.add_file(call.service.account, filename, purpose, path, origin, seconds)
    except ServiceError:
        discard(path)
        raise


def _created(call: Call, record: FileRecord) -> web.Response:
    if call.v1:
        return reply(file_json(record))
    location = f"{call.origin}/openai/files/{record.id}?api-version={call.api_version}"
    return reply(file_json(record), 201, {"Location": location})


def _limit(text: str | None) -> int:
    if text is None:
        return _MOST_LISTED
    if not text.isdigit() or not 1 <= int(text) <= _MOST_LISTED:
        raise invalid_payload(f"limit must be between 1 and {_MOST_LISTED}.")
    return int(text)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _fetch(url: str, path: Path, most: int) -> None:
    """Copy a URL's content to a path; only from this machine, as an emulator has no business elsewhere."""
    if not url.startswith(("http://", "https://")) or not _is_loopback(url):
        raise ServiceError(400, "fileImportFailed", "This emulator imports files from loopback addresses only.")
    size = 0
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            response.raise_for_status()
            with path.open("wb") as content:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise ServiceError(413, "invalidPayload", f"The file exceeds the maximum size of {most} bytes.")
                    content.write(chunk)
    except (aiohttp.ClientError, TimeoutError, ServiceError) as error:
        discard(path)
        if isinstance(error, ServiceError):
            raise
        raise ServiceError(400, "fileImportFailed", "The content of content_url could not be read.") from error


def routes() -> list[Route]:
    """Return the routes of files on both surfaces."""
    v1 = [
        Route("POST", "/openai/v1/files", "create_file", create_file, "v1"),
        Route("GET", "/openai/v1/files", "list_files", list_files, "v1", "file"),
        Route("GET", "/openai/v1/files/{file_id}", "get_file", get_file, "v1", "file"),
        Route("DELETE", "/openai/v1/files/{file_id}", "delete_file", delete_file, "v1"),
        Route("GET", "/openai/v1/files/{file_id}/content", "get_file_content", get_file_content, "v1"),
    ]
    dated = [
        Route(route.method, route.path.replace("/v1", ""), route.operation, route.action, "dated", route.looks_at)
        for route in v1
    ]
    return [*v1, Route("POST", "/openai/files/import", "import_file", import_file, "dated"), *dated]
