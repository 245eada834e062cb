"""The page of issues: up to date, complete, and true."""

import pytest

from shared.core.comparison import Known
from shared.core.dataset_check import Rules, check_split
from shared.core.issues import MEANINGS, IssueLog
from shared.core.lines import MAX_LINE_BYTES
from shared.core.service_limits import (
    MAX_ALL_FILES_BYTES,
    MAX_FILE_BYTES,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_EXAMPLES,
    MAX_IMAGES_PER_EXAMPLE,
    MAX_TRAINED_TOKENS,
)
from tools.dataset_issue_examples import EXAMPLES, WORDS
from tools.dataset_issues import PAGE, line_of, page

PAIRS = {"missing-input", "invalid-output", "invalid-output-role", "same-outputs"}


def test_the_page_is_what_the_code_says() -> None:
    """A code, sentence or example that changed is on the page: python -m tools.dataset_issues writes it."""
    assert PAGE.read_text() == page()


def test_every_code_has_one_example() -> None:
    """No code is without an example in lines or in words, and no example without a code."""
    assert sorted([*EXAMPLES, *WORDS]) == sorted(MEANINGS)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_has_its_issue_on_its_last_line(code: str) -> None:
    """What the page shows is what validation finds."""
    data = "\n".join(line_of(example) for example in EXAMPLES[code])
    data += "\n" if EXAMPLES[code] and code != "truncated-line" else ""
    log = IssueLog()
    rules = Rules(method="dpo" if code in PAIRS else "supervised", limit_tokens=0, count=len)
    check_split([data.encode()], "training", rules, log, Known())
    lines = [issue.line for issue in log.issues() if issue.code == code]
    assert lines == [0 if code in ("empty-dataset", "too-few-examples") else len(EXAMPLES[code])]


def test_the_sentences_say_the_true_limits() -> None:
    """The numbers in the sentences are those of the code."""
    assert (MAX_FILE_BYTES, MAX_ALL_FILES_BYTES, MAX_TRAINED_TOKENS) == (512_000_000, 10**9, 2 * 10**9)
    assert (MAX_IMAGE_BYTES, MAX_IMAGES_PER_EXAMPLE, MAX_IMAGE_EXAMPLES) == (10**7, 64, 50_000)
    assert MAX_LINE_BYTES == 16_777_216
