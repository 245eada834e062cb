"""The table of codes and the log of issues."""

import re

import pytest

from shared.core.issues import FIRST_OF_CODE, ISSUES_KEPT, MEANINGS, Finding, IssueLog, issue_for
from shared.core.lines import MAX_LINE_BYTES
from shared.core.validation import Issue


@pytest.mark.parametrize("code", MEANINGS)
def test_a_code_is_a_slug_with_two_sentences(code: str) -> None:
    """Every code is kebab case; message and remedy are sentences."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert MEANINGS[code].message.endswith(".")
    assert MEANINGS[code].remedy.endswith(".")


def test_an_issue_tells_its_place() -> None:
    """A finding with a place says it in brackets."""
    assert issue_for(Finding("unknown-role", "messages[2].role"), "validation", 7) == Issue(
        code="unknown-role",
        severity="error",
        split="validation",
        line=7,
        message="The role is missing or unknown (messages[2].role).",
        remedy="Use system, user, assistant or tool, in lower case.",
    )


def test_the_message_of_a_long_line_says_the_true_limit() -> None:
    """The limit in the sentence is the limit of the reader."""
    assert MAX_LINE_BYTES == 16 * 2**20
    assert "16 MiB" in MEANINGS["line-too-long"].message


def test_all_are_counted_and_the_first_thousand_kept_errors_before_warnings() -> None:
    """A flood of warnings cannot hide an error that comes after it."""
    log = IssueLog()
    for line in range(1, 5_001):
        log.add(Finding("blank-line"), "training", line)
    log.add(Finding("invalid-json"), "training", 5_001)
    log.add(Finding("not-utf8"), "validation", 3)
    issues = log.issues()
    assert (log.count("error"), log.count("warning")) == (2, 5_000)
    assert dict(log.by_code) == {"blank-line": 5_000, "invalid-json": 1, "not-utf8": 1}
    assert len(issues) == 1_000
    assert [(issue.split, issue.line) for issue in issues[:3]] == [
        ("training", 5_001),
        ("validation", 3),
        ("training", 1),
    ]


def test_a_flood_of_one_code_hides_no_other() -> None:
    """The first five of each code are kept, however many issues came before; the bound stays."""
    log = IssueLog()
    for line in range(1, 2_001):
        log.add(Finding("duplicate-example"), "training", line)
        log.add(Finding("invalid-json"), "training", line)
    for line in range(3_001, 3_011):
        log.add(Finding("private-key"), "training", line)
    issues = log.issues()
    assert len(issues) == 1_000
    assert [issue.line for issue in issues if issue.code == "private-key"] == [3_001, 3_002, 3_003, 3_004, 3_005]
    assert [issue.line for issue in issues if issue.code == "duplicate-example"] == [1, 2, 3, 4, 5]
    assert len(MEANINGS) * FIRST_OF_CODE < ISSUES_KEPT
