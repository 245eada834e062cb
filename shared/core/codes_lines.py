"""What the codes of files, lines and JSON say."""

from typing import NamedTuple

from shared.core.validation import Severity


class Meaning(NamedTuple):
    """What a code says: sentences that hold no text of a dataset."""

    severity: Severity
    message: str
    remedy: str


_AS_JSON = "Write each line with a JSON library, one object a line."

LINES: dict[str, Meaning] = {
    # The file and its lines.
    "empty-dataset": Meaning(
        "error",
        "The file has no examples.",
        "Add examples; a validation file or validation_split may also be left out.",
    ),
    "not-jsonl": Meaning("error", "This is no JSONL file.", "Save the examples as UTF-8 text, one JSON object a line."),
    "too-few-examples": Meaning(
        "error", "The service takes no file of fewer than 10 examples.", "Add examples; hold out none, or more of them."
    ),
    "line-too-long": Meaning("error", "The line has more than 16 MiB.", "Shorten the example, or split it."),
    "blank-line": Meaning("warning", "The line is blank.", "Remove the line."),
    "misplaced-byte-order-mark": Meaning(
        "error", "A byte order mark stands inside the file.", "Remove it; files that were joined often have one."
    ),
    "not-utf8": Meaning("error", "The line is not UTF-8.", "Save the file as UTF-8."),
    # JSON.
    "truncated-line": Meaning(
        "error", "The last line breaks off in the middle.", "Write or copy the file again, to its end."
    ),
    "carriage-return-line-ends": Meaning(
        "error",
        "Lines end in a carriage return alone.",
        "Save the file with line feeds, or with carriage returns and line feeds.",
    ),
    "invalid-json": Meaning("error", "The line is not JSON.", _AS_JSON),
    "not-an-object": Meaning("error", "The line is not a JSON object.", _AS_JSON),
    "duplicate-key": Meaning("error", "An object has the same key twice.", "Keep one of them."),
    "not-a-number": Meaning("error", "NaN and Infinity are not JSON.", "Use a number, or null."),
    "number-out-of-range": Meaning("error", "A number is larger than JSON readers can hold.", "Use a smaller number."),
    "lone-surrogate": Meaning(
        "error", "A \\u escape is half of a character.", "Write the character itself, in UTF-8, or both halves."
    ),
    "too-deep": Meaning("error", "Values are nested more than 32 deep.", "Flatten the example."),
    "too-many-keys": Meaning("error", "An object has more than 1,000 keys.", "Flatten the example."),
}
