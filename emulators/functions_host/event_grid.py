"""Serves the blob extension's webhook, /runtime/webhooks/blobs, which Event Grid posts events to."""

import json

from aiohttp import web

from emulators.functions_host.blobs import BlobTriggers

PATH = "/runtime/webhooks/blobs"
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


class EventGridWebhook:
    """Answers the validation handshake and hands BlobCreated events to the function that the query names."""

    def __init__(self, blobs: BlobTriggers) -> None:
        self._blobs = blobs

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one post; it is accepted only after the events are dealt with, so that a crash loses none."""
        if request.method == "OPTIONS":  # the handshake of the CloudEvents schema
            origin = request.headers.get("WebHook-Request-Origin", "*")
            return web.Response(headers={"WebHook-Allowed-Origin": origin})
        if request.method != "POST":
            return web.Response(status=405)
        function = request.query.get("functionName", "").removeprefix("Host.Functions.")
        try:
            posted = json.loads(await request.text())
            for event in posted if isinstance(posted, list) else [posted]:
                if event.get("eventType") == _VALIDATION:
                    return web.json_response({"validationResponse": event["data"]["validationCode"]})
                await self._blobs.accept_event(function, event)
        except (json.JSONDecodeError, KeyError, AttributeError):
            return web.Response(status=400, text="not an Event Grid event")
        except LookupError as error:
            return web.Response(status=404, text=str(error))
        return web.Response(status=202)
