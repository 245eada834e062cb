"""Answers indexed by what precedes each of their tokens, so that n-grams can be counted with any weights."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# How many preceding tokens are looked at. Five tokens span about four words: enough to keep a phrase together;
# the shorter ones let the model join what it learned from different examples.
ORDERS = (1, 2, 3, 5)
_LONGEST = max(ORDERS)
_HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_PROMPT_FEATURES = 1024
_PROMPT_SHARPNESS = 6.0  # an example with nothing in common weighs e^-6 of one with the same prompt
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class TokenizedAnswer:
    """An answer's tokens, the prompt it answers, and the number of the example it comes from."""

    prompt: str
    tokens: Sequence[int]
    example: int
    complete: bool = True  # a text that was cut does not teach where answers end


class Corpus:
    """All answers that a model was fitted to; the weights say how much of each has been learned."""

    def __init__(self, answers: Sequence[TokenizedAnswer], vocabulary: int) -> None:
        self.answers = list(answers)
        self.opening = vocabulary  # stands before every answer
        self.ending = vocabulary + 1
        self.example_of: Ints = np.array([answer.example for answer in self.answers], dtype=np.int64)
        flat, owners, is_target = self._flatten()
        targets, owner_of = flat[is_target], owners[is_target]
        self._sorted = {order: self._sort(flat, is_target, targets, owner_of, order) for order in ORDERS}
        self.distinct, places = np.unique(targets, return_inverse=True)
        self.size = len(targets)
        self._places, self._owner_of = places, owner_of
        self._inverse_frequency = self._inverse_frequencies()
        self._prompts = np.array([self._features(answer.prompt) for answer in self.answers])

    def sequence(self, answer: TokenizedAnswer) -> list[int]:
        """Return what there is to predict of an answer: its tokens and, when it was not cut, its end."""
        return [*answer.tokens, *([self.ending] if answer.complete else [])]

    def followers(self, context: Sequence[int], order: int) -> tuple[Ints, Ints]:
        """Return the answers that hold the last `order` tokens of the context, and the token that follows there."""
        keys, owners, targets = self._sorted[order]
        padded = [self.opening] * (order - len(context)) + list(context[-order:])
        key = _hash(np.array([padded], dtype=np.uint64).T)[0]
        first, last = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        return owners[first:last], targets[first:last]

    def frequencies(self, weights: Floats) -> Floats:
        """Return how often each distinct token occurs when answers count by these weights."""
        return np.bincount(self._places, weights[self._owner_of], minlength=len(self.distinct))

    def similarity(self, prompt: str) -> Floats:
        """Return for every answer how close its prompt is to this one, as a factor of at most 1 for the closest."""
        closeness = self._prompts @ self._features(prompt)
        return np.exp(_PROMPT_SHARPNESS * (closeness - closeness.max()))

    def _flatten(self) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
        flat: list[int] = []
        owners: list[int] = []
        is_target: list[bool] = []
        for number, answer in enumerate(self.answers):
            sequence = self.sequence(answer)
            flat += [self.opening] * _LONGEST + sequence
            owners += [number] * (_LONGEST + len(sequence))
            is_target += [False] * _LONGEST + [True] * len(sequence)
        return np.array(flat, dtype=np.int64), np.array(owners, dtype=np.int64), np.array(is_target, dtype=np.bool_)

    @staticmethod
    def _sort(
        flat: Ints, is_target: npt.NDArray[np.bool_], targets: Ints, owners: Ints, order: int
    ) -> tuple[npt.NDArray[np.uint64], Ints, Ints]:
        preceding = [np.roll(flat, distance)[is_target].astype(np.uint64) for distance in range(order, 0, -1)]
        keys = _hash(np.array(preceding))
        ranking = np.argsort(keys, kind="stable")
        return keys[ranking], owners[ranking], targets[ranking]

    def _inverse_frequencies(self) -> Floats:
        prompts = [set(_feature_numbers(answer.prompt)) for answer in self.answers]
        occurrences = np.zeros(_PROMPT_FEATURES)
        for prompt in prompts:
            occurrences[list(prompt)] += 1
        # A word of every prompt, such as those of a common system message, tells nothing apart: it gets 0.
        return np.log((len(prompts) + 1) / (occurrences + 1))

    def _features(self, prompt: str) -> Floats:
        counts = np.bincount(_feature_numbers(prompt), minlength=_PROMPT_FEATURES) * self._inverse_frequency
        length = np.linalg.norm(counts)
        return counts / length if length else counts


def _hash(columns: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return one number per column of tokens; 64 bits make a collision among 10^6 contexts a one-in-10^7 affair."""
    key = np.zeros(columns.shape[1], dtype=np.uint64)
    with np.errstate(over="ignore"):  # wrapping around is what a hash does
        for row in columns:
            key = (key ^ (row + np.uint64(1))) * _HASH_FACTOR
            key ^= key >> np.uint64(29)
    return key


def _feature_numbers(prompt: str) -> Ints:
    words = (zlib.crc32(word.encode(errors="replace")) for word in _WORD.findall(prompt.lower()))
    return np.fromiter((word % _PROMPT_FEATURES for word in words), dtype=np.int64)
