"""One pass over the bytes of a split: every example checked and counted, nothing held but the line at hand."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from shared.core.checks import check_example
from shared.core.comparison import Known
from shared.core.examples import Example, other_format, parse_example
from shared.core.issues import MEANINGS, Finding, IssueLog
from shared.core.lines import Line, lines_of
from shared.core.meaning import SplitMeaning
from shared.core.plain_examples import is_plain_chat, parse_plain
from shared.core.plans import Method
from shared.core.statistics import SplitTally
from shared.core.tokens import count_example
from shared.core.validation import SplitName, SplitStatistics
from shared.core.weights import trained_tokens

# Azure OpenAI documentation, fine-tuning, of each file: "at least 10 examples". A smaller one turns to error.
MIN_EXAMPLES = 10
# An example that has an error and so many findings is not read on: a hostile line could have millions.
FINDINGS_PER_EXAMPLE = 100


class Rules(Struct, frozen=True, kw_only=True):
    """What examples are checked against; `count` returns the tokens of one text, `limit_tokens` 0 is no limit."""

    method: Method
    limit_tokens: int
    count: Callable[[str], int]


def check_split(
    chunks: Iterable[bytes], split: SplitName, rules: Rules, log: IssueLog, known: Known | None = None
) -> SplitStatistics | None:
    """Log every issue of a split and return its statistics; None when no example could be counted.

    Lines that are not blank are examples; tokens are those of the examples without errors, which are also compared with
    those in `known`, and kept there.
    """
    check = _SplitCheck(split, rules, log, known)
    for line in lines_of(chunks):
        if line.number == 1 and (format_name := other_format(line.data)):
            log.add(Finding("not-jsonl", f"it looks like {format_name}"), split, 0)
            return None
        check.take(line)
    return check.finished()


class _SplitCheck:
    def __init__(self, split: SplitName, rules: Rules, log: IssueLog, known: Known | None) -> None:
        self._split: SplitName = split
        self._rules, self._log = rules, log
        self._tally = SplitTally(limit_tokens=rules.limit_tokens)
        self._meaning = SplitMeaning(split, rules.method, rules.count, log, known)
        self._examples = self._size = 0

    def take(self, line: Line) -> None:
        self._size += line.size
        plain = None if line.too_long else parse_plain(line.data)
        if plain is not None:
            self._take_example(plain, line, is_sound=is_plain_chat(plain, self._rules.method))
            return
        example = Finding("line-too-long") if line.too_long else _example_of(line)
        if isinstance(example, Finding):
            self._examples += example.code != "blank-line"
            self._log.add(example, self._split, line.number)
            return
        self._take_example(example, line, is_sound=False)

    def _take_example(self, example: Example, line: Line, *, is_sound: bool) -> None:
        """Check and count an example; `is_sound` says that the checks are known to find nothing."""
        self._examples += 1
        self._meaning.look(example, line.number)
        if is_sound or self._is_sound(example, line.number):
            self._meaning.compare(example, line.data, line.number)
            tokens = count_example(example, self._rules.method, self._rules.count)
            trained = trained_tokens(example, self._rules.method, tokens.assistant, self._rules.count)
            if self._tally.add(tokens, trained):
                self._log.add(Finding("example-too-long"), self._split, line.number)

    def finished(self) -> SplitStatistics | None:
        if not self._examples:
            self._log.add(Finding("empty-dataset"), self._split, 0)
        elif self._examples < MIN_EXAMPLES:
            self._log.add(Finding("too-few-examples"), self._split, 0)
        self._meaning.finished()
        statistics = self._tally.statistics(examples=self._examples, size_bytes=self._size)
        return statistics and self._meaning.counted(statistics)

    def _is_sound(self, example: Example, number: int) -> bool:
        sound = True
        for found, finding in enumerate(check_example(example, self._rules.method), start=1):
            self._log.add(finding, self._split, number)
            sound = sound and MEANINGS[finding.code].severity != "error"
            if found >= FINDINGS_PER_EXAMPLE and not sound:
                break
        return sound


def _example_of(line: Line) -> Example | Finding:
    return parse_example(line.data, first=line.number == 1, ended=line.ended)
