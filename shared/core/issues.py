"""Every code of an issue with its severity, message and remedy, and the log that keeps the first of them.

Codes are stable; sentences may improve. No message holds text of the dataset: it names places, never what stands there.
"""

from collections import Counter
from typing import NamedTuple

from msgspec import Struct

from shared.core.validation import Issue, Severity, SplitName

# Of each severity so many are kept: a file with more of them is mended with its maker, not line by line.
ISSUES_KEPT = 1_000


class Finding(Struct, frozen=True):
    """An issue before it has a line: its code and where in the example it is, such as messages[2].role ("" for all).

    `where` may also say more than a place, as long as it holds no text of the dataset.
    """

    code: str
    where: str = ""


class Meaning(NamedTuple):
    """What a code says."""

    severity: Severity
    message: str
    remedy: str


_AS_JSON = "Write each line with a JSON library, one object a line."

MEANINGS: dict[str, Meaning] = {
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
    # The chat format.
    "wrong-method": Meaning(
        "error", "The example has the format of another method.", 'Set "method" in the options, or change the format.'
    ),
    "missing-messages": Meaning("error", "There is no list of messages.", "Give at least one message."),
    "message-not-an-object": Meaning("error", "The message is not an object.", "Write it as role and content."),
    "unknown-role": Meaning(
        "error", "The role is missing or unknown.", "Use system, user, assistant or tool, in lower case."
    ),
    "developer-role": Meaning(
        "warning", "Azure documents no developer role for training.", "Use system for gpt-4o and gpt-4.1 models."
    ),
    "missing-content": Meaning("error", "The message has no content.", "Only an assistant's tool call may have none."),
    "invalid-content": Meaning(
        "error", "The content is neither text nor a list of parts.", "Use a string, or parts of type text."
    ),
    "empty-answer": Meaning("warning", "An assistant's answer is empty.", "Remove the example, or give the answer."),
    "image-not-counted": Meaning(
        "warning", "Tokens of images are not counted.", "Expect to be billed for more tokens than the estimate says."
    ),
    "misplaced-image": Meaning("error", "An image stands outside a user message.", "Move it to a user message."),
    "invalid-weight": Meaning("error", "The weight is neither 0 nor 1.", "Use 0 or 1."),
    "misplaced-weight": Meaning("error", "A weight stands outside an assistant message.", "Remove the weight."),
    "nothing-to-learn": Meaning("warning", "Every assistant message has weight 0.", "Give one of them weight 1."),
    "invalid-name": Meaning("error", "The name is not a text of 1 to 64 characters.", "Shorten it, or leave it out."),
    "invalid-tool-call": Meaning(
        "error",
        "A tool call is not complete.",
        'Give it an id, type "function", and a function with name and arguments as strings.',
    ),
    "missing-tool-call-id": Meaning(
        "error", "A tool message answers no tool call.", "Give it the tool_call_id of the call that it answers."
    ),
    "invalid-tools": Meaning(
        "error", "The tools are not a list of functions.", 'Give each type "function" and a function with a name.'
    ),
    "deprecated-functions": Meaning(
        "warning", "functions and function_call are deprecated.", "Use tools and tool_calls."
    ),
    "missing-assistant-message": Meaning(
        "error", "There is no assistant message to learn from.", "Add the answer that the model shall learn."
    ),
    "last-message-not-assistant": Meaning(
        "error", "The last message is not the assistant's.", "End the example with the answer."
    ),
    "missing-user-message": Meaning("warning", "There is no user message.", "Add what the answer answers."),
    "unknown-key": Meaning("warning", "There is a key that the service does not know.", "Remove it, or mend its name."),
    "example-too-long": Meaning(
        "warning",
        "The example has more tokens than the model trains on; the service cuts off its end, the answer.",
        "Shorten the example, or split it.",
    ),
    # Preference pairs.
    "missing-input": Meaning("error", "There is no input with messages.", "Give input.messages."),
    "invalid-output": Meaning(
        "error", "An output is not a list that ends with an assistant message.", "Give one assistant message."
    ),
    "same-outputs": Meaning(
        "warning", "The preferred and the other output are the same.", "Remove the example: it teaches nothing."
    ),
    # The run.
    "unknown-model": Meaning(
        "warning",
        "The base model is not known: tokens are counted as for gpt-4o, and no example is too long.",
        "Treat the token counts and the estimate as rough.",
    ),
}


class IssueLog:
    """Counts every issue and keeps the first of each severity."""

    def __init__(self) -> None:
        self.by_code: Counter[str] = Counter()
        self._kept: dict[Severity, list[Issue]] = {"error": [], "warning": []}

    def add(self, finding: Finding, split: SplitName, line: int) -> None:
        """Count a finding on a line (0: the file as a whole)."""
        meaning = MEANINGS[finding.code]
        self.by_code[finding.code] += 1
        kept = self._kept[meaning.severity]
        if len(kept) < ISSUES_KEPT:
            kept.append(issue_for(finding, split, line))

    def count(self, severity: Severity) -> int:
        """Return how many issues of a severity were found."""
        return sum(times for code, times in self.by_code.items() if MEANINGS[code].severity == severity)

    def issues(self) -> list[Issue]:
        """Return the first issues in the order of their finding, errors before warnings."""
        return (self._kept["error"] + self._kept["warning"])[:ISSUES_KEPT]


def issue_for(finding: Finding, split: SplitName, line: int) -> Issue:
    """Return the issue that a finding on a line is."""
    meaning = MEANINGS[finding.code]
    return Issue(
        code=finding.code,
        severity=meaning.severity,
        split=split,
        line=line,
        message=f"{meaning.message.removesuffix('.')} ({finding.where})." if finding.where else meaning.message,
        remedy=meaning.remedy,
    )
