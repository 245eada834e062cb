"""The middle sections of report.html: what was found, trained, deployed and answered."""

import json
import shlex

from shared.core.markup import Markup, element, facts, join, table
from shared.core.reports import RunReport, TrainingCurve
from shared.core.runs import RunState
from shared.core.svg import accuracy_chart, loss_chart, number
from shared.core.validation import Distribution, Issue, SplitStatistics, ValidationSummary
from shared.core.verification import AnsweredQuestion, ChatAnswer, VerificationRecord
from shared.core.wording import dollars, plural, problem_text, size

# A page with more rows than this is not read; report.json has them all.
MAX_ISSUE_ROWS = 200
# Of a question or an answer; a training example may be far longer than a screen.
MAX_TEXT = 4_000


def validation(report: RunReport) -> Markup:
    """Return the section on the dataset: counts, token statistics, issues."""
    summary = report.run.validation
    if summary is None:
        return Markup()
    found = f"{plural(summary.error_count, 'error')} and {plural(summary.warning_count, 'warning')}"
    parts = (_statistics(summary), _issues(report.issues, summary.error_count + summary.warning_count))
    verdict = "The dataset can be trained on" if summary.valid else "The dataset cannot be trained on"
    return element(
        "section",
        element("h2", "Validation"),
        element("p", f"{verdict}: {found}."),
        *(parts if summary.valid else reversed(parts)),
    )


def curve(training: TrainingCurve) -> Markup:
    """Return the section on the loss: charts where something was measured, and the first and last step in numbers."""
    if training.first is None or training.last is None:
        return Markup()
    ends = [training.first] if training.points == 1 else [training.first, training.last]
    rows = [
        (
            f"Step {point.step:,}",
            *(
                "–" if value is None else number(value)
                for value in (
                    point.train_loss,
                    point.valid_loss,
                    point.train_mean_token_accuracy,
                    point.valid_mean_token_accuracy,
                )
            ),
        )
        for point in ends
    ]
    columns = ("", "Training loss", "Validation loss", "Training accuracy", "Validation accuracy")
    drawings = [loss_chart(training.curve), accuracy_chart(training.curve)]
    skipped = (
        f"{plural(training.skipped_rows, 'row')} of results.csv could not be read." if training.skipped_rows else ""
    )
    return element(
        "section",
        element("h2", "Loss"),
        *(element("figure", drawing) for drawing in drawings if drawing),
        table(f"First and last of {plural(training.points, 'step')}", columns, rows, kind="numbers stack"),
        element("p", skipped, class_="quiet") if skipped else Markup(),
    )


def job(run: RunState) -> Markup:
    """Return the section on the fine-tuning job."""
    if run.job is None:
        return Markup()
    snapshot = run.job
    pairs: list[tuple[str, object]] = [
        ("Status", snapshot.status),
        ("Job", snapshot.id),
        ("Fine-tuned model", snapshot.fine_tuned_model),
        ("Trained tokens", f"{snapshot.trained_tokens:,}" if snapshot.trained_tokens is not None else ""),
        ("Epochs", snapshot.n_epochs),
        ("Batch size", snapshot.batch_size),
        ("Learning rate multiplier", snapshot.learning_rate_multiplier),
        ("Seed", snapshot.seed),
        ("Last event", snapshot.last_event),
        ("Error", " ".join(filter(None, (snapshot.error_code, snapshot.error_message)))),
    ]
    return element("section", element("h2", "Fine-tuning job"), facts(pairs))


def deployment(run: RunState) -> Markup:
    """Return the section on the deployment: what it is, how to call it, that it costs money."""
    if run.deployment is None:
        return Markup()
    made = run.deployment
    pairs = [
        ("Name", made.name),
        ("Model", made.model),
        ("SKU", made.sku),
        ("Capacity", f"{made.capacity:,} thousand tokens a minute"),
        ("State", made.provisioning_state),
    ]
    return element("section", element("h2", "Deployment"), facts(pairs), _hosting(run), _how_to_call(made.name))


def verification(run: RunState, record: VerificationRecord | None) -> Markup:
    """Return the section on the verification: verdicts, questions and answers."""
    answers = record.answers if record else []
    if run.verification is None and not answers:
        return Markup()
    counts = Markup()
    if summary := run.verification:
        origin = "the options" if summary.source == "options" else f"examples of the {summary.source} part"
        text = f"{summary.passed} of {plural(summary.asked, 'question')} from {origin} passed."
        compared = f" The base model answered through {summary.base_deployment}." if summary.base_deployment else ""
        counts = element("p", text, compared)
    answered = [_answered(position, answer) for position, answer in enumerate(answers, start=1)]
    return element("section", element("h2", "Verification"), counts, *answered)


def _statistics(summary: ValidationSummary) -> Markup:
    splits = {"Training": summary.training, "Validation": summary.validation}
    present = {name: split for name, split in splits.items() if split}
    if not present:
        return Markup()
    counts = [(name, *_counts(split)) for name, split in present.items()]
    spread = [
        (f"{name}, {what}", *_spread(distribution))
        for name, split in present.items()
        for what, distribution in (
            ("whole example", split.tokens_per_example),
            ("assistant", split.assistant_tokens_per_example),
        )
    ]
    over = f"Over {summary.limit_tokens:,}" if summary.limit_tokens else "Over the limit"
    return join(
        (
            table(
                f"Examples and tokens ({summary.encoding})",
                ("Split", "Examples", "Size", "Tokens", "Assistant tokens", over),
                counts,
                kind="numbers stack",
            ),
            table(
                "Tokens per example",
                ("Split", "Min", "Max", "Mean", "Median", "p5", "p95"),
                spread,
                kind="numbers stack",
            ),
        )
    )


def _counts(split: SplitStatistics) -> tuple[str, ...]:
    numbers = (split.total_tokens, split.assistant_tokens, split.over_limit)
    return (f"{split.examples:,}", size(split.size_bytes), *(f"{count:,}" for count in numbers))


def _spread(tokens: Distribution) -> tuple[str, ...]:
    averages = (tokens.mean, tokens.median, tokens.p5, tokens.p95)
    return (f"{tokens.minimum:,}", f"{tokens.maximum:,}", *(f"{value:,.1f}" for value in averages))


def _issues(issues: list[Issue], total: int) -> Markup:
    if not issues:
        return Markup()
    shown = sorted(issues, key=lambda issue: issue.severity)[:MAX_ISSUE_ROWS]
    rows = [
        (
            f"{issue.split}, {f'line {issue.line:,}' if issue.line else 'whole file'}",
            issue.severity,
            element("code", issue.code),
            issue.message,
            issue.remedy,
        )
        for issue in shown
    ]
    caption = f"{len(rows):,} of {plural(total, 'issue')}" if total > len(rows) else plural(len(rows), "issue")
    return table(caption, ("Where", "Severity", "Code", "What is wrong", "What to do"), rows, kind="issues stack")


def _hosting(run: RunState) -> Markup:
    price = run.estimate.hosting_usd_per_hour if run.estimate else None
    if price == 0:
        return element("p", "The developer tier costs nothing to host; the service deletes the deployment after a day.")
    amount = f"about {dollars(price)} an hour" if price else "by the hour"
    return element(
        "p", element("strong", f"It costs {amount}, used or not, until it is deleted."), " Delete it when done."
    )


def _how_to_call(name: str) -> Markup:
    body = json.dumps({"model": name, "messages": [{"role": "user", "content": "Hello"}]})
    command = (
        'curl "$AZURE_OPENAI_ENDPOINT/openai/v1/chat/completions" \\\n'
        '  -H "Authorization: Bearer $(az account get-access-token --resource https://cognitiveservices.azure.com '
        '--query accessToken -o tsv)" \\\n'
        f'  -H "Content-Type: application/json" \\\n  -d {shlex.quote(body)}'
    )
    return join((element("h3", "How to call it"), element("pre", command)))


def _answered(position: int, answered: AnsweredQuestion) -> Markup:
    question = answered.question
    verdict = f"✗ {problem_text(answered.problem)} ({answered.problem})" if answered.problem else "✓ passed"
    return element(
        "article",
        element("h3", f"Question {position}"),
        element("p", verdict, class_=f"verdict {'missed' if answered.problem else 'passed'}"),
        *(_turn(message.get("role", ""), message.get("content", "")) for message in question.messages),
        _turn("must contain", question.expected) if question.expected else Markup(),
        _turn(f"fine-tuned model ({answered.answer.model})", _answer_text(answered.answer), kind="tuned"),
        _turn(f"base model ({answered.base_answer.model})", _answer_text(answered.base_answer), kind="base")
        if answered.base_answer
        else Markup(),
        class_="answered",
    )


def _turn(role: str, text: str, *, kind: str = "asked") -> Markup:
    # The language and direction of a text are its own; it must not turn the words around it.
    return element(
        "div",
        element("p", role, class_="role"),
        element("p", _clip(text), class_="text", dir="auto"),
        class_=f"turn {kind}",
    )


def _answer_text(answer: ChatAnswer) -> str:
    return answer.text or f"(no text; finish_reason {answer.finish_reason or 'unknown'})"


def _clip(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({plural(len(text) - MAX_TEXT, 'character')} more)"
