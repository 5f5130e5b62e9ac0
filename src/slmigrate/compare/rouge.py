"""ROUGE, as the reference implementation `rouge-score` computes it. F-measures from 0 to 100.

Settings, and why: Porter stemming is on, because that is what published scores use (the authors of DialogSum give
45.9/21.4/38.7 for their BART-large; with stemming its recorded answers come to 45.8/21.2/38.8 here, without it to
43.7/19.9/37.3). For Lsum a text is split into sentences at line breaks and after `.`, `!` and `?`.

What fools it: it counts shared words, so a text that copies much of the input scores well, a correct answer in other
words scores badly, and "not" counts as little as any other word. Its tokenizer knows a to z and 0 to 9 only: in other
scripts every score is 0.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from slmigrate.records import Answer, Case

METRICS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
References = Literal["best", "mean"]
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Rouge:
    """ROUGE-1, -2, -L and -Lsum of answers against references.

    Args:
        references: a case with several: `best` takes, for each metric, the reference that matches most (as
            `rouge_score.RougeScorer.score_multi` does); `mean` the mean over all of them.
    """

    def __init__(self, *, references: References = "best") -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._references = references
        self._scorer: Any = RougeScorer(list(METRICS), use_stemmer=True)

    def score(self, answer: Answer, case: Case) -> dict[str, float]:
        """Score by metric, 0 to 100. A failed or empty answer is 0, and so is a case without references."""
        if answer.error is not None or not answer.answer.strip() or not case.references:
            return dict.fromkeys(METRICS, 0.0)
        return self.score_text(answer.answer, case.references)

    def score_text(self, answer: str, references: Sequence[str]) -> dict[str, float]:
        """Score by metric, 0 to 100, of a text against one or more references."""
        prediction = sentence_lines(answer)
        rows = [self._scorer.score(sentence_lines(reference), prediction) for reference in references]
        return {metric: self._joined([100 * row[metric].fmeasure for row in rows]) for metric in METRICS}

    def _joined(self, values: list[float]) -> float:
        return max(values) if self._references == "best" else sum(values) / len(values)


def sentence_lines(text: str) -> str:
    """The text with one sentence a line, which is how rouge-score finds sentences; the words stay the same."""
    return _SENTENCE_END.sub("\n", text.strip())
