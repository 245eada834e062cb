"""Small datasets and a validation of them, with a counter to which each character is a token."""

import json
from typing import Any

from shared.core.validation import ValidationDetail
from shared.stages.validation import validate_dataset
from tests.builders import a_plan
from tests.fakes import FakeBlobs

SECRET = "the swallow's airspeed"


def good(question: str) -> bytes:
    """Return a sound example as a line."""
    roles = {"user": question, "assistant": SECRET}
    return json.dumps({"messages": [{"role": role, "content": text} for role, text in roles.items()]}).encode()


# Sound examples of one size, no two the same.
GOOD = good("q")
GOODS, OTHERS = [good(letter) for letter in "qwertyuiop"], [good(letter) for letter in "asdfghjklzx"]


class LetterCounter:
    """A TokenCounter to which each character is a token."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def count(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)


def validate(training: bytes, validation: bytes | None = None, **plan: Any) -> ValidationDetail:
    """Validate two splits, streamed in pieces of 11 bytes."""
    blobs = FakeBlobs(chunk_bytes=11)
    pinned = {"training": blobs.write("datasets", "t.jsonl", training)}
    if validation is not None:
        pinned["validation"] = blobs.write("datasets", "v.jsonl", validation)
    return validate_dataset(blobs, LetterCounter, a_plan(**{"validation": None, **pinned, **plan}))


def found(detail: ValidationDetail) -> list[tuple[str, str, int]]:
    """Return code, split and line of all issues."""
    return [(issue.code, issue.split, issue.line) for issue in detail.issues]
