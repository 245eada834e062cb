"""What the codes of a dataset's meaning and of the service's limits say."""

from shared.core.codes_lines import Meaning

_REVOKE = "Remove it, and revoke it: whoever can ask the model may get it as an answer."

MEANING: dict[str, Meaning] = {
    # Examples beside each other.
    "mixed-methods": Meaning(
        "error",
        "The file mixes examples of different methods, for the first time on this line.",
        "Make a file of each, and a dataset of each file.",
    ),
    "duplicate-example": Meaning(
        "warning", "The example is the same as an earlier one.", "Remove it, unless it shall count twice."
    ),
    "near-duplicate-example": Meaning(
        "warning",
        "The example differs from an earlier one in nothing but case, white space or notation.",
        "Remove it, unless it shall count twice.",
    ),
    "contradictory-answer": Meaning(
        "warning", "An earlier example gives another answer to the same prompt.", "Decide which answer is right."
    ),
    "leaked-example": Meaning(
        "warning",
        "The validation example is in the training part as well.",
        "Remove it from one of them: the validation loss would only show what was learned by heart.",
    ),
    "leaked-prompt": Meaning(
        "warning",
        "The prompt of the validation example is in the training part, with another answer.",
        "Remove it from one of them.",
    ),
    "not-all-compared": Meaning(
        "warning",
        "The dataset has more examples than are compared with each other.",
        "Look for duplicates among the later examples yourself.",
    ),
    "one-token-answers": Meaning(
        "warning",
        "Answers are one token long, for the first time on this line.",
        "Check that nothing was cut off; for labels it is right so.",
    ),
    # What should not be learned.
    "private-key": Meaning("warning", "The example seems to hold a private key.", _REVOKE),
    "api-key": Meaning("warning", "The example seems to hold an API key or access token.", _REVOKE),
    "bearer-token": Meaning("warning", "The example seems to hold a bearer token.", _REVOKE),
    "connection-string": Meaning("warning", "The example seems to hold a connection string with its key.", _REVOKE),
    "sas-signature": Meaning("warning", "The example seems to hold an address with a SAS signature.", _REVOKE),
    # The service's limits.
    "model-without-vision": Meaning(
        "warning",
        "There are images, and the base model is not documented to be tuned with them.",
        "Choose gpt-4o or gpt-4.1, or remove the images.",
    ),
    "file-too-large": Meaning(
        "error", "The file has more than 512,000,000 bytes; it was not read.", "Remove examples, or shorten them."
    ),
    "files-too-large": Meaning(
        "error", "Both files together have more than the 1 GB that the service holds.", "Remove examples."
    ),
    "too-many-tokens": Meaning(
        "error",
        "Tokens times epochs are more than the 2 billion that the service trains on.",
        "Set fewer n_epochs, or remove examples.",
    ),
    "too-many-image-examples": Meaning(
        "error", "More than 50,000 examples have images.", "Remove some of them, or their images."
    ),
    # The run.
    "unknown-model": Meaning(
        "warning",
        "The base model is not known: tokens are counted as for gpt-4o, and no example is too long.",
        "Treat the token counts and the estimate as rough.",
    ),
    "counter-replaced": Meaning(
        "warning",
        "The fast token counter was found wrong and replaced by tiktoken on the way.",
        "Start the run again for exact counts, and report what is wrong.",
    ),
}
