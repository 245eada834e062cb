"""The words of a report: sentences, durations, money."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from shared.core.deployments import DeploymentSnapshot
from shared.core.runs import RunState, RunStatus, StageRecord
from shared.core.validation import (
    ValidationSummary,
)
from shared.core.verification import VerificationSummary
from shared.core.wording import dollars, duration, headline, size

ASKED_AT = datetime(2026, 8, 11, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 8, 11, 9, 45, tzinfo=UTC)
# Ends an attribute, a tag and a script, in one text.
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>&"


def run(status: RunStatus = "running", **known: object) -> RunState:
    """Return a run of the demo dataset."""
    state = RunState(
        run_id="demo-1", dataset="demo/training_set.jsonl", etag="0x1", source="blob", requested_at=ASKED_AT
    )
    return replace(state, status=status, **known)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (
            run(stage="training", waiting_for="the fine-tuning job to end"),
            "The run of demo/training_set.jsonl is in its training stage, waiting for the fine-tuning job to end.",
        ),
        (
            run("failed", stages=[StageRecord(name="upload", status="failed")], stage="publication"),
            "The run of demo/training_set.jsonl failed in its upload stage, 45 min after it was asked for.",
        ),
        (
            run("rejected", validation=ValidationSummary(valid=False, encoding="e", limit_tokens=1, error_count=4)),
            "demo/training_set.jsonl was rejected: validation found 4 errors in it; nothing was uploaded or spent.",
        ),
        (
            run("rejected", stage="intake"),
            "demo/training_set.jsonl was rejected in its intake stage; nothing was uploaded or spent.",
        ),
        (run("superseded"), "demo/training_set.jsonl was replaced by a newer version, which has a run of its own."),
        (run("cancelled"), "The run of demo/training_set.jsonl was cancelled, 45 min after it was asked for."),
        (
            run(
                "succeeded",
                finished_at=datetime(2026, 8, 11, 11, 5, tzinfo=UTC),
                deployment=DeploymentSnapshot(
                    name="demo-1", model="m", sku="s", capacity=1, provisioning_state="Succeeded"
                ),
                verification=VerificationSummary(asked=3, passed=2, source="options"),
            ),
            (
                "The base model was fine-tuned on demo/training_set.jsonl, deployed as demo-1 and gave 2 of 3 "
                "answers as expected, 2 h 5 min after it was asked for."
            ),
        ),
    ],
    ids=["running", "failed", "rejected-by-validation", "rejected", "superseded", "cancelled", "succeeded"],
)
def test_one_sentence_says_where_a_run_stands(state: RunState, sentence: str) -> None:
    """It is the first thing on the page; an end that is not settled yet is the time of the report."""
    assert headline(state, NOW) == sentence


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "under 1 s"),
        (0.2, "under 1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (7_205, "2 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_durations_are_told_by_their_two_largest_units(seconds: float, text: str) -> None:
    """Seconds do not matter after an hour."""
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("usd", "text"), [("0", "$0.00"), ("0.0144", "$0.0144"), ("1.7", "$1.70"), ("1234.565", "$1,234.57")]
)
def test_dollars_are_told_to_the_cent_or_finer_below_one(usd: str, text: str) -> None:
    """A small training costs a cent and a half."""
    assert dollars(Decimal(usd)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(999, "999 bytes"), (2_704, "2.7 kB"), (88_000_000, "88.0 MB"), (1_500_000_000, "1.5 GB")]
)
def test_sizes_are_told_by_their_unit(count: int, text: str) -> None:
    """Decimal units, as Azure bills them."""
    assert size(count) == text
