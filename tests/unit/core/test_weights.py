"""Which tokens are learned."""

from typing import Any

from shared.core.weights import trained_tokens

ANSWER: dict[str, Any] = {"role": "assistant", "content": "four"}


def test_weight_zero_takes_an_answer_out() -> None:
    """Weight 1 and no weight are learned; parts count by their texts, a call without content is nothing."""
    parts = [{"type": "text", "text": "abc"}, {"type": "text", "text": "de"}]
    messages = [
        {"role": "user", "content": "question"},
        {**ANSWER, "weight": 0},
        {**ANSWER, "content": parts, "weight": 0},
        {**ANSWER, "content": None, "weight": 0},
        {**ANSWER, "weight": 1},
        ANSWER,
    ]
    assert trained_tokens({"messages": messages}, "supervised", 4 + 5 + 4 + 4, len) == 8


def test_answers_in_the_input_of_a_pair_are_not_learned() -> None:
    """Both outputs are, since the one is learned and the other unlearned."""
    pair = {
        "input": {"messages": [{"role": "user", "content": "q"}, ANSWER, {"role": "user", "content": "r"}]},
        "preferred_output": [{**ANSWER, "content": "good"}],
        "non_preferred_output": [{**ANSWER, "content": "bad"}],
    }
    assert trained_tokens(pair, "dpo", 4 + 4 + 3, len) == 7
