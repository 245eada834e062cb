"""The verdict on a tuned model's answer."""

import pytest

from shared.core.verification import problem_with
from tests.builders import MODEL, an_answer


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (an_answer(), ""),
        (an_answer(model=MODEL.upper()), ""),
        (an_answer(text=""), "answer-empty"),
        (an_answer(text=" \n\t "), "answer-empty"),
        (an_answer(filtered=True), "answer-filtered"),
        (an_answer(text="", finish_reason="content_filter", model="", filtered=True), "answer-filtered"),
        (an_answer(finish_reason="content_filter"), "answer-filtered"),
        (an_answer(finish_reason="length"), "answer-truncated"),
        (an_answer(finish_reason="tool_calls"), "answer-unfinished"),
        (an_answer(finish_reason=""), "answer-unfinished"),
        (an_answer(finish_reason="a reason of next year"), "answer-unfinished"),
        (an_answer(model="gpt-4o-mini-2024-07-18"), "answer-from-another-model"),
        (an_answer(model=f"{MODEL}:ckpt-step-10"), "answer-from-another-model"),
        (an_answer(model=""), "answer-from-another-model"),
    ],
)
def test_an_answer_passes_only_whole_and_from_the_tuned_model(answer, problem):
    """Filtered, empty, truncated, unfinished and foreign answers each have a verdict of their own."""
    assert problem_with(answer, expected="", fine_tuned_model=MODEL) == problem


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ("", ""),
        ("lamp", ""),
        ("LAMP", ""),
        ("The lamp is lit.", ""),
        ("lamps", "expected-phrase-missing"),
        ("lit lamp", "expected-phrase-missing"),
    ],
)
def test_an_expected_phrase_must_be_in_the_answer(expected, problem):
    """Letter case does not matter; the words do."""
    assert problem_with(an_answer(text="The lamp is lit."), expected=expected, fine_tuned_model=MODEL) == problem
