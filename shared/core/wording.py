"""Say in words what a report shows: one sentence of state, durations, money, verdicts."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from shared.core.runs import RunState, StageName

_PROBLEMS = {
    "answer-filtered": "the content filter stopped the answer",
    "answer-empty": "the answer was empty",
    "answer-truncated": "the answer was cut off at the token limit",
    "answer-unfinished": "the answer did not end by itself",
    "answer-from-another-model": "another model than the fine-tuned one answered",
    "expected-phrase-missing": "the expected phrase is not in the answer",
}


def headline(state: RunState, now: datetime) -> str:
    """Return the one sentence that says where the run stands."""
    took = duration((state.finished_at or now) - state.requested_at)
    match state.status:
        case "running":
            return _running(state)
        case "succeeded":
            return f"{_succeeded(state)}, {took} after it was asked for."
        case "failed":
            return (
                f"The run of {state.dataset} failed in its {failed_stage(state)} stage, {took} after it was asked for."
            )
        case "rejected":
            return _rejected(state)
        case "superseded":
            return f"{state.dataset} was replaced by a newer version, which has a run of its own."
        case "cancelled":
            return f"The run of {state.dataset} was cancelled, {took} after it was asked for."


def failed_stage(state: RunState) -> StageName:
    """Return the stage in which a run ended early."""
    failed: list[StageName] = [record.name for record in state.stages if record.status == "failed"]
    return failed[0] if failed else state.stage


def problem_text(problem: str) -> str:
    """Return what a verification's problem code means."""
    return _PROBLEMS.get(problem, problem)


def duration(delta: timedelta) -> str:
    """Return a duration by its two largest units, such as 2 h 5 min."""
    seconds = round(max(delta.total_seconds(), 0))
    if seconds < 1:
        return "under 1 s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    largest = next(index for index, (_, size) in enumerate(units) if seconds >= size)
    parts: list[str] = []
    for name, size in units[largest : largest + 2]:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts)


def moment(at: datetime) -> str:
    """Return a time in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def dollars(usd: Decimal) -> str:
    """Return an amount of USD: cents, or hundredths of a cent below a dollar."""
    places = Decimal("0.01") if usd >= 1 or usd == 0 else Decimal("0.0001")
    return f"${usd.quantize(places, rounding=ROUND_HALF_UP):,}"


def size(count: int) -> str:
    """Return a number of bytes by the unit that keeps it short."""
    if count < 1_000:
        return f"{count} bytes"
    value, unit = count / 1_000, "kB"
    for larger in ("MB", "GB"):
        if value >= 1_000:
            value, unit = value / 1_000, larger
    return f"{value:,.1f} {unit}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _running(state: RunState) -> str:
    waiting = f", waiting for {state.waiting_for}" if state.waiting_for else ""
    return f"The run of {state.dataset} is in its {state.stage} stage{waiting}."


def _succeeded(state: RunState) -> str:
    model = state.plan.base_model if state.plan else "The base model"
    sentence = f"{model} was fine-tuned on {state.dataset}"
    if state.deployment:
        sentence += f", deployed as {state.deployment.name}"
    if state.verification:
        sentence += f" and gave {state.verification.passed} of {plural(state.verification.asked, 'answer')} as expected"
    return sentence


def _rejected(state: RunState) -> str:
    found = state.validation.error_count if state.validation else 0
    reason = f": validation found {plural(found, 'error')} in it" if found else f" in its {failed_stage(state)} stage"
    spent = "" if state.files or state.job else "; nothing was uploaded or spent"
    return f"{state.dataset} was rejected{reason}{spent}."
