"""The page of a report: complete, escaped, self-contained, accessible."""

from itertools import pairwise

from msgspec.structs import replace

from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure
from shared.core.jobs import TrainingMetrics
from shared.core.report_html import render_report
from shared.core.reports import RunReport, build_report
from shared.core.results import TrainingResults
from shared.core.runs import RunState, RunStatus
from shared.core.validation import (
    Issue,
    ValidationDetail,
    ValidationSummary,
)
from shared.core.verification import AnsweredQuestion, ChatAnswer, Question, VerificationRecord
from tests.unit.core.report_samples import ASKED_AT, NOW, Outline, full_run

# Ends an attribute, a tag and a script, in one text.
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>&"


def run(status: RunStatus = "running", **known: object) -> RunState:
    """Return a run of the demo dataset."""
    state = RunState(
        run_id="demo-1", dataset="demo/training_set.jsonl", etag="0x1", source="blob", requested_at=ASKED_AT
    )
    return replace(state, status=status, **known)


def full_page(text: str) -> str:
    """Return the page of a run in which everything is known."""
    issue = Issue(code=text, severity="error", split="training", line=3, message=text, remedy=text)
    detail = ValidationDetail(
        summary=ValidationSummary(valid=False, encoding="o200k_base", limit_tokens=1), issues=[issue]
    )
    results = TrainingResults(
        points=[
            TrainingMetrics(step=1, train_loss=2.5, valid_loss=2.25),
            TrainingMetrics(step=9, train_loss=0.5, train_mean_token_accuracy=0.875),
        ],
        skipped_rows=2,
    )
    answer = ChatAnswer(text=text, finish_reason=text, model=text)
    answered = AnsweredQuestion(
        question=Question(messages=[{"role": text, "content": text}], expected=text),
        answer=answer,
        base_answer=answer,
        problem=text,
    )
    report = build_report(full_run(text), detail=detail, results=results, now=NOW)
    return render_report(report, VerificationRecord(answers=[answered]))


def page_of(state: RunState, record: VerificationRecord | None = None) -> str:
    """Return the page of a run without results."""
    return render_report(RunReport(generated_at=NOW, run=state), record)


def test_everything_from_outside_is_escaped() -> None:
    """Whatever a name, an answer or an error says, the page has no element or attribute that it did not write."""
    hostile, harmless = Outline(full_page(HOSTILE)), Outline(full_page("harmless"))
    assert hostile.all("script") == []
    assert [(tag, sorted(attributes)) for tag, attributes in hostile.elements] == [
        (tag, sorted(attributes)) for tag, attributes in harmless.elements
    ]
    # Escaped, not dropped: every text is there as often as a harmless one.
    assert hostile.text.count(HOSTILE) == harmless.text.count("harmless")


def test_page_needs_nothing_but_itself() -> None:
    """No script, no request: it opens from a mail, offline, and under the strictest policy."""
    page = full_page("x")
    outline = Outline(page)
    for tag in ("script", "link", "img", "iframe", "a", "form", "object"):
        assert outline.all(tag) == []
    assert "url(" not in page
    assert "@import" not in page
    policy = next(meta for meta in outline.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert (policy["content"] or "").startswith("default-src 'none';")


def test_page_can_be_heard() -> None:
    """A language, one main part, headings without gaps, captions on all tables, names on all drawings."""
    page = full_page("x")
    outline = Outline(page)
    assert outline.all("html") == [{"lang": "en"}]
    assert len(outline.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in outline.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(outline.all("caption")) == len(outline.all("table")) == 5
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {name for svg in outline.all("svg") for name in (svg["aria-labelledby"] or "").split()} == set(ids)


def test_characters_that_html_forbids_are_replaced() -> None:
    """A control character or half a surrogate pair in an answer does not break the file."""
    page = full_page("a\x00b\x1bc\ud800d")
    page.encode()
    assert "a\ufffdb\ufffdc\ufffdd" in page


def test_a_run_of_which_little_is_known_has_a_page() -> None:
    """A run may end before its plan is settled."""
    failed = run("failed", stage="intake", failure=Failure(code="c", message="m", remedy="Do this."))
    text = Outline(page_of(failed)).text
    assert "failed in its intake stage" in text
    assert "Do this." in text
    for heading in ("Validation", "Loss", "Deployment", "Verification", "Cost"):
        assert f"<h2>{heading}</h2>" not in page_of(failed)


def test_errors_come_before_warnings_and_all_are_counted() -> None:
    """What must be mended is read first; a page has a bound, report.json has none."""
    warning = Issue(code="w", severity="warning", split="training", line=1, message="m", remedy="r")
    error = Issue(code="e", severity="error", split="validation", line=0, message="m", remedy="r")
    summary = ValidationSummary(valid=False, encoding="e", limit_tokens=1, error_count=1, warning_count=300)
    report = RunReport(generated_at=NOW, run=run(validation=summary), issues=[*[warning] * 300, error])
    page = render_report(report, None)
    assert "200 of 301 issues" in page
    assert page.index("<code>e</code>") < page.index("<code>w</code>")
    assert "validation, whole file" in page


def test_cost_of_training_is_told_by_the_tokens_that_the_job_trained() -> None:
    """Half the tokens of the estimate cost half of it."""
    text = Outline(full_page("x")).text
    assert "$0.1440 for 48,000 tokens" in text
    assert "about $0.0720 for 24,000 trained tokens" in text
    assert "$1.70 an hour" in text


def test_a_deployment_is_shown_with_a_call_that_a_shell_can_take() -> None:
    """The name stands in quotes of JSON within quotes of the shell."""
    made = DeploymentSnapshot(name="demo-1", model="m", sku="Standard", capacity=1, provisioning_state="Succeeded")
    text = Outline(page_of(run(deployment=made))).text
    assert """-d '{"model": "demo-1", "messages": [{"role": "user", "content": "Hello"}]}'""" in text
    assert "It costs by the hour, used or not, until it is deleted." in text


def test_a_long_answer_is_clipped() -> None:
    """A training example may be longer than any screen."""
    answer = ChatAnswer(text="y" * 10_000, finish_reason="stop", model="m")
    answered = AnsweredQuestion(question=Question(messages=[{"role": "user", "content": "q"}]), answer=answer)
    text = Outline(page_of(run(), VerificationRecord(answers=[answered]))).text
    assert "y" * 4_000 + "… (6,000 characters more)" in text


def test_an_answer_without_text_says_how_it_ended() -> None:
    """An empty box explains nothing."""
    answer = ChatAnswer(text="", finish_reason="content_filter", model="m", filtered=True)
    answered = AnsweredQuestion(
        question=Question(messages=[{"role": "user", "content": "q"}]), answer=answer, problem="answer-filtered"
    )
    text = Outline(page_of(run(), VerificationRecord(answers=[answered]))).text
    assert "(no text; finish_reason content_filter)" in text
    assert "✗ the content filter stopped the answer (answer-filtered)" in text
