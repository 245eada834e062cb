"""A run of which everything is known, and a reader of the pages on it."""

from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

from shared.core.deployments import DeploymentSnapshot
from shared.core.failures import Failure
from shared.core.jobs import JobSnapshot
from shared.core.plans import Blob, Hyperparameters, Plan
from shared.core.pricing import PRICES_OF
from shared.core.runs import ReportLinks, RunState, StageRecord, UploadedFiles
from shared.core.validation import (
    CostEstimate,
    Distribution,
    SplitStatistics,
    ValidationSummary,
)
from shared.core.verification import VerificationSummary

ASKED_AT = datetime(2026, 8, 11, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 8, 11, 9, 45, tzinfo=UTC)


def full_run(text: str) -> RunState:
    """Return a run in which everything is known, and every free text is `text`."""
    blob = Blob(container="datasets", path=text, etag=text, size=1_500_000)
    tokens = Distribution(minimum=1, maximum=90, mean=20.25, median=18.5, p5=2.0, p95=80.0)
    split = SplitStatistics(
        examples=10,
        size_bytes=2_704,
        total_tokens=4_800,
        assistant_tokens=900,
        over_limit=0,
        tokens_per_example=tokens,
        assistant_tokens_per_example=tokens,
    )
    return RunState(
        run_id=text,
        dataset=text,
        etag=text,
        source="http",
        requested_at=ASKED_AT,
        status="succeeded",
        stage="publication",
        stages=[StageRecord(name="intake", status="succeeded", started_at=ASKED_AT, finished_at=NOW)],
        plan=Plan(
            run_id=text,
            training=blob,
            validation=blob,
            options_file=blob,
            base_model=text,
            method="supervised",
            seed=1,
            suffix=text,
            hyperparameters=Hyperparameters(),
            training_type="GlobalStandard",
            deployment_name=text,
            sku=text,
            capacity=1,
            validation_split=0.2,
        ),
        validation=ValidationSummary(valid=True, encoding=text, limit_tokens=65_536, training=split, validation=split),
        estimate=CostEstimate(
            n_epochs=10,
            n_epochs_source="cookbook rule",
            training_tokens=48_000,
            training_usd=Decimal("0.1440"),
            hosting_usd_per_hour=Decimal("1.70"),
            prices_of=PRICES_OF,
            assumptions=[text],
        ),
        files=UploadedFiles(training=text, validation=text),
        job=JobSnapshot(
            id=text,
            status=text,
            fine_tuned_model=text,
            trained_tokens=24_000,
            n_epochs=text,
            result_file=text,
            error_code=text,
            error_message=text,
            last_event=text,
        ),
        deployment=DeploymentSnapshot(name=text, model=text, sku=text, capacity=10, provisioning_state=text),
        verification=VerificationSummary(asked=1, passed=1, source="options", base_deployment=text),
        failure=Failure(code=text, message=text, remedy=text, detail=text),
        warnings=[text],
        cleaned_up=[text],
        report=ReportLinks(json=text, html=text),
    )


class Outline(HTMLParser):
    """Collects the elements of a page, and fails at one that is not closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text that is shown."""
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]
