"""Publish what a run found and did: report.json, report.html, and index tags on its dataset."""

from datetime import datetime

from msgspec.structs import replace

from shared.codec import from_json, to_json
from shared.core.intake import private_path
from shared.core.plans import Blob
from shared.core.report_html import render_report
from shared.core.reports import build_report, index_tags_for, report_links_for
from shared.core.results import parse_results
from shared.core.runs import ReportLinks, RunState
from shared.core.validation import ValidationDetail
from shared.core.verification import VerificationRecord
from shared.errors import BlobChanged, NotFound, PayloadError, PermissionDenied, RequestRefused
from shared.ports import BlobStore
from shared.settings import DATASETS_CONTAINER


def publish_report(
    blobs: BlobStore,
    results: bytes | None,
    state: RunState,
    *,
    reports_container: str,
    state_container: str,
    now: datetime,
) -> ReportLinks:
    """Write the report of a run and tag its dataset; twice is as good as once.

    `state` carries the status that the run ends with; `results` is the job's results.csv, None where there is none.
    """
    warnings: list[str] = []
    detail = _read(blobs, state_container, private_path(state.run_id, "validation.json"), ValidationDetail, warnings)
    record = _read(
        blobs, state_container, private_path(state.run_id, "verification.json"), VerificationRecord, warnings
    )
    _mark_dataset(blobs, state, warnings)
    links = report_links_for(reports_container, state.dataset, state.run_id)
    report = build_report(
        replace(state, report=links, warnings=[*state.warnings, *warnings]),
        detail=detail,
        results=None if results is None else parse_results(results),
        now=now,
    )
    _write(blobs, links.json, to_json(report), "application/json")
    _write(blobs, links.html, render_report(report, record).encode(), "text/html; charset=utf-8")
    return links


def _read[T](blobs: BlobStore, container: str, path: str, kind: type[T], warnings: list[str]) -> T | None:
    """Return a private part of the report; one that cannot be read costs a warning, not the report."""
    data = blobs.read(container, path)
    try:
        return None if data is None else from_json(data, kind)
    except PayloadError:
        # The error's text may quote the blob, which is private.
        warnings.append(f"The report leaves out {path}: it could not be read.")
        return None


def _write(blobs: BlobStore, link: str, data: bytes, content_type: str) -> None:
    container, _, path = link.partition("/")
    blobs.write(container, path, data, content_type=content_type)


def _mark_dataset(blobs: BlobStore, state: RunState, warnings: list[str]) -> None:
    """Tag the blob that was dropped; one that cannot be tagged costs a warning, not the report.

    An error that passes is raised, so that the engine tries again.
    """
    if state.status == "superseded":
        return
    # Not the plan's training blob: that is a private one where a validation split was asked for.
    dropped = Blob(container=DATASETS_CONTAINER, path=state.dataset, etag=state.etag, size=0)
    try:
        tagged = blobs.tag(dropped, index_tags_for(state))
    except (PermissionDenied, NotFound, BlobChanged, RequestRefused):
        tagged = False
    if not tagged:
        warnings.append(
            "The dataset could not be tagged with the run's outcome: it has changed, its storage account has no index "
            "tags, or the app may not write them."
        )
