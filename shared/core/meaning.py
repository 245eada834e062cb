"""Checks what examples mean rather than how they are written: repetitions, contradictions, secrets, mixtures."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from shared.core.checks import kind_of
from shared.core.comparison import TAG_BYTES, Known, identity_of
from shared.core.examples import Example
from shared.core.formats_images import count_images
from shared.core.issues import Finding, IssueLog
from shared.core.plans import Method
from shared.core.secrets_found import count_email_addresses, count_phone_numbers, secrets_in, texts_of
from shared.core.service_limits import MAX_IMAGE_EXAMPLES
from shared.core.validation import SplitName, SplitStatistics

# No vocabulary has a longer token of ordinary text, apart from runs of spaces and punctuation.
_ONE_TOKEN_CHARACTERS = 32


class SplitMeaning:
    """The checks of one split; `known` is shared with the other one, None compares nothing."""

    def __init__(
        self, split: SplitName, method: Method, count: Callable[[str], int], log: IssueLog, known: Known | None
    ) -> None:
        self._split: SplitName = split
        self._method: Method = method
        self._count, self._log, self._known = count, log, known
        self._kind, self._is_mixed = "", False
        self._one_token = self._first_one_token = 0
        self._email_addresses = self._phone_numbers = self._image_examples = 0

    def look(self, example: Example, line: int) -> None:
        """Check an example by itself, sound or not."""
        self._look_at_kind(example, line)
        text = "\n".join(texts_of(example))
        for code in secrets_in(text):
            self._add(Finding(code), line)
        self._email_addresses += count_email_addresses(text)
        self._phone_numbers += count_phone_numbers(text)

    def compare(self, example: Example, data: bytes, line: int) -> None:
        """Compare an example without errors, read from the bytes `data`, with all earlier ones."""
        lists = (example.get("messages"), _dict(example.get("input")).get("messages"))
        self._image_examples += any(count_images(messages) for messages in lists)
        answers = example["messages"] if self._method == "supervised" else example["preferred_output"]
        if self._is_one_token(answers[-1].get("content")):
            self._one_token += 1
            self._first_one_token = self._first_one_token or line
        if self._known is not None:
            self._compare_with(self._known, example, data, line)

    def finished(self) -> None:
        """Log what can only be said of the split as a whole."""
        if self._one_token:
            self._add(Finding("one-token-answers", f"{self._one_token:,} in all"), self._first_one_token)
        if self._image_examples > MAX_IMAGE_EXAMPLES:
            self._add(Finding("too-many-image-examples"), 0)
        if self._known is not None and self._known.is_full:
            self._add(Finding("not-all-compared"), 0)

    def counted(self, statistics: SplitStatistics) -> SplitStatistics:
        """Return the statistics with what was counted here."""
        return replace(
            statistics,
            image_examples=self._image_examples,
            email_addresses=self._email_addresses,
            phone_numbers=self._phone_numbers,
        )

    def _look_at_kind(self, example: Example, line: int) -> None:
        kind = kind_of(example)
        self._kind = self._kind or kind
        if kind and kind != self._kind and not self._is_mixed:
            self._is_mixed = True
            self._add(Finding("mixed-methods"), line)

    def _compare_with(self, known: Known, example: Example, data: bytes, line: int) -> None:
        identity = identity_of(example, data, self._method)
        twin = known.examples.first(identity.normalised, identity.exact, self._split, line)
        prompt = known.prompts.first(identity.prompt, identity.answer, self._split, line) if identity.prompt else None
        if twin and twin.split != self._split:
            self._add(Finding("leaked-example", f"line {twin.line:,} of the {twin.split} part"), line)
        elif twin:
            is_exact = twin.tag == identity.exact[:TAG_BYTES]
            code = "duplicate-example" if is_exact else "near-duplicate-example"
            self._add(Finding(code, f"line {twin.line:,}"), line)
        elif prompt and prompt.split != self._split:
            self._add(Finding("leaked-prompt", f"line {prompt.line:,} of the {prompt.split} part"), line)
        elif prompt and prompt.tag != identity.answer[:TAG_BYTES]:
            self._add(Finding("contradictory-answer", f"line {prompt.line:,}"), line)

    def _is_one_token(self, content: Any) -> bool:
        return isinstance(content, str) and 0 < len(content) <= _ONE_TOKEN_CHARACTERS and self._count(content) == 1

    def _add(self, finding: Finding, line: int) -> None:
        self._log.add(finding, self._split, line)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
