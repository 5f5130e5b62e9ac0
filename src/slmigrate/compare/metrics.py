"""Every metric: what it measures, what it needs, where it comes from, what fools it. docs/metrics.md is made of this.

All run from 0 to 100, higher is better, one score per case. A missing or empty answer scores 0 in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slmigrate.compare.structured import is_json, label_of
from slmigrate.errors import CompareError
from slmigrate.records import Case

Needs = Literal["references", "labels", "json", "nothing", "old answers", "embeddings", "a judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way to score an answer."""

    name: str
    what: str
    fooled_by: str
    source: str
    needs: Needs = "references"
    binary: bool = False
    """Every case is right or wrong: the interval is a score interval."""
    shown: bool = True
    """Computed wherever the cases allow it. False: only where it is asked for."""


_LIN = "Lin 2004, aclanthology.org/W04-1013; library rouge-score"
_WORDS = "copied words in a wrong sense; a right answer in other words. Knows a to z and 0 to 9 only"

METRICS = {
    metric.name: metric
    for metric in (
        Metric(name="rouge1", what="words shared with the reference, F1, stemmed", fooled_by=_WORDS, source=_LIN),
        Metric(name="rouge2", what="pairs of words shared with the reference, F1", fooled_by=_WORDS, source=_LIN),
        Metric(name="rougeL", what="longest common subsequence of words, F1", fooled_by=_WORDS, source=_LIN),
        Metric(
            name="rougeLsum",
            what="the same by sentences; what papers on summaries often call ROUGE-L",
            fooled_by=_WORDS,
            source=_LIN,
        ),
        Metric(
            name="chrf",
            what="shared character 1- to 6-grams (chrF2); any script",
            fooled_by="as ROUGE; related words count in part, so it is kinder to inflection",
            source="Popović 2015, aclanthology.org/W15-3049; library sacrebleu",
        ),
        Metric(
            name="similarity",
            what="cosine of sentence embeddings of answer and reference (all-MiniLM-L6-v2)",
            fooled_by="negation, numbers, names; reads 256 tokens; any two texts on one subject are close",
            source="Reimers & Gurevych 2019, arXiv 1908.10084",
            needs="embeddings",
            shown=False,
        ),
        Metric(
            name="length",
            what="words of the shorter over words of the longer of answer and reference",
            fooled_by="any text of the right length",
            source="none: arithmetic",
        ),
        Metric(
            name="exact",
            what="the answer is one of the references",
            fooled_by="a right answer in other words is wrong",
            source="none: equality",
            binary=True,
            shown=False,
        ),
        Metric(
            name="normalised",
            what="the same without case, punctuation, English articles",
            fooled_by="as exact; '-5' is '5'",
            source="Rajpurkar et al. 2016, arXiv 1606.05250",
            binary=True,
            shown=False,
        ),
        Metric(
            name="accuracy",
            what="the answer is the case's label (normalised)",
            fooled_by="the commonest label, where labels are uneven",
            source="none: equality",
            needs="labels",
            binary=True,
        ),
        Metric(
            name="macro_f1",
            what="F1 of each label, averaged over labels; not a mean over cases",
            fooled_by="labels with few cases decide as much as others, so its interval is wide",
            source="as scikit-learn's f1_score(average='macro') over the right labels",
            needs="labels",
        ),
        Metric(
            name="json_valid",
            what="the whole answer is a JSON object or array",
            fooled_by="any JSON; a fence around right JSON is wrong, as for a program that reads it",
            source="RFC 8259; Python's json",
            needs="json",
            binary=True,
        ),
        Metric(
            name="json_fields",
            what="F1 over path and value of the reference's fields",
            fooled_by="an equal value in other words; a list in another order",
            source="none: set overlap",
            needs="json",
        ),
        Metric(
            name="unrepeated",
            what="different trigrams of words over all trigrams",
            fooled_by="short answers, which repeat nothing",
            source="Welleck et al. 2019, arXiv 1908.04319 (seq-rep-n, turned round)",
            needs="nothing",
        ),
        Metric(
            name="faithful",
            what="no number, date, time, name, mention, link or quote that the input does not hold",
            fooled_by="a wrong sentence of right names; names in lower case; a sum of two figures counts as made up",
            source="entity-based faithfulness after Nan et al. 2021, arXiv 2102.09130; slmigrate.grounding",
            needs="nothing",
            binary=True,
        ),
        Metric(
            name="agreement",
            what="ROUGE-L F1 with the old model's own answer; the old one scores 100",
            fooled_by="an old model that is wrong: agreeing with it is then no merit, a better answer scores low",
            source=_LIN,
            needs="old answers",
        ),
        Metric(
            name="judge",
            what="a model that reads both answers in both orders: better 100, tie 50, worse 0; kept is against 50",
            fooled_by="length, order and style (order is asked both ways, a preference that flips is a tie)",
            source="Zheng et al. 2023, arXiv 2306.05685",
            needs="a judge",
            shown=False,
        ),
    )
}


def default_metric(cases: Sequence[Case]) -> str:
    """What decides where nothing was named: rougeL with references, accuracy with labels, agreement without either."""
    if all(case.references for case in cases):
        return "rougeL"
    return "accuracy" if all(label_of(case) is not None for case in cases) else "agreement"


def computable(name: str, cases: Sequence[Case]) -> bool:
    """Whether the cases hold what the metric needs. Models that it needs are not looked at."""
    needs = METRICS[name].needs
    if needs in ("references", "embeddings"):
        return all(case.references for case in cases)
    if needs == "labels":
        return all(label_of(case) is not None for case in cases)
    if needs == "json":
        return all(case.references and all(is_json(text) for text in case.references) for case in cases)
    return True


def shown(cases: Sequence[Case], asked: Sequence[str]) -> list[str]:
    """What is computed: all that is asked for, and what the cases allow at no further cost."""
    free = [name for name, metric in METRICS.items() if metric.shown and metric.needs != "old answers"]
    given = [name for name in free if computable(name, cases)]
    if any(case.labels is None for case in cases):  # a reference serves as label only where that is asked for
        given = [name for name in given if METRICS[name].needs != "labels"]
    else:  # a label is no text
        given = [name for name in given if METRICS[name].needs != "nothing"]
    if not all(case.references for case in cases):
        given.append("agreement")
    return [name for name in METRICS if name in asked or name in given]


def check_metrics(asked: Sequence[str], cases: Sequence[Case]) -> None:
    """Raises CompareError where a metric is unknown, named twice, or cannot be computed on these cases."""
    for name in asked:
        if name not in METRICS:
            raise CompareError(f"No metric {name!r}. Metrics: {', '.join(METRICS)}.")
        if asked.count(name) > 1:
            raise CompareError(f"Metric {name!r} is named twice. Name each one once.")
        if not computable(name, cases):
            raise CompareError(_why_not(name, cases))


def _why_not(name: str, cases: Sequence[Case]) -> str:
    needs = METRICS[name].needs
    if needs == "json":
        return f"{name!r} needs references that are JSON objects or arrays in every case. Choose another metric."
    if needs == "labels":
        return f"{name!r} needs one label in every case ('labels'). Choose another metric."
    without = [case.id for case in cases if not case.references]
    return (
        f"{name!r} needs references, and {len(without):,} of {len(cases):,} cases have none (first: {without[0]!r}). "
        "Add them, or compare with the old answers: --metric agreement."
    )
