"""Chat completions as the service writes them, with the annotations of its content filter."""

import uuid
from collections.abc import Sequence
from typing import Any

from emulators.azure_openai.model.answering import Reply

_CATEGORIES = ("hate", "self_harm", "sexual", "violence")


def completion_json(model: str, replies: Sequence[Reply], prompt_tokens: int, created: int) -> dict[str, Any]:
    """Return a chat completion; nothing in it was filtered."""
    completion_tokens = sum(reply.completion_tokens for reply in replies)
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [_choice(index, reply) for index, reply in enumerate(replies)],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "system_fingerprint": "fp_emulated",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _prompt_results()}],
    }


def _choice(index: int, reply: Reply) -> dict[str, Any]:
    return {
        "index": index,
        "finish_reason": reply.finish_reason,
        "logprobs": None,
        "message": {"role": "assistant", "content": reply.text, "refusal": None},
        "content_filter_results": _safe(),
    }


def _safe() -> dict[str, Any]:
    return {category: {"filtered": False, "severity": "safe"} for category in _CATEGORIES}


def _prompt_results() -> dict[str, Any]:
    return {**_safe(), "jailbreak": {"filtered": False, "detected": False}}
