"""Validation of both splits, from bytes to the summary."""

import json
import os
from pathlib import Path

import pytest

from shared import codec
from shared.clients.tokenizer import Tokenizer
from shared.core.validation import Distribution, SplitStatistics
from shared.errors import BlobChanged
from shared.stages.validation import validate_dataset
from tests.builders import a_plan
from tests.fakes import FakeBlobs
from tests.unit.stages.validation_world import GOOD, GOODS, OTHERS, SECRET, LetterCounter, found, validate


class TurnedCounter(LetterCounter):
    """A counter that is found wrong by its fifth text."""

    note, texts = "", 0

    def count(self, text: str) -> int:
        """Return the number of characters."""
        self.texts += 1
        if self.texts == 5:
            self.note = "counted 3 tokens where tiktoken counts 2"
        return len(text)


def test_a_counter_that_was_replaced_is_a_warning_of_that_run_alone() -> None:
    """Counts before the replacement may be wrong; those of the next run are not."""
    blobs, counter = FakeBlobs(), TurnedCounter("o200k_base")
    plan = a_plan(training=blobs.write("datasets", "t.jsonl", b"\n".join([GOOD] * 10)), validation=None)
    first, second = (validate_dataset(blobs, lambda _: counter, plan) for _ in range(2))
    (issue,) = [issue for issue in first.issues if issue.code == "counter-replaced"]
    assert (issue.severity, issue.line) == ("warning", 0)
    assert "(counted 3 tokens where tiktoken counts 2)" in issue.message
    assert "counter-replaced" not in second.summary.count_by_code


def test_a_good_dataset_is_valid_and_measured() -> None:
    """Both splits are counted; the facts of the base model are in the summary."""
    summary = validate(b"\n".join(GOODS), b"\n".join(OTHERS) + b"\n").summary
    assert (summary.valid, summary.error_count, summary.warning_count, summary.issues) == (True, 0, 0, [])
    assert (summary.encoding, summary.limit_tokens) == ("o200k_base", 65_536)
    # 3 + (3 + 4+1) + (3 + 9+22)
    columns = [10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    each, assistant = (
        Distribution(minimum=n, maximum=n, mean=n, median=n, p5=n, p95=n, p25=n, p75=n, p99=n, histogram=columns)
        for n in (45, 22)
    )
    assert summary.training == SplitStatistics(
        examples=10,
        size_bytes=10 * len(GOOD) + 9,
        total_tokens=450,
        assistant_tokens=220,
        over_limit=0,
        tokens_per_example=each,
        assistant_tokens_per_example=assistant,
        trained_tokens=220,
    )
    assert summary.validation is not None
    assert (summary.validation.examples, summary.validation.size_bytes) == (11, 11 * len(GOOD) + 11)


def test_issues_name_their_split_and_line() -> None:
    """Lines count from 1, blank ones too; a fault in one line leaves the others alone."""
    training = b"\n".join([b"\xef\xbb\xbf" + GOODS[0] + b"\r", b"", b"{", *GOODS[1:]])
    detail = validate(training, b"\n".join([*OTHERS[:10], b'{"messages": []}']))
    assert found(detail) == [
        ("invalid-json", "training", 3),
        ("missing-messages", "validation", 11),
        ("blank-line", "training", 2),
    ]
    assert (detail.summary.valid, detail.summary.error_count, detail.summary.warning_count) == (False, 2, 1)
    assert detail.summary.count_by_code == {"invalid-json": 1, "missing-messages": 1, "blank-line": 1}
    assert detail.summary.training is not None
    assert (detail.summary.training.examples, detail.summary.training.total_tokens) == (11, 450)


def test_warnings_alone_leave_a_dataset_valid() -> None:
    """A blank line is told and tolerated."""
    summary = validate(b"\n".join(GOODS) + b"\n\n").summary
    assert (summary.valid, summary.warning_count) == (True, 1)


@pytest.mark.parametrize("nothing", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n\n"])
def test_a_file_without_examples_is_empty(nothing: bytes) -> None:
    """No bytes, no text and no examples are one fault, in either split."""
    detail = validate(nothing, nothing)
    errors = [issue for issue in detail.issues if issue.severity == "error"]
    assert [(issue.code, issue.split, issue.line) for issue in errors] == [
        ("empty-dataset", "training", 0),
        ("empty-dataset", "validation", 0),
    ]
    assert (detail.summary.training, detail.summary.validation) == (None, None)


def test_fewer_than_ten_examples_are_too_few() -> None:
    """Nine are refused, ten are not, in either split."""
    nine, ten, others = b"\n".join(GOODS[:9]), b"\n".join(GOODS), b"\n".join(OTHERS[:9])
    assert found(validate(nine)) == [("too-few-examples", "training", 0)]
    assert found(validate(ten, others)) == [("too-few-examples", "validation", 0)]
    assert found(validate(ten, b"\n".join(OTHERS))) == []


def test_a_file_of_another_kind_is_one_error() -> None:
    """An archive is named once, instead of a thousand broken lines."""
    detail = validate(b"PK\x03\x04" + b"\nrubbish" * 100)
    assert found(detail) == [("not-jsonl", "training", 0)]
    assert detail.issues[0].message == "This is no JSONL file (it looks like a zip archive or an Office document)."


@pytest.mark.parametrize(("answer", "over"), [(32_768 - 23, False), (32_768 - 22, True)])
def test_an_example_over_the_models_limit_is_a_warning(answer: int, over: bool) -> None:
    """The service trains on it all the same, with its end cut off; exactly the limit is not over it."""
    long = json.dumps({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a" * answer}]})
    detail = validate(b"\n".join([*GOODS[1:], long.encode()]), base_model="gpt-4.1-nano")
    assert detail.summary.valid
    assert found(detail) == ([("example-too-long", "training", 10)] if over else [])
    assert detail.summary.training is not None
    assert detail.summary.training.over_limit == int(over)


@pytest.mark.parametrize(
    ("base_model", "encoding", "limit", "codes"),
    [
        ("gpt-35-turbo-0125", "cl100k_base", 16_385, {}),
        ("gpt-4.1-2025-04-14.ft-0a1b-clippy", "o200k_base", 65_536, {}),
        ("Llama-3.3-70B", "o200k_base", 0, {"unknown-model": 1}),
    ],
)
def test_the_base_model_chooses_encoding_and_limit(
    base_model: str, encoding: str, limit: int, codes: dict[str, int]
) -> None:
    """An unknown model is counted as gpt-4o is, with a warning."""
    summary = validate(b"\n".join(GOODS), base_model=base_model).summary
    assert (summary.encoding, summary.limit_tokens, summary.count_by_code) == (encoding, limit, codes)
    assert summary.valid


def test_preference_pairs_are_checked_as_such() -> None:
    """The plan's method chooses the format."""
    assistant = [{"role": "assistant", "content": "a"}]
    pair = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": assistant,
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    data = b"\n".join([json.dumps(pair).encode()] * 10)
    assert validate(data, method="dpo").summary.valid
    assert validate(data).summary.count_by_code == {"wrong-method": 10}


def test_no_text_of_the_dataset_is_told() -> None:
    """Neither contents nor keys nor roles appear in what validation says."""
    lines = [
        f'{{"messages": [{{"role": "{SECRET}", "{SECRET}": 1, "content": "{SECRET}"}}], "{SECRET}": "{SECRET}"}}',
        f'{{"{SECRET}": {SECRET}}}',
        f'{{"{SECRET}": 1, "{SECRET}": 1}}',
        f'["{SECRET}"]',
        SECRET,
    ]
    detail = validate(("\ufeff" + "\n".join(["{}", *lines])).encode())
    assert len(detail.issues) >= 6
    assert SECRET.encode() not in codec.to_json(detail)


def test_a_dataset_that_was_replaced_is_not_validated() -> None:
    """A verdict is about the pinned version or it is none."""
    blobs = FakeBlobs()
    plan = a_plan(training=blobs.write("datasets", "t.jsonl", GOOD), validation=None)
    blobs.write("datasets", "t.jsonl", GOOD)
    with pytest.raises(BlobChanged):
        validate_dataset(blobs, LetterCounter, plan)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["training_set.jsonl", "validation_set.jsonl"])
def test_the_labs_own_numbers(name: str) -> None:
    """The lab's datasets give the statistics of the lab's formula, computed here on tiktoken and numpy alone."""
    reference = os.environ.get("TUNEDROP_REFERENCE")
    if not reference:
        pytest.skip("TUNEDROP_REFERENCE names no reference material")
    import numpy as np

    data = (Path(reference) / "datasets" / name).read_bytes()
    blobs = FakeBlobs()
    plan = a_plan(training=blobs.write("datasets", name, data), validation=None)
    statistics = validate_dataset(blobs, Tokenizer, plan).summary.training
    assert statistics is not None

    encode = Tokenizer("o200k_base")._tiktoken.encode
    totals, assistants = [], []
    for line in data.decode().splitlines():
        messages = json.loads(line)["messages"]
        totals.append(3 + sum(3 + sum(len(encode(v)) + (k == "name") for k, v in m.items()) for m in messages))
        assistants.append(sum(len(encode(m["content"])) for m in messages if m["role"] == "assistant"))
    assert (statistics.examples, statistics.total_tokens) == (len(totals), sum(totals))
    for ours, lab in ((statistics.tokens_per_example, totals), (statistics.assistant_tokens_per_example, assistants)):
        assert (ours.minimum, ours.maximum, ours.mean, ours.median) == (
            min(lab),
            max(lab),
            np.mean(lab),
            np.median(lab),
        )
        assert (ours.p5, ours.p95) == (np.quantile(lab, 0.05), np.quantile(lab, 0.95))
