"""The questions of a run's verification: settled before any money is spent, while the dataset is still as pinned."""

from msgspec.structs import replace

from shared import codec
from shared.core.failures import Failure, failure
from shared.core.intake import private_path
from shared.core.plans import Plan, Script
from shared.core.questions import questions_from_examples
from shared.core.verification import Question
from shared.errors import BlobChanged, NotFound
from shared.ports import BlobStore
from shared.stages.parts import beginning_of, lost_part

# A validation example is a few KB; this many bytes hold far more than the few that are asked.
SAMPLE_BYTES = 1_000_000


def settle_questions(blobs: BlobStore, plan: Plan, container: str) -> Failure | None:
    """Write down what the run will ask: its options' questions, else held-out examples, else training examples.

    Training takes hours or days, and a newer dataset may lie there when it ends: examples are read now. Return why a
    run cannot be verified, and need not be paid for.
    """
    script = _script(blobs, plan, container)
    if script.questions:
        return None
    source = "validation" if plan.validation else "training"
    try:
        sample = beginning_of(blobs, plan.validation or plan.training, SAMPLE_BYTES)
    except (BlobChanged, NotFound):
        return lost_part(blobs, plan)
    questions = questions_from_examples(sample, source=source, expected=script.expected)
    if not questions:
        message = "There is nothing to ask: neither the options nor the examples hold a question in plain text."
        return failure("verification-not-possible", message)
    settled = replace(script, questions=questions)
    blobs.write(container, private_path(plan.run_id, "script.json"), codec.to_json(settled))
    return None


def read_questions(blobs: BlobStore, plan: Plan, container: str) -> list[Question]:
    """Return the questions that were settled for a run."""
    return _script(blobs, plan, container).questions


def _script(blobs: BlobStore, plan: Plan, container: str) -> Script:
    stored = blobs.read(container, private_path(plan.run_id, "script.json"))
    return codec.from_json(stored, Script) if stored else Script()
