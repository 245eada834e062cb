"""The list of models, on both surfaces."""

from aiohttp import web

from emulators.azure_openai.errors import not_found
from emulators.azure_openai.routes.serving import Call, Route, reply
from emulators.azure_openai.wire.data_plane import model_list


async def list_models(call: Call) -> web.Response:
    """List base models and the account's own."""
    return reply({"object": "list", "data": _models(call)})


async def get_model(call: Call) -> web.Response:
    """Return one model."""
    name = call.part("model")
    for model in _models(call):
        if model["id"] == name:
            return reply(model)
    raise not_found("model", name)


def _models(call: Call) -> list[dict[str, object]]:
    own = {model.name: model for model in call.service.account.models.values()}
    return model_list(list(own.values()), v1=call.v1)


def routes() -> list[Route]:
    """Return the routes of models."""
    return [
        Route("GET", "/openai/v1/models", "list_models", list_models, "v1", "job"),
        Route("GET", "/openai/v1/models/{model}", "get_model", get_model, "v1", "job"),
        Route("GET", "/openai/models", "list_models", list_models, "dated", "job"),
        Route("GET", "/openai/models/{model}", "get_model", get_model, "dated", "job"),
    ]
