"""Says what came of a run: numbers, ids, answers, or why it failed and what to do."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from emulators.local.runs import Run

# A report can name thousands of findings; a terminal needs the first few, the report has the rest.
ISSUES_SHOWN = 5

OUTCOMES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "rejected": "was rejected",
    "superseded": "was superseded",
    "cancelled": "was cancelled",
}


def print_summary(console: Console, run: Run, report: dict[str, Any] | None, answers: list[dict[str, Any]]) -> None:
    """Print what is known of a run that has ended, and its questions with both models' answers."""
    console.print()
    for label, value in _facts(run, report or {}):
        line = Text.assemble((f"{label:<16}", "bold"), value)
        console.print(line, soft_wrap=True)
    _print_issues(console, run)
    for answer in answers:
        _print_answer(console, answer)


def print_outcome(console: Console, run: Run, copies: dict[str, Path]) -> None:
    """Print where the report lies, then in one line whether the run succeeded, or its failure with the remedy."""
    if "html" in copies:
        console.print(Text.assemble("\n", (f"{'Report':<16}", "bold"), copies["html"].as_uri()), soft_wrap=True)
    console.print()
    failure, outcome = run["failure"], OUTCOMES.get(run["status"], run["status"])
    if failure is None:
        colour = "bold green" if run["status"] == "succeeded" else "bold red"
        console.print(Text(f"The run {outcome}.", style=colour))
        return
    console.print(Text(f"The run {outcome}: {failure['code']}", style="bold red"), soft_wrap=True)
    for line in (failure["message"], failure["detail"], failure["remedy"]):
        if line:
            console.print(Text(f"  {line}"), soft_wrap=True)


def _facts(run: Run, report: dict[str, Any]) -> list[tuple[str, str]]:
    job, deployment = run["job"] or {}, run["deployment"] or {}
    facts = [("Run", run["run_id"]), *_statistics(run), *_estimate(run)]
    files = run["files"] or {}
    facts += [(f"{kind.capitalize()} file", files[kind]) for kind in ("training", "validation") if files.get(kind)]
    if job:
        facts.append(("Job", f"{job['id']}, {job['status']}"))
    if job.get("trained_tokens"):
        facts.append(("Trained", f"{job['trained_tokens']:,} tokens"))
    facts += _losses(report.get("training") or {})
    if job.get("fine_tuned_model"):
        facts.append(("Model", job["fine_tuned_model"]))
    if deployment:
        sku = f"{deployment['sku']}, capacity {deployment['capacity']}"
        facts.append(("Deployment", f"{deployment['name']} ({sku}, {deployment['provisioning_state']})"))
    return facts


def _statistics(run: Run) -> list[tuple[str, str]]:
    validation = run["validation"] or {}
    facts = []
    for split in ("training", "validation"):
        counts = validation.get(split)
        if counts:
            facts.append((split.capitalize(), f"{counts['examples']:,} examples"))
            for kind, total, spread in (
                ("tokens", counts["total_tokens"], counts["tokens_per_example"]),
                ("assistant", counts["assistant_tokens"], counts["assistant_tokens_per_example"]),
            ):
                facts.append((f"  {kind}", f"{total:,}; per example {_spread(spread)}"))
    return facts


def _spread(spread: dict[str, float]) -> str:
    """Return a distribution as the lab prints it: min/max, mean/median, p5/p95."""
    ends = f"min {spread['minimum']:,} / max {spread['maximum']:,}"
    middle = f"mean {spread['mean']:,.1f} / median {spread['median']:,.1f}"
    return f"{ends}, {middle}, p5 {spread['p5']:,.1f} / p95 {spread['p95']:,.1f}"


def _estimate(run: Run) -> list[tuple[str, str]]:
    estimate = run["estimate"]
    if estimate is None:
        return []
    training = f"${estimate['training_usd']} for {estimate['training_tokens']:,} tokens"
    epochs = "1 epoch" if estimate["n_epochs"] == 1 else f"{estimate['n_epochs']} epochs"
    epochs += f" by the {estimate['n_epochs_source']}"
    hosting = f"${estimate['hosting_usd_per_hour']} an hour while deployed"
    return [("Estimate", f"{training} ({epochs}), then {hosting}; prices of {estimate['prices_of']}")]


def _losses(training: dict[str, Any]) -> list[tuple[str, str]]:
    first, last = training.get("first"), training.get("last")
    if not first or not last or first["train_loss"] is None or last["train_loss"] is None:
        return []
    steps = f"step {first['step']} to step {last['step']}"
    return [("Training loss", f"{first['train_loss']:.3f} at first, {last['train_loss']:.3f} at last ({steps})")]


def _print_issues(console: Console, run: Run) -> None:
    validation = run["validation"] or {}
    issues = validation.get("issues", [])
    for issue in issues[:ISSUES_SHOWN]:
        place = f"{issue['split']} line {issue['line']}" if issue["line"] else issue["split"]
        colour = "red" if issue["severity"] == "error" else "yellow"
        finding = f"{place} ({issue['code']}): {issue['message']} "
        line = Text.assemble((f"{issue['severity']:<16}", colour), finding, (issue["remedy"], "dim"))
        console.print(line, soft_wrap=True)
    hidden = validation.get("error_count", 0) + validation.get("warning_count", 0) - len(issues[:ISSUES_SHOWN])
    if hidden > 0:
        console.print(f"{'':<16}and {hidden:,} more in the report", soft_wrap=True)


def _print_answer(console: Console, answer: dict[str, Any]) -> None:
    question = answer["question"]["messages"][-1]["content"]
    console.print(Text.assemble("\n", (question, "bold")), soft_wrap=True)
    if answer["base_answer"]:
        console.print(Text.assemble(("  base   ", "dim"), answer["base_answer"]["text"]), soft_wrap=True)
    verdict = (f"  ({answer['problem']})", "red") if answer["problem"] else ""
    console.print(Text.assemble(("  tuned  ", "cyan"), answer["answer"]["text"], verdict), soft_wrap=True)
