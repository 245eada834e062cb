"""What validation says of examples beside each other, and of the service's limits."""

import json

import pytest
from msgspec.structs import replace

from shared.core.plans import Blob, Hyperparameters
from shared.stages.validation import validate_dataset
from tests.builders import a_plan
from tests.fakes import FakeBlobs
from tests.unit.stages.validation_world import GOOD, GOODS, OTHERS, SECRET, LetterCounter, found, good, validate


def test_repetitions_and_contradictions_are_warnings_at_the_later_line() -> None:
    """Each example is compared with all earlier ones, and the line of the first is told."""
    same = GOODS[0]
    near = json.dumps(
        {"messages": [{"content": " Q\n", "role": "user"}, {"role": "assistant", "content": SECRET.upper()}]}
    ).encode()
    other = GOODS[1].replace(b"airspeed", b"colour")
    detail = validate(b"\n".join([*GOODS, same + b"\r", near, other]))
    assert detail.summary.valid
    assert found(detail) == [
        ("duplicate-example", "training", 11),
        ("near-duplicate-example", "training", 12),
        ("contradictory-answer", "training", 13),
    ]
    assert detail.issues[2].message == "An earlier example gives another answer to the same prompt (line 2)."


def test_what_is_in_both_parts_is_told() -> None:
    """A validation example, or its prompt, that the training part has as well says nothing about learning."""
    other = GOODS[3].replace(b"airspeed", b"colour")
    detail = validate(b"\n".join(GOODS), b"\n".join([*OTHERS[:9], GOODS[4], other]))
    assert found(detail) == [("leaked-example", "validation", 10), ("leaked-prompt", "validation", 11)]
    assert "line 5 of the training part" in detail.issues[0].message


def test_answers_without_a_question_contradict_nothing() -> None:
    """Examples that are all answer have no prompt in common."""
    lines = [json.dumps({"messages": [{"role": "assistant", "content": f"Answer {n}."}]}).encode() for n in range(10)]
    assert validate(b"\n".join(lines)).summary.count_by_code == {"missing-user-message": 10}


def test_a_pair_and_its_reverse_contradict_each_other() -> None:
    """Two pairs with one prompt may have other outputs, but not the same ones the other way round."""

    def pair(preferred: str, other: str) -> bytes:
        outputs = {
            "preferred_output": [{"role": "assistant", "content": preferred}],
            "non_preferred_output": [{"role": "assistant", "content": other}],
        }
        return json.dumps({"input": {"messages": [{"role": "user", "content": "q"}]}, **outputs}).encode()

    lines = [pair(f"answer {n}", "worse") for n in range(10)]
    assert found(validate(b"\n".join([*lines, pair("worse", "answer 3")]), method="dpo")) == [
        ("contradictory-answer", "training", 11)
    ]


def test_answers_of_one_token_are_told_once() -> None:
    """Labels are good answers; that all are so short is worth one look."""
    short = [line.replace(SECRET.encode(), b"y") for line in OTHERS[:3]]
    detail = validate(b"\n".join([*GOODS, *short]))
    assert found(detail) == [("one-token-answers", "training", 11)]
    assert "3 in all" in detail.issues[0].message


def test_secrets_are_told_with_their_line_and_addresses_counted() -> None:
    """A key that must not be learned is a warning, an address only a number."""
    key = good("AccountKey=" + "Ab0/" * 22)
    mail = good("Write to ann@example.org, bob@example.org or call +49 30 1234567.")
    detail = validate(b"\n".join([*GOODS, key, mail]))
    assert found(detail) == [("connection-string", "training", 11)]
    assert detail.summary.training is not None
    assert (detail.summary.training.email_addresses, detail.summary.training.phone_numbers) == (2, 1)


def test_answers_of_weight_zero_are_not_trained_on() -> None:
    """Trained are the assistant's tokens without those that a weight takes out."""
    first = {"role": "assistant", "content": [{"type": "text", "text": "pass over"}], "weight": 0}
    messages = [*json.loads(OTHERS[0])["messages"], first, {"role": "assistant", "content": "learn", "weight": 1}]
    statistics = validate(b"\n".join([*GOODS, json.dumps({"messages": messages}).encode()])).summary.training
    assert statistics is not None
    assert (statistics.assistant_tokens, statistics.trained_tokens) == (11 * 22 + 9 + 5, 11 * 22 + 5)


@pytest.mark.parametrize(
    ("base_model", "told"),
    [("gpt-4o-2024-08-06", 0), ("gpt-4.1-2025-04-14", 0), ("gpt-4o-mini", 1), ("gpt-4.1-nano", 1)],
)
def test_images_want_a_model_with_vision(base_model: str, told: int) -> None:
    """Only of two models it is documented that they can be tuned with images; that is told once."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    lines = [
        json.dumps({"messages": [{"role": "user", "content": [picture]}, {"role": "assistant", "content": f"No. {n}"}]})
        for n in range(10)
    ]
    summary = validate("\n".join(lines).encode(), base_model=base_model).summary
    assert summary.count_by_code.get("model-without-vision", 0) == told
    assert summary.training is not None
    assert summary.training.image_examples == 10


def test_a_file_of_several_methods_is_told_once() -> None:
    """The first line of another method is named, beside each line that is not of the plan's."""
    pair = b'{"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []}'
    assert found(validate(b"\n".join([*GOODS, pair, GOODS[0][:-1] + b" }", pair])))[:3] == [
        ("mixed-methods", "training", 11),
        ("wrong-method", "training", 11),
        ("wrong-method", "training", 13),
    ]


def test_a_file_that_breaks_off_is_told_as_that() -> None:
    """The last line without its end is truncated; the same line with a line break is not JSON."""
    data = b"\n".join([*GOODS, GOOD[:50]])
    assert found(validate(data)) == [("truncated-line", "training", 11)]
    assert found(validate(data + b"\n")) == [("invalid-json", "training", 11)]


def test_a_file_over_the_services_limit_is_not_read() -> None:
    """512,000,000 bytes are taken, one more is not; both parts together have a limit of their own."""
    blobs = FakeBlobs()
    whole = blobs.write("datasets", "t.jsonl", b"\n".join(GOODS))

    def codes(training: int, validation: int) -> list[str]:
        plan = a_plan(training=sized(whole, training), validation=sized(whole, validation))
        return [
            issue.code for issue in validate_dataset(blobs, LetterCounter, plan).issues if issue.severity == "error"
        ]

    assert codes(488_000_000, 512_000_000) == []
    assert codes(100, 512_000_001) == ["file-too-large"]
    assert codes(488_000_001, 512_000_000) == ["files-too-large"]


def sized(blob: Blob, size: int) -> Blob:
    """Return a blob that says it has another size."""
    return Blob(container=blob.container, path=blob.path, etag=blob.etag, size=size)


def test_tokens_times_epochs_have_a_limit() -> None:
    """Two billion are taken, more are not."""

    class Generous(LetterCounter):
        def count(self, text: str) -> int:
            return 1_000_000 if text == SECRET else 0

    blobs = FakeBlobs()
    plan = a_plan(training=blobs.write("datasets", "t.jsonl", b"\n".join(GOODS)), validation=None)

    def codes(epochs: int) -> dict[str, int]:
        changed = replace(plan, hyperparameters=Hyperparameters(n_epochs=epochs))
        return validate_dataset(blobs, Generous, changed).summary.count_by_code

    assert "too-many-tokens" not in codes(199)
    assert codes(200)["too-many-tokens"] == 1
