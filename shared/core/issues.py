"""Every code of an issue with its severity, message and remedy, and the log that keeps the first of them.

Codes are stable; sentences may improve. No message holds text of the dataset: it names places, never what stands there.
"""

from collections import Counter

from msgspec import Struct

from shared.core.codes_formats import FORMATS
from shared.core.codes_lines import LINES, Meaning
from shared.core.codes_meaning import MEANING
from shared.core.validation import Issue, Severity, SplitName

# Of each severity so many are kept: a file with more of them is mended with its maker, not line by line.
ISSUES_KEPT = 1_000


class Finding(Struct, frozen=True):
    """An issue before it has a line: its code and where in the example it is, such as messages[2].role ("" for all).

    `where` may also say more than a place, as long as it holds no text of the dataset.
    """

    code: str
    where: str = ""


MEANINGS: dict[str, Meaning] = {**LINES, **FORMATS, **MEANING}


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
