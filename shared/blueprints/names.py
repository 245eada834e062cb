"""The names of functions that live in histories: a rename breaks the runs in flight."""

from typing import Final

RUN_DATASET: Final = "run_dataset"
WAIT_FOR_CHECK: Final = "wait_for_check"

FIND_PARTS: Final = "find_parts"
SETTLE_PLAN: Final = "settle_plan"
SPLIT_DATASET: Final = "split_dataset"
VALIDATE_DATASET: Final = "validate_dataset"
ADMIT_RUN: Final = "admit_run"
UPLOAD_FILE: Final = "upload_file"
CHECK_FILE: Final = "check_file"
CREATE_FINE_TUNING_JOB: Final = "create_fine_tuning_job"
CHECK_FINE_TUNING_JOB: Final = "check_fine_tuning_job"
CREATE_DEPLOYMENT: Final = "create_deployment"
CHECK_DEPLOYMENT: Final = "check_deployment"
PROBE_DEPLOYMENT: Final = "probe_deployment"
VERIFY_DEPLOYMENT: Final = "verify_deployment"
CLEAN_UP: Final = "clean_up"
CHECK_CLEAN_UP: Final = "check_clean_up"
RELEASE_RUN: Final = "release_run"
PUBLISH_REPORT: Final = "publish_report"
