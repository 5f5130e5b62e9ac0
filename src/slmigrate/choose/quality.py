"""Published quality, compared only where it can be.

ROUGE-1 and ROUGE-2 on one data set and split can be compared across sources, up to what tokenising alone makes
(bart-large-cnn has 20.81 by one card, 21.06 by another and 21.28 by its paper). ROUGE-L cannot (some count sentences,
some whole summaries), and benchmarks of chat models depend on the harness: those are compared within one source only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slmigrate.records import ModelCard, QualityFigure

_ROUGE = {"r1": "ROUGE-1", "rouge-1": "ROUGE-1", "r2": "ROUGE-2", "rouge-2": "ROUGE-2"}
_PARTS = {"2": "ROUGE-2", "l": "ROUGE-L", "rl": "ROUGE-L", "lsum": "ROUGE-Lsum", "rlsum": "ROUGE-Lsum"}
_SPLITS = (
    ("validation", "validation"),
    ("eval", "validation"),
    ("test", "test"),
    ("card", "test"),
    ("authors", "test"),
)
TIE = 0.5
"""Points between figures of different sources that tell nothing."""
_NO_QUALITY = ("speed", "decode")
DATASETS = {"chat": ("SAMSum", "DialogSum"), "news": ("CNN/DailyMail", "XSum")}
"""By domain: data that is like it."""
_WEIGHT = {"ROUGE-2": 0, "ROUGE-1": 1, "IFEval": 2}
"""What is taken first where several figures could be compared."""


@dataclass(frozen=True, slots=True, order=True)
class Scale:
    """What two scores must share to be compared."""

    metric: str
    dataset: str
    split: str
    source: str
    """Empty where the source does not matter."""


@dataclass(frozen=True, slots=True)
class Score:
    """One number of a published figure."""

    scale: Scale
    value: float
    source: str


def scores(card: ModelCard) -> list[Score]:
    """All numbers of the card's published figures; text and speeds are none."""
    return [score for figure in card.quality for score in _of(figure)]


def scale_for(cards: Sequence[ModelCard], domain: str | None) -> Scale | None:
    """What the cards can be compared by: a scale that at least two of them have.

    First those on data like the domain, then ROUGE-2 before others, then what most cards have.
    """
    counts: dict[Scale, int] = {}
    for card in cards:
        for scale in {score.scale for score in scores(card)}:
            counts[scale] = counts.get(scale, 0) + 1
    shared = [scale for scale, count in counts.items() if count > 1]
    near = DATASETS.get(domain or "", ())

    def order(scale: Scale) -> tuple[int, int, int, Scale]:
        place = near.index(scale.dataset) if scale.dataset in near else len(near)
        return (place, _WEIGHT.get(scale.metric, 3), -counts[scale], scale)

    return min(shared, key=order, default=None)


def score_on(card: ModelCard, scale: Scale | None) -> Score | None:
    """The card's number on `scale`, the best where it has several; None where it has none."""
    found = [score for score in scores(card) if score.scale == scale]
    return max(found, key=lambda score: score.value, default=None)


def standing(score: Score, best: float, parameters: float) -> tuple[float, float]:
    """Sorts figures, the better first. Those of different sources tie within TIE points, and the smaller model wins."""
    if score.scale.source:
        return (-score.value, 0.0)
    return (float((best - score.value) // TIE), parameters)


def _of(figure: QualityFigure) -> list[Score]:
    if figure.metric.startswith(_NO_QUALITY):
        return []
    if isinstance(figure.value, float):
        return [_score(figure, figure.metric, figure.value)]
    values = re.findall(r"\d+(?:\.\d+)?", figure.value)
    if figure.metric.lower().startswith(("r1/", "rouge-1/", "rouge-2 ", "r2/")):
        names = [_PARTS.get(name, name) for name in re.split(r"\s*/\s*", figure.metric.lower())]
        return [
            _score(figure, _ROUGE.get(name, name), float(value)) for name, value in zip(names, values, strict=False)
        ]
    # `54.5/59.2` without and with thinking: the first, which is what runs here
    return [_score(figure, figure.metric, float(values[0]))] if values else []


def _score(figure: QualityFigure, name: str, value: float) -> Score:
    metric = _ROUGE.get(name.lower(), name)
    if metric in ("ROUGE-1", "ROUGE-2"):
        split = next((known for word, known in _SPLITS if word in figure.split.lower()), figure.split)
        return Score(Scale(metric, figure.dataset, split, ""), value, figure.source)
    return Score(Scale(metric, figure.dataset, figure.split, figure.source), value, figure.source)
