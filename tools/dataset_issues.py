"""Write docs/dataset-issues.md, the table of every issue that a dataset can have: python -m tools.dataset_issues."""

import json
from pathlib import Path
from typing import Any

from shared.core.codes_formats import FORMATS
from shared.core.codes_lines import LINES, Meaning
from shared.core.codes_meaning import MEANING
from tools.dataset_issue_examples import EXAMPLES, WORDS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "dataset-issues.md"

_INTRODUCTION = """\
# What validation finds in a dataset

Every line is checked before anything is uploaded or paid for. An error ends the run; a warning is told and tolerated.
An issue names its line (0: the file as a whole) and its place in the line, never the text that stands there. Codes are
stable; sentences may improve.

The tables are written from the code (`python -m tools.dataset_issues`), and a test checks that each example has its
issue; where it has two lines, the second has it. Rules that Azure documents are errors; what is only likely to be a
mistake is a warning.

Only `\\n` ends a line; a carriage return before it is white space, and U+2028 is text like any other. One byte order
mark may begin the file. Of the first 786,432 examples, two hashes of 16 bytes are kept to compare them (64 MiB at
most); e-mail addresses and phone numbers are counted, and nothing of them is kept.
"""

_TABLES: dict[str, dict[str, Meaning]] = {
    "The file, its lines and their JSON": LINES,
    "The format of an example": FORMATS,
    "What examples mean, and the limits of the service": MEANING,
}


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRODUCTION, *(_table(title, codes) for title, codes in _TABLES.items())])


def line_of(example: Any) -> str:
    """Return an example of the table as the line that it is."""
    return example if isinstance(example, str) else json.dumps(example)


def _table(title: str, codes: dict[str, Meaning]) -> str:
    head = f"## {title}\n\n| Code | Severity | What is wrong | What to do | For example |\n|---|---|---|---|---|\n"
    return head + "".join(_row(code, meaning) for code, meaning in codes.items())


def _row(code: str, meaning: Meaning) -> str:
    return f"| `{code}` | {meaning.severity} | {meaning.message} | {meaning.remedy} | {_example(code)} |\n"


def _example(code: str) -> str:
    if code in WORDS:
        return WORDS[code]
    lines = [line_of(example) for example in EXAMPLES[code]]
    return "<br>".join(f"`{line}`" if line else "(nothing)" for line in lines) or "(nothing)"


if __name__ == "__main__":
    PAGE.write_text(page())
