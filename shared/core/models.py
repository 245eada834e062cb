"""Facts per base model that validation needs: its encoding and the longest training example.

Models and versions: the Azure OpenAI documentation, fine-tune-supported-models (October 2026). Tokens per training
example: its older table of models for fine-tuning (2025 to 2026; gpt-35-turbo as before its retirement; nothing is
published for gpt-4-0613). Encodings: model.py of tiktoken 0.14.0.
"""

import re
from typing import Literal

from msgspec import Struct

Encoding = Literal["o200k_base", "cl100k_base"]

# Of a model that is not in the table, this is assumed: every model since gpt-4o has it.
FALLBACK_ENCODING: Encoding = "o200k_base"


class ModelFacts(Struct, frozen=True, kw_only=True):
    """What is known of a base model; `example_tokens` is the longest training example, 0 where none is published.

    `has_vision` tells whether the documentation of vision fine-tuning names the model.
    """

    version: str
    encoding: Encoding
    example_tokens: int
    has_vision: bool = False


# By family: the name without a version, which Azure's users write for the version that can be trained.
MODELS: dict[str, ModelFacts] = {
    "gpt-4o": ModelFacts(version="2024-08-06", encoding="o200k_base", example_tokens=65_536, has_vision=True),
    "gpt-4o-mini": ModelFacts(version="2024-07-18", encoding="o200k_base", example_tokens=65_536),
    "gpt-4.1": ModelFacts(version="2025-04-14", encoding="o200k_base", example_tokens=65_536, has_vision=True),
    "gpt-4.1-mini": ModelFacts(version="2025-04-14", encoding="o200k_base", example_tokens=65_536),
    "gpt-4.1-nano": ModelFacts(version="2025-04-14", encoding="o200k_base", example_tokens=32_768),
    "gpt-4": ModelFacts(version="0613", encoding="cl100k_base", example_tokens=0),
    "gpt-35-turbo": ModelFacts(version="0125", encoding="cl100k_base", example_tokens=16_385),
}

_VERSION = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})\Z")


def canonical_model(name: str) -> str:
    """Return a base model's name with its version (gpt-4.1 → gpt-4.1-2025-04-14); any other name as it is."""
    family, lowered = family_of(name), name.casefold()
    if family is None or ".ft-" in lowered:
        return name
    return f"{family}-{MODELS[family].version}" if lowered == family else lowered


def facts_for(name: str) -> ModelFacts | None:
    """Return what is known of a model by its alias, version or fine-tuned name; None when nothing is."""
    family = family_of(name)
    return MODELS[family] if family else None


def family_of(name: str) -> str | None:
    """Return the family of a model, its name without the version and what fine-tuning added; None if unknown."""
    base = name.casefold().partition(".ft-")[0]
    family = _VERSION.sub("", base)
    return family if family in MODELS else None
