"""Chat completions: a deployment answers, with the service's checks before and its annotations after."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from emulators.azure_openai import errors
from emulators.azure_openai.errors import ServiceError
from emulators.azure_openai.model.answering import Reply, Sampling, base_answer, cut_at_stop
from emulators.azure_openai.model.encodings import encoding_name_for, load_encoding
from emulators.azure_openai.model.examples import TokenCounter, prompt_of
from emulators.azure_openai.routes.serving import Call, Route, reply
from emulators.azure_openai.state.records import DeploymentRecord
from emulators.azure_openai.state.throttle import ask
from emulators.azure_openai.wire.chat import completion_json
from emulators.azure_openai.wire.data_plane import seconds

_MOST_CHOICES = 128
_MOST_STOPS = 4


@dataclass(frozen=True)
class ChatRequest:
    """What is asked of a deployment."""

    messages: list[dict[str, Any]]
    sampling: Sampling
    choices: int
    stops: list[str]


async def create_completion(call: Call) -> web.Response:
    """Answer a conversation."""
    body = await call.body()
    name = body.get("model") if call.v1 else call.part("deployment")
    deployment = _serving(call, name)
    request = _read(body)
    encoding = encoding_name_for(deployment.base.full_name)
    prompt_tokens = await asyncio.to_thread(TokenCounter(load_encoding(encoding)).messages, request.messages)
    at = call.service.account.now()
    deployment.last_used_at = at
    headers = _throttle(call, deployment, prompt_tokens + (request.sampling.max_tokens or 0))
    prompt = prompt_of(request.messages)
    if call.service.config.content_filter_marker in prompt:
        raise errors.prompt_filtered()
    replies = await asyncio.to_thread(_replies, deployment, encoding, prompt, request)
    model = deployment.model_name if deployment.tuned else deployment.base.full_name
    return reply(completion_json(model, replies, prompt_tokens, seconds(at)), headers=headers)


def _serving(call: Call, name: Any) -> DeploymentRecord:
    account = call.service.account
    record = account.deployments.get(name.casefold()) if isinstance(name, str) else None
    if record is None or record.serving_from is None or account.now() < record.serving_from:
        raise errors.deployment_not_found()
    if record.paused:
        raise ServiceError(423, "Locked", f"The deployment '{record.name}' is paused.")
    return record


def _throttle(call: Call, deployment: DeploymentRecord, tokens: int) -> dict[str, str]:
    if not call.service.config.enforce_rate_limits:
        return {}
    allowance = ask(deployment, call.service.account.now(), tokens)
    if allowance.refused:
        raise errors.rate_limited(call.api_version, allowance.refused, allowance.reset_seconds, allowance.headers())
    return allowance.headers()


def _replies(deployment: DeploymentRecord, encoding: str, prompt: str, request: ChatRequest) -> list[Reply]:
    found = []
    for choice in range(request.choices):
        if deployment.tuned is None:
            answer = base_answer(deployment.base.full_name, encoding, request.sampling.max_tokens)
        else:
            seed = request.sampling.seed
            sampling = replace(request.sampling, seed=None if seed is None else seed + choice)
            answer = deployment.tuned.answer(prompt, sampling)
        found.append(cut_at_stop(answer, request.stops, encoding))
    return found


def _read(body: dict[str, Any]) -> ChatRequest:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(_is_message(message) for message in messages):
        raise _invalid("messages", "is missing or has a message without role and content")
    if body.get("stream"):
        raise _invalid("stream", "is not supported by this emulator")
    limits = [_number(body, name, 1, 1 << 20) for name in ("max_completion_tokens", "max_tokens")]
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or len(stops) > _MOST_STOPS or not all(isinstance(text, str) for text in stops):
        raise _invalid("stop", f"must be a text or up to {_MOST_STOPS} texts")
    chosen = [limit for limit in limits if limit is not None]
    temperature, top_p, seed = _number(body, "temperature", 0, 2), _number(body, "top_p", 0, 1), body.get("seed")
    sampling = Sampling(
        temperature=1.0 if temperature is None else temperature,
        top_p=1.0 if top_p is None else top_p,
        seed=abs(seed) if isinstance(seed, int) else None,
        max_tokens=int(chosen[0]) if chosen else None,
    )
    return ChatRequest(messages, sampling, int(_number(body, "n", 1, _MOST_CHOICES) or 1), stops)


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and isinstance(message.get("role"), str) and "content" in message


def _number(body: dict[str, Any], name: str, least: float, most: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _invalid(name, f"must be a number from {least} to {most}")
    return value


def _invalid(name: str, problem: str) -> ServiceError:
    extra = {"type": "invalid_request_error", "param": name}
    return ServiceError(400, "invalid_value", f"Invalid request: '{name}' {problem}.", extra=extra)


def routes() -> list[Route]:
    """Return the routes of chat completions."""
    return [
        Route("POST", "/openai/v1/chat/completions", "chat_completion", create_completion, "v1"),
        Route(
            "POST",
            "/openai/deployments/{deployment}/chat/completions",
            "chat_completion",
            create_completion,
            "dated",
        ),
    ]
