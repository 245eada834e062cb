"""One training: reads the files, counts what is billed, fits the model step by step and keeps the metrics."""

import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emulators.azure_openai.model.answering import TunedModel
from emulators.azure_openai.model.corpus import Corpus, Floats, Ints, TokenizedAnswer
from emulators.azure_openai.model.encodings import load_encoding
from emulators.azure_openai.model.examples import TokenCounter, answers_of, conversation_of, read_examples
from emulators.azure_openai.model.ngram import NgramModel, Score, mean_score

# What bounds memory and time: a file of any size is fitted on an evenly spread sample, and only counted beyond it.
_FITTED_EXAMPLES = 2000
_FITTED_TOKENS = 200_000
_VALIDATION_EXAMPLES = 50
_SCORED_TOKENS = 128  # of each answer that a metric looks at
_SCORED_PER_STEP = 4
_METRICS_EVERY = 10  # steps, as the service reports
_MOST_METRICS = 500  # beyond, metrics become rarer by a multiple of ten
# OpenAI's cookbook (Chat_finetuning_data_prep): the rule by which the default number of epochs is estimated.
_TARGET_EPOCHS, _FEWEST_SEEN, _MOST_SEEN, _MOST_EPOCHS = 3, 100, 25_000, 25
_BATCH_SHARE = 0.002  # the documented default batch size: about 0.2 % of the training set


class TrainingAbandonedError(Exception):
    """Nobody wants the model of this training any more."""


@dataclass(frozen=True)
class TrainingRequest:
    """All that a training depends on: the same request gives the same model."""

    training_file: Path
    n_examples: int
    validation_file: Path | None
    n_validation_examples: int
    method: str
    encoding: str
    tokens_per_example: int
    n_epochs: int | None
    batch_size: int | None
    learning_rate_multiplier: float
    seed: int
    parent: TunedModel | None = None
    # Set by whoever no longer wants the model, so that the thread is not busy for a minute with a big file.
    abandoned: threading.Event = field(default_factory=threading.Event, compare=False)

    def check(self) -> None:
        """Stop here if the training was given up.

        Raises:
            TrainingAbandonedError: it was.
        """
        if self.abandoned.is_set():
            raise TrainingAbandonedError


@dataclass(frozen=True)
class Metrics:
    """What is known of the model at one step; the validation part is missing when there is no validation file."""

    step: int
    train: Score
    valid: Score | None = None
    full_valid: Score | None = None


@dataclass(frozen=True)
class Course:
    """In which order examples are seen, and what a sighting adds: enough to know the weights at any step."""

    n_epochs: int
    batch_size: int
    order: Ints  # one row per epoch: the numbers of the fitted examples, as they come
    gain: float
    initial: Floats  # what earlier trainings left, by example

    @property
    def steps_per_epoch(self) -> int:
        """Return how many batches an epoch has; the last one may be short."""
        return math.ceil(self.order.shape[1] / self.batch_size)

    @property
    def steps(self) -> int:
        """Return the number of steps of the whole training."""
        return self.n_epochs * self.steps_per_epoch

    def batch(self, step: int) -> Ints:
        """Return the examples of a step, counted from 1."""
        epoch, place = divmod(step - 1, self.steps_per_epoch)
        return self.order[epoch, place * self.batch_size : (place + 1) * self.batch_size]

    def weights_after(self, step: int) -> Floats:
        """Return how much of each example has been learned when a step is done."""
        epochs, steps = divmod(step, self.steps_per_epoch)
        seen = self.order[:epochs].ravel()
        if steps:
            seen = np.concatenate([seen, self.order[epochs, : steps * self.batch_size]])
        return self.initial + self.gain * np.bincount(seen, minlength=len(self.initial))


@dataclass(frozen=True)
class TrainingResult:
    """A finished training: the metrics of its steps, its bill, and the model as it was after any step."""

    trained_tokens: int
    course: Course
    metrics: list[Metrics]
    corpus: Corpus
    encoding: str

    def model_after(self, step: int) -> TunedModel:
        """Return the model as it was when a step was done."""
        weights = self.course.weights_after(step)
        return TunedModel(NgramModel(self.corpus, weights[self.corpus.example_of]), weights, self.encoding)


@dataclass
class _Material:
    answers: list[TokenizedAnswer] = field(default_factory=list)
    billed_tokens: int = 0


def automatic_epochs(n_examples: int) -> int:
    """Return the default number of epochs by the rule of OpenAI's cookbook (Azure publishes none)."""
    if n_examples * _TARGET_EPOCHS < _FEWEST_SEEN:
        return min(_MOST_EPOCHS, _FEWEST_SEEN // n_examples)
    if n_examples * _TARGET_EPOCHS > _MOST_SEEN:
        return max(1, _MOST_SEEN // n_examples)
    return _TARGET_EPOCHS


def automatic_batch_size(n_examples: int) -> int:
    """Return the default batch size: about 0.2 % of the examples, at least 1, at most 256."""
    return min(256, max(1, round(n_examples * _BATCH_SHARE)))


def train(request: TrainingRequest) -> TrainingResult:
    """Fit a model to the files of a request and return it with its metrics.

    Raises:
        InvalidExampleError: a line of a file does not fit the method.
        TrainingAbandonedError: the training was given up.
    """
    counter = TokenCounter(load_encoding(request.encoding))
    inherited = request.parent.model.corpus.answers if request.parent else []
    first = len(request.parent.weights) if request.parent else 0
    material = _read(request, request.training_file, request.n_examples, _FITTED_EXAMPLES, first, counter)
    corpus = Corpus([*inherited, *material.answers], counter.encoding.n_vocab)
    course = _plan(request, first)
    validation = _validation_answers(request, counter)
    metrics = list(_measure(request, course, corpus, validation))
    return TrainingResult(material.billed_tokens * course.n_epochs, course, metrics, corpus, request.encoding)


def _read(
    request: TrainingRequest, path: Path, n_examples: int, most: int, first: int, counter: TokenCounter
) -> _Material:
    material = _Material()
    sampled = min(most, n_examples)
    room = _FITTED_TOKENS // sampled if sampled == most else _FITTED_TOKENS // max(1, n_examples)
    for place, (number, example) in enumerate(read_examples(path)):
        request.check()
        messages = conversation_of(number, example, request.method)
        material.billed_tokens += min(counter.messages(messages), request.tokens_per_example)
        sample = _sample_number(place, n_examples, sampled)
        if sample != _sample_number(place - 1, n_examples, sampled):
            for answer in answers_of(messages):
                tokens = counter.encoding.encode_ordinary(answer.text)
                answered = TokenizedAnswer(answer.prompt, tokens[:room], first + sample, len(tokens) <= room)
                material.answers.append(answered)
    return material


def _sample_number(place: int, n_examples: int, sampled: int) -> int:
    """Return which example of the sample stands for the example at a place: they are spread evenly."""
    return place * sampled // n_examples


def _plan(request: TrainingRequest, first: int) -> Course:
    n_epochs = request.n_epochs or automatic_epochs(request.n_examples)
    batch_size = min(request.batch_size or automatic_batch_size(request.n_examples), request.n_examples)
    sampled = min(_FITTED_EXAMPLES, request.n_examples)
    random = np.random.default_rng(request.seed)
    orders = [random.permutation(request.n_examples) * sampled // request.n_examples for _ in range(n_epochs)]
    # A step moves the weights by the mean of its batch, so an example tells less in a bigger batch; the square root is
    # the usual compromise between a fixed step and a step that grows with the batch. When one example of a sample
    # stands for many, all of them together count as one.
    gain = request.learning_rate_multiplier / math.sqrt(batch_size) * sampled / request.n_examples
    known = request.parent.weights if request.parent else np.zeros(0)
    return Course(n_epochs, batch_size, np.array(orders) + first, gain, np.concatenate([known, np.zeros(sampled)]))


def _validation_answers(request: TrainingRequest, counter: TokenCounter) -> list[TokenizedAnswer]:
    if request.validation_file is None:
        return []
    path, n_examples = request.validation_file, request.n_validation_examples
    return _read(request, path, n_examples, _VALIDATION_EXAMPLES, 0, counter).answers


def _measure(
    request: TrainingRequest, course: Course, corpus: Corpus, validation: Sequence[TokenizedAnswer]
) -> Iterator[Metrics]:
    by_example: dict[int, list[TokenizedAnswer]] = {}
    for answer in corpus.answers:
        by_example.setdefault(answer.example, []).append(answer)
    cursor = itertools.cycle(validation)
    for step in _reported_steps(course):
        request.check()
        # A batch's loss is that of the model which has not seen the batch yet.
        before = NgramModel(corpus, course.weights_after(step - 1)[corpus.example_of])
        batch = [answer for example in course.batch(step) for answer in by_example.get(int(example), [])]
        train_score = _score(before, batch[:_SCORED_PER_STEP])
        few = list(itertools.islice(cursor, min(_SCORED_PER_STEP, course.batch_size))) if validation else []
        ends_epoch = step % course.steps_per_epoch == 0
        after = NgramModel(corpus, course.weights_after(step)[corpus.example_of]) if ends_epoch else before
        yield Metrics(
            step,
            train_score or Score(0.0, 1.0, 0),
            _score(before, few),
            _score(after, validation) if ends_epoch else None,
        )


def _reported_steps(course: Course) -> list[int]:
    every = _METRICS_EVERY * math.ceil(course.steps / _METRICS_EVERY / _MOST_METRICS)
    epoch_ends = range(course.steps_per_epoch, course.steps + 1, course.steps_per_epoch)
    return sorted({1, course.steps, *range(every, course.steps + 1, every), *epoch_ends})


def _score(model: NgramModel, answers: Sequence[TokenizedAnswer]) -> Score | None:
    scores = [model.score(answer, _SCORED_TOKENS) for answer in answers]
    return mean_score(scores) if scores else None
