"""Files in parts; only on the dated API."""

import asyncio

from aiohttp import web

from emulators.azure_openai.errors import invalid_payload
from emulators.azure_openai.routes.multipart import read_form
from emulators.azure_openai.routes.serving import Call, Route, reply
from emulators.azure_openai.state import uploads
from emulators.azure_openai.wire.data_plane import part_json, upload_json


async def create_upload(call: Call) -> web.Response:
    """Open an upload."""
    body = await call.body()
    filename, purpose, size = (body.get(name) for name in ("filename", "purpose", "bytes"))
    named = isinstance(filename, str) and isinstance(purpose, str) and isinstance(body.get("mime_type"), str)
    if not named or isinstance(size, bool) or not isinstance(size, int):
        raise invalid_payload("The uploadFileStartBody field is required.")
    record = uploads.create_upload(call.service.account, str(filename), str(purpose), size)
    location = f"{call.origin}/openai/uploads/{record.id}?api-version={call.api_version}"
    return reply(upload_json(record), headers={"Location": location})


async def add_upload_part(call: Call) -> web.Response:
    """Take a part."""
    account, upload_id = call.service.account, call.part("upload_id")
    upload = uploads.pending_upload(account, upload_id, "continued")
    form = await read_form(call.request, "data", account.new_path(), upload.bytes)
    part_id = uploads.add_part(account, upload_id, form.content)
    return reply(part_json(part_id, upload_id, account.now()))


async def complete_upload(call: Call) -> web.Response:
    """Join the parts to a file."""
    body = await call.body()
    part_ids, md5 = body.get("part_ids"), body.get("md5")
    if not isinstance(part_ids, list) or not isinstance(md5, str | None):
        raise invalid_payload("The uploadFileCompleteBody field is required.")
    account = call.service.account
    record = uploads.pending_upload(account, call.part("upload_id"), "completed")
    parts, joined = uploads.check_parts(record, part_ids), account.new_path()
    await asyncio.to_thread(uploads.join, parts, joined, md5)
    uploads.complete_upload(account, record, joined)
    return reply(upload_json(record))


async def cancel_upload(call: Call) -> web.Response:
    """Give an upload up."""
    return reply(upload_json(uploads.cancel_upload(call.service.account, call.part("upload_id"))))


def routes() -> list[Route]:
    """Return the routes of uploads."""
    return [
        Route("POST", "/openai/uploads", "create_upload", create_upload, "dated"),
        Route("POST", "/openai/uploads/{upload_id}/parts", "add_upload_part", add_upload_part, "dated"),
        Route("POST", "/openai/uploads/{upload_id}/complete", "complete_upload", complete_upload, "dated"),
        Route("POST", "/openai/uploads/{upload_id}/cancel", "cancel_upload", cancel_upload, "dated"),
    ]
