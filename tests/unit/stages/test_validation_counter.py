"""Validation with a token counter that turns out to be wrong on the way."""

import json

from shared.stages.validation import validate_dataset
from tests.builders import a_plan
from tests.fakes import FakeBlobs


class TurnedCounter:
    """A TokenCounter, a token a character, that is found wrong by its fifth text."""

    encoding, note, texts = "o200k_base", "", 0

    def count(self, text: str) -> int:
        """Return the number of characters."""
        self.texts += 1
        if self.texts == 5:
            self.note = "counted 3 tokens where tiktoken counts 2"
        return len(text)


def test_a_counter_that_was_replaced_is_a_warning_of_that_run_alone() -> None:
    """Counts before the replacement may be wrong; those of the next run are not."""
    lines = [
        {"messages": [{"role": "user", "content": str(n)}, {"role": "assistant", "content": "a"}]} for n in range(10)
    ]
    blobs, counter = FakeBlobs(), TurnedCounter()
    training = blobs.write("datasets", "t.jsonl", "\n".join(map(json.dumps, lines)).encode())
    plan = a_plan(training=training, validation=None)
    first, second = (validate_dataset(blobs, lambda _: counter, plan) for _ in range(2))
    (issue,) = [issue for issue in first.issues if issue.code == "counter-replaced"]
    assert (first.summary.valid, issue.severity, issue.line) == (True, "warning", 0)
    assert "(counted 3 tokens where tiktoken counts 2)" in issue.message
    assert "counter-replaced" not in second.summary.count_by_code
