"""Why the service ends a job without a model, in its own words."""

# Published texts (how-to-fine-tuning-safety-evaluation-content); the codes are the published set's nearest, as no
# failed job with a code was ever recorded.
FAILURES = {
    "fail_data_check": (
        "contentFilter",
        (
            "The provided training data failed RAI checks for harm types: [hate_fairness, self_harm, violence]. Please "
            "fix the data and try again."
        ),
    ),
    "fail_model_evaluation": (
        "contentFilter",
        (
            "This model is unable to be deployed. Model evaluation identified that this fine tuned model scores above "
            "acceptable thresholds for [Violence, Self Harm]. Please review your training data set and resubmit the "
            "job."
        ),
    ),
    "fail_invalid_data": ("jsonlValidationFailed", "Validation of jsonl file failed: Line 1: has no messages."),
    "fail_internal": ("internalFailure", "The fine-tuning job failed because of an internal error."),
}
