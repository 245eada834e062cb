"""Write report.html: one self-contained page on a run, from the sentence of its state to the ids to copy."""

from datetime import datetime, timedelta

from shared.core import report_sections as sections
from shared.core.markup import Markup, element, facts, items, join, table
from shared.core.report_style import STYLE
from shared.core.reports import RunReport
from shared.core.runs import RunState, StageRecord
from shared.core.verification import VerificationRecord
from shared.core.wording import dollars, duration, headline, moment, size

# The page needs nothing but itself, whatever a text in it tries.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_report(report: RunReport, record: VerificationRecord | None) -> str:
    """Return the page; it shows the questions and answers of `record`, so it is as private as they are."""
    run = report.run
    body = element(
        "main",
        element("h1", f"Fine-tuning run {run.run_id}"),
        element(
            "div",
            element("p", element("span", run.status, class_="status"), ". ", headline(run, report.generated_at)),
            class_=f"banner {run.status}",
        ),
        _failure(run),
        _warnings(run),
        _summary(run),
        _timeline(run),
        sections.validation(report),
        sections.curve(report.training),
        sections.job(run),
        sections.deployment(run),
        sections.verification(run, record),
        _cost(report),
        _ids(run),
    )
    footer = element("footer", element("p", "Written by tunedrop on ", _time(report.generated_at), "."))
    page = element("html", _head(run), element("body", body, footer), lang="en")
    return f"<!doctype html>\n{page}\n"


def _head(run: RunState) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("meta", http_equiv="Content-Security-Policy", content=CONTENT_SECURITY_POLICY),
        element("title", f"{run.status}: {run.dataset} ({run.run_id})"),
        element("style", Markup(STYLE)),
    )


def _failure(run: RunState) -> Markup:
    if run.failure is None:
        return Markup()
    return element(
        "section",
        element("h2", "Why it ended"),
        facts(
            [
                ("Code", element("code", run.failure.code)),
                ("What happened", run.failure.message),
                ("What to do", run.failure.remedy),
                ("The service said", run.failure.detail),
            ]
        ),
        class_="failure",
    )


def _warnings(run: RunState) -> Markup:
    return element("section", element("h2", "Warnings"), items(run.warnings)) if run.warnings else Markup()


def _summary(run: RunState) -> Markup:
    plan = run.plan
    pairs: list[tuple[str, object]] = [
        ("Dataset", run.dataset),
        ("Asked for by", "an HTTP call" if run.source == "http" else "a blob event"),
        ("Asked for at", _time(run.requested_at)),
        ("Ended at", _time(run.finished_at) if run.finished_at else ""),
    ]
    if plan:
        pairs += [
            ("Training part", f"{plan.training.path}, {size(plan.training.size)}"),
            ("Validation part", f"{plan.validation.path}, {size(plan.validation.size)}" if plan.validation else ""),
            ("Held out of it", f"{plan.validation_split:.0%} of the examples" if plan.validation_split else ""),
            ("Options", plan.options_file.path if plan.options_file else ""),
            ("Base model", plan.base_model),
            ("Method", plan.method),
            ("Training type", plan.training_type),
        ]
    pairs.append(("Fine-tuned model", run.job.fine_tuned_model if run.job else ""))
    return element("section", element("h2", "Summary"), facts(pairs))


def _timeline(run: RunState) -> Markup:
    started = [record.started_at for record in run.stages if record.started_at]
    ended = [record.finished_at or record.started_at for record in run.stages if record.started_at]
    whole = (min(started), max(at for at in ended if at)) if started else None
    rows = [
        (
            record.name,
            _stage_status(record),
            _time(record.started_at) if record.started_at else "",
            duration(record.finished_at - record.started_at) if record.started_at and record.finished_at else "",
            _bar(record, *whole) if whole else "",
        )
        for record in run.stages
    ]
    columns = ("Stage", "Status", "Started", "Took", "When")
    return element(
        "section",
        element("h2", "Stages"),
        table("When each stage ran and how it ended", columns, rows, kind="timeline stack"),
    )


def _stage_status(record: StageRecord) -> str:
    # The report is written while its own stage runs.
    return "this report" if record.name == "publication" and record.status == "running" else record.status


def _bar(record: StageRecord, start: datetime, end: datetime) -> Markup:
    if not record.started_at:
        return Markup()
    whole = max(end - start, timedelta(seconds=1))
    left = min((record.started_at - start) / whole, 0.99)
    width = ((record.finished_at or record.started_at) - record.started_at) / whole
    style = f"margin-left:{left:.1%};width:{max(min(width, 1 - left), 0):.1%}"
    return element("span", class_=f"bar {record.status}", style=style, aria_hidden="true")


def _cost(report: RunReport) -> Markup:
    run, estimate = report.run, report.run.estimate
    if estimate is None:
        return Markup()
    pairs: list[tuple[str, object]] = [
        ("Training, estimated", f"{dollars(estimate.training_usd)} for {estimate.training_tokens:,} tokens"),
        ("Epochs", f"{estimate.n_epochs} ({estimate.n_epochs_source})"),
    ]
    if run.job and run.job.trained_tokens and estimate.training_tokens:
        usd = estimate.training_usd * run.job.trained_tokens / estimate.training_tokens
        pairs.append(("Training, by the job", f"about {dollars(usd)} for {run.job.trained_tokens:,} trained tokens"))
    pairs.append(("Hosting", f"{dollars(estimate.hosting_usd_per_hour)} an hour until the deployment is deleted"))
    return element(
        "section",
        element("h2", "Cost"),
        element("p", report.estimate_note),
        facts(pairs),
        element("h3", "What the estimate assumes"),
        items(estimate.assumptions),
    )


def _ids(run: RunState) -> Markup:
    files, job, links = run.files, run.job, run.report
    pairs = [
        ("Run", run.run_id),
        ("Dataset version (ETag)", run.etag),
        ("Training file", files.training if files else ""),
        ("Validation file", files.validation if files else ""),
        ("Fine-tuning job", job.id if job else ""),
        ("Results file", job.result_file if job else ""),
        ("Fine-tuned model", job.fine_tuned_model if job else ""),
        ("Deployment", run.deployment.name if run.deployment else ""),
        ("report.json", links.json if links else ""),
        ("report.html", links.html if links else ""),
    ]
    copyable = facts((name, element("span", value, class_="id")) for name, value in pairs if value)
    cleaned = join((element("h3", "Cleaned up"), items(run.cleaned_up))) if run.cleaned_up else Markup()
    return element("section", element("h2", "Ids to copy"), copyable, cleaned)


def _time(at: datetime) -> Markup:
    return element("time", moment(at), datetime=at.isoformat())
