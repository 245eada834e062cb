"""Chat completions of emulated deployments through the real openai package."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from emulators.azure_openai.config import BaseDeployment, EmulatorConfig
from emulators.azure_openai.server import AzureOpenAIEmulator

BASE_ANSWER = (
    "I stand in for gpt-4o-mini-2024-07-18, not tuned: I have learned from no examples, so I cannot answer this."
)


@pytest.fixture
def client() -> Iterator[OpenAI]:
    """Return a client of an account with one deployment that allows two requests in ten seconds."""
    config = EmulatorConfig(
        base_deployments=(BaseDeployment("small", "gpt-4o-mini", capacity=2),), enforce_rate_limits=True
    )
    with (
        AzureOpenAIEmulator(config) as emulator,
        OpenAI(base_url=f"{emulator.url}/openai/v1/", api_key=emulator.api_key, max_retries=0) as client,
    ):
        yield client


def test_a_base_deployment_says_what_it_is(client: OpenAI) -> None:
    """A base deployment answers plainly, with usage, model and annotations."""
    completion = client.chat.completions.create(model="small", messages=[{"role": "user", "content": "Hi there"}])
    assert completion.choices[0].message.content == BASE_ANSWER
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "gpt-4o-mini-2024-07-18"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 3 + 1 + 2 + 3
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion.model_extra is not None
    assert completion.model_extra["prompt_filter_results"][0]["content_filter_results"]["hate"]["filtered"] is False


def test_an_answer_that_is_cut_says_length(client: OpenAI) -> None:
    """The limit of tokens cuts the answer."""
    completion = client.chat.completions.create(
        model="small", messages=[{"role": "user", "content": "Hi"}], max_completion_tokens=3
    )
    assert completion.choices[0].finish_reason == "length"
    assert completion.choices[0].message.content == "I stand in"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3


def test_a_filtered_prompt_is_refused_in_the_recorded_form(client: OpenAI) -> None:
    """A prompt with the marker gives the recorded content filter error."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="small", messages=[{"role": "user", "content": "Say EMULATED-CONTENT-FILTER"}]
        )
    assert caught.value.code == "content_filter"
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


def test_too_many_requests_are_told_when_to_come_back(client: OpenAI) -> None:
    """The third request within ten seconds is refused, with the service's headers."""
    for _ in range(2):
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": "Hi"}])
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": "Hi"}])
    headers = caught.value.response.headers
    assert 1 <= int(headers["retry-after"]) <= 10
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert "have exceeded call rate limit" in caught.value.message


def test_too_many_tokens_are_refused_before_they_are_made(client: OpenAI) -> None:
    """The tokens asked for count against the limit, whether or not they would have been needed."""
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": "Hi"}], max_tokens=2001)
    assert "have exceeded token rate limit" in caught.value.message


def test_a_missing_deployment_is_told_in_the_recorded_words(client: OpenAI) -> None:
    """An unknown name gives DeploymentNotFound."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="none", messages=[{"role": "user", "content": "Hi"}])
    assert caught.value.code == "DeploymentNotFound"


def test_a_conversation_without_messages_is_refused(client: OpenAI) -> None:
    """Messages are required."""
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="small", messages=[])
