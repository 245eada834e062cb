"""An interpolated n-gram model over a corpus: how likely each next token is, given what precedes it and the prompt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulators.azure_openai.model.corpus import ORDERS, Corpus, Floats, Ints, TokenizedAnswer

# How much must be learned of a context before it is trusted as far as its data allow, in sightings.
_TRUST_AFTER = 0.5
# Vocabularies are ranked roughly by frequency, so rank follows Zipf's law; the offset keeps the first ranks from
# taking all the mass.
_ZIPF_OFFSET = 50.0
_ENDING_RANK = 10  # every answer ends, so its end is among the commonest tokens


@dataclass(frozen=True)
class Score:
    """How well the model predicts a text: mean negative log-likelihood (nats) and share of first guesses, by token."""

    loss: float
    accuracy: float
    tokens: int


class NgramModel:
    """A corpus with how much of each answer has been learned; the same corpus serves every checkpoint."""

    def __init__(self, corpus: Corpus, weights: Floats) -> None:
        self.corpus = corpus
        self.weights = weights
        self._frequencies = corpus.frequencies(weights)
        self._total = float(self._frequencies.sum())
        self._kinds = int(np.count_nonzero(self._frequencies))
        self._zipf_mass = math.log((corpus.opening + _ZIPF_OFFSET) / _ZIPF_OFFSET)
        self._best_unlearned = 1.0 / (_ZIPF_OFFSET * self._zipf_mass)

    def is_untrained(self) -> bool:
        """Return whether nothing has been learned yet."""
        return self._total == 0

    def distribution(self, context: Sequence[int], weights: Floats, target: int | None = None) -> tuple[Ints, Floats]:
        """Return the tokens that have followed any part of the context (and the target), and each one's probability."""
        found = [self.corpus.followers(context, order) for order in ORDERS]
        extra = [] if target is None else [np.array([target], dtype=np.int64)]
        tokens = np.unique(np.concatenate([targets for _, targets in found] + extra))
        probability = self._without_context(tokens)
        for owners, targets in found:
            counts = np.bincount(np.searchsorted(tokens, targets), weights[owners], minlength=len(tokens))
            probability = _interpolate(counts, float(counts.sum()), len(targets), probability)
        return tokens, probability

    def score(self, answer: TokenizedAnswer, limit: int) -> Score:
        """Return how well the first `limit` tokens of an answer are predicted."""
        weights = self.weights * self.corpus.similarity(answer.prompt)
        sequence = self.corpus.sequence(answer)[:limit]
        loss, right = 0.0, 0
        for position, target in enumerate(sequence):
            context = sequence[max(0, position - ORDERS[-1]) : position]
            tokens, probability = self.distribution(context, weights, target)
            loss -= math.log(probability[np.searchsorted(tokens, target)])
            best = int(np.argmax(probability))
            # The likeliest token of all may be one that never followed: the commonest of the vocabulary.
            right += int(tokens[best] == target and probability[best] > self._best_unlearned)
        return Score(loss / len(sequence), right / len(sequence), len(sequence))

    def _without_context(self, tokens: Ints) -> Floats:
        ranks = np.where(tokens == self.corpus.ending, _ENDING_RANK, tokens)
        zipf = 1.0 / ((ranks + _ZIPF_OFFSET) * self._zipf_mass)
        places = np.minimum(np.searchsorted(self.corpus.distinct, tokens), len(self.corpus.distinct) - 1)
        known = self.corpus.distinct[places] == tokens
        counts = np.where(known, self._frequencies[places], 0.0)
        return _interpolate(counts, self._total, self.corpus.size, zipf, self._kinds)


def _interpolate(counts: Floats, total: float, seen: int, shorter: Floats, kinds: int | None = None) -> Floats:
    """Return the mixture of a context's own counts and what the shorter context says (Witten-Bell).

    A context after which many different tokens were seen will bring new ones too; one that always went on in the same
    way can be trusted. Repeating the data raises trust only up to that bound, so that the model does not grow certain
    of what it saw in one example ten times over.
    """
    if total == 0:
        return shorter
    different = int(np.count_nonzero(counts)) if kinds is None else kinds
    trust = seen / (seen + different) * total / (total + _TRUST_AFTER)
    return trust * counts / total + (1 - trust) * shorter


def mean_score(scores: Sequence[Score]) -> Score:
    """Return the mean of several scores, each counted by its tokens."""
    tokens = sum(score.tokens for score in scores)
    loss = sum(score.loss * score.tokens for score in scores) / tokens
    accuracy = sum(score.accuracy * score.tokens for score in scores) / tokens
    return Score(loss, accuracy, tokens)
