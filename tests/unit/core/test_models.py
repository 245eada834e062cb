"""Base models: names, encodings and the longest example."""

import pytest

from shared.core.models import canonical_model, facts_for


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1", "gpt-4.1-2025-04-14"),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"),
        ("gpt-35-turbo", "gpt-35-turbo-0125"),
        ("GPT-4.1", "gpt-4.1-2025-04-14"),
        ("GPT-4o-2024-08-06", "gpt-4o-2024-08-06"),
    ],
)
def test_an_alias_becomes_the_version_that_can_be_trained(name: str, canonical: str) -> None:
    """A model without a version gets the one that can be trained, in Azure's spelling."""
    assert canonical_model(name) == canonical


@pytest.mark.parametrize(
    "name",
    ["gpt-4o-2024-11-20", "gpt-35-turbo-1106", "Llama-3.3-70B", "", "gpt-4.1-2025-04-14.ft-0a1B-clippy", "gpt-4o.ft-1"],
)
def test_other_names_stay_as_they_are(name: str) -> None:
    """A version, an unknown model and a fine-tuned model keep their names."""
    assert canonical_model(name) == name


@pytest.mark.parametrize(
    ("name", "encoding", "example_tokens"),
    [
        ("gpt-4o-mini", "o200k_base", 65_536),
        ("gpt-4o-2024-11-20", "o200k_base", 65_536),
        ("gpt-4.1-mini-2025-04-14", "o200k_base", 65_536),
        ("gpt-4.1-nano", "o200k_base", 32_768),
        ("gpt-4-0613", "cl100k_base", 0),
        ("gpt-35-turbo-1106", "cl100k_base", 16_385),
        ("gpt-4.1-nano-2025-04-14.ft-90f2f57b-clippy", "o200k_base", 32_768),
        ("GPT-35-Turbo-0125.FT-1", "cl100k_base", 16_385),
    ],
)
def test_facts_by_any_name(name: str, encoding: str, example_tokens: int) -> None:
    """Alias, version and fine-tuned name lead to the same facts."""
    facts = facts_for(name)
    assert facts is not None
    assert (facts.encoding, facts.example_tokens) == (encoding, example_tokens)


@pytest.mark.parametrize(
    "name", ["", "gpt-5", "gpt-4o-minimal", "xgpt-4o", "gpt-4o-2024-08-06\n", "Llama-3.3-70B.ft-1"]
)
def test_an_unknown_model_has_no_facts(name: str) -> None:
    """Nothing is guessed of a model that is not in the table."""
    assert facts_for(name) is None
