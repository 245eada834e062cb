"""How a deployment answers: a tuned model with what it learned, a base model with one plain sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulators.azure_openai.model.corpus import Floats, Ints
from emulators.azure_openai.model.encodings import load_encoding
from emulators.azure_openai.model.ngram import NgramModel

_LONGEST_ANSWER = 1000  # tokens, when the request sets no limit
_REPEATED_CONTEXT = 5


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: temperature 0 takes the likeliest, top_p drops the least likely."""

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class Reply:
    """An answer, the tokens it took, and whether it ended by itself (`stop`) or was cut (`length`)."""

    text: str
    completion_tokens: int
    finish_reason: str


@dataclass(frozen=True)
class TunedModel:
    """An n-gram model with the weights by example that it was made of, so that training can go on from it."""

    model: NgramModel
    weights: Floats
    encoding: str

    def answer(self, prompt: str, sampling: Sampling) -> Reply:
        """Return an answer to a prompt, made of what followed in the training answers whose prompts are closest."""
        encoding = load_encoding(self.encoding)
        limit = sampling.max_tokens or _LONGEST_ANSWER
        tokens = self._generate(prompt, sampling, limit)
        ended = bool(tokens) and tokens[-1] == self.model.corpus.ending
        text = tokens[:-1] if ended else tokens
        return Reply(encoding.decode(text), len(text), "stop" if ended else "length")

    def _generate(self, prompt: str, sampling: Sampling, limit: int) -> list[int]:
        weights = self.model.weights * self.model.corpus.similarity(prompt)
        random = np.random.default_rng(sampling.seed)
        used: set[tuple[int, ...]] = set()
        tokens: list[int] = []
        while not tokens or tokens[-1] != self.model.corpus.ending:
            candidates, probability = self._candidates(tokens, weights, used)
            token = (
                self.model.corpus.ending if not len(candidates) else _choose(candidates, probability, sampling, random)
            )
            if len(tokens) == limit and token != self.model.corpus.ending:
                break
            tokens.append(token)
            used.add(tuple(tokens[-_REPEATED_CONTEXT - 1 :]))
        return tokens

    def _candidates(self, tokens: list[int], weights: Floats, used: set[tuple[int, ...]]) -> tuple[Ints, Floats]:
        candidates, probability = self.model.distribution(tokens, weights)
        # The same five tokens are never continued twice in the same way: without this a small model can go in circles.
        context = tokens[-_REPEATED_CONTEXT:]
        fresh = np.array([(*context, int(token)) not in used for token in candidates], dtype=np.bool_)
        return candidates[fresh], probability[fresh]


def base_answer(model: str, encoding_name: str, limit: int | None) -> Reply:
    """Return what a model says that was never tuned here: that it learned nothing, whatever it is asked."""
    encoding = load_encoding(encoding_name)
    text = f"I stand in for {model}, not tuned: I have learned from no examples, so I cannot answer this."
    tokens = encoding.encode_ordinary(text)
    if limit is None or len(tokens) <= limit:
        return Reply(text, len(tokens), "stop")
    return Reply(encoding.decode(tokens[:limit]), limit, "length")


def _choose(candidates: Ints, probability: Floats, sampling: Sampling, random: np.random.Generator) -> int:
    if sampling.temperature <= 0:
        return int(candidates[int(np.argmax(probability))])
    sharpened = np.log(probability) / sampling.temperature
    shares = np.exp(sharpened - sharpened.max())
    shares /= shares.sum()
    ranking = np.argsort(-shares, kind="stable")
    # The smallest set of tokens that holds top_p of the mass, never empty.
    kept = ranking[: int(np.searchsorted(np.cumsum(shares[ranking]), sampling.top_p)) + 1]
    return int(random.choice(candidates[kept], p=shares[kept] / shares[kept].sum()))


def cut_at_stop(reply: Reply, stops: Sequence[str], encoding_name: str) -> Reply:
    """Return a reply that ends before the first of the stop sequences it contains."""
    found = [place for place in (reply.text.find(stop) for stop in stops if stop) if place >= 0]
    if not found:
        return reply
    text = reply.text[: min(found)]
    return Reply(text, len(load_encoding(encoding_name).encode_ordinary(text)), "stop")
