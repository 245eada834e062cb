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
# Of each code the first ones are kept whatever came before: a flood of one code hides no other. All codes together must
# stay far under the bound.
FIRST_OF_CODE = 5


class Finding(Struct, frozen=True):
    """An issue before it has a line: its code and where in the example it is, such as messages[2].role ("" for all).

    `where` may also say more than a place, as long as it holds no text of the dataset.
    """

    code: str
    where: str = ""


MEANINGS: dict[str, Meaning] = {**LINES, **FORMATS, **MEANING}


class IssueLog:
    """Counts every issue and keeps the first of each severity, and the very first of each code."""

    def __init__(self) -> None:
        self.by_code: Counter[str] = Counter()
        # Each with whether it is one of the first of its code.
        self._kept: dict[Severity, list[tuple[Issue, bool]]] = {"error": [], "warning": []}

    def add(self, finding: Finding, split: SplitName, line: int) -> None:
        """Count a finding on a line (0: the file as a whole)."""
        self.by_code[finding.code] += 1
        kept = self._kept[MEANINGS[finding.code].severity]
        is_first = self.by_code[finding.code] <= FIRST_OF_CODE
        if is_first or len(kept) < ISSUES_KEPT:
            kept.append((issue_for(finding, split, line), is_first))

    def count(self, severity: Severity) -> int:
        """Return how many issues of a severity were found."""
        return sum(times for code, times in self.by_code.items() if MEANINGS[code].severity == severity)

    def issues(self) -> list[Issue]:
        """Return the first issues in the order of their finding, errors before warnings."""
        kept = self._kept["error"] + self._kept["warning"]
        room = ISSUES_KEPT - sum(is_first for _, is_first in kept)
        issues: list[Issue] = []
        for issue, is_first in kept:
            room -= not is_first
            if is_first or room >= 0:
                issues.append(issue)
        return issues


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
