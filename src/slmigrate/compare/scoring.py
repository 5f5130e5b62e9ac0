"""Answers in, scores out: every metric that is wanted, for every run."""

from collections.abc import Callable, Mapping, Sequence

from slmigrate.compare.guards import Flags
from slmigrate.compare.match import matches
from slmigrate.compare.metrics import METRICS
from slmigrate.compare.plain import length_kept, made_up, unrepeated
from slmigrate.compare.scores import METRICS as ROUGE
from slmigrate.compare.scores import agreement, chrf, rouge
from slmigrate.compare.similarity import similarity
from slmigrate.compare.stats import Kept, KeptF1
from slmigrate.compare.structured import classes, json_fields, json_valid, label_of, macro_f1, right_labels
from slmigrate.records import Answer, Case

Texts = Sequence[str | None]
Scores = dict[str, list[float]]


def texts_of(answers: Sequence[Answer]) -> list[str | None]:
    """What was said; None where the model failed."""
    return [None if answer.error is not None else answer.answer for answer in answers]


def score_all(
    metrics: Sequence[str],
    cases: Sequence[Case],
    runs: Mapping[str, Texts],
    old: str,
    *,
    flags: Mapping[str, Flags] | None = None,
    tell: Callable[[int], None] = lambda done: None,
) -> tuple[dict[str, Scores], list[str]]:
    """Scores by run and metric, one per case, and what a reader must know of them. The judge is asked elsewhere.

    Args:
        runs: answers by name, in the order of the cases.
        old: name of the run that the others are compared with.
        flags: bad answers by run, where they are known: what is made up need not be looked for again.
        tell: called with the number of answers that are scored.

    Raises:
        ExtraMissing, ModelError: what a metric needs is not here.
    """
    found = {}
    for number, (name, texts) in enumerate(runs.items(), start=1):
        known = flags[name]["made_up"] if flags else None
        found[name] = _scores(metrics, cases, texts, runs[old], known)
        tell(number * len(cases))
    if "agreement" in metrics:
        found[old]["agreement"] = [100.0 * bool(text and text.strip()) for text in runs[old]]
    notes = []
    if "similarity" in metrics:
        by_run, cut = similarity(cases, runs)
        for name, scores in by_run.items():
            found[name]["similarity"] = scores
        if cut:
            notes.append(f"{cut:,} texts were longer than the embedding model reads; similarity saw their start only.")
    return found, notes


def mean_of(metric: str, cases: Sequence[Case], scores: Sequence[float], texts: Texts) -> float:
    """The score of a run: the mean over its cases; macro-F1 is none, and is computed from the labels."""
    if metric == "macro_f1":
        truth, (given,), count = classes(cases, texts)
        return float(macro_f1(truth, given, count))
    return sum(scores) / len(scores)


def kept(
    metric: str,
    cases: Sequence[Case],
    old: tuple[Sequence[float], Texts],
    new: tuple[Sequence[float], Texts],
    *,
    seed: int,
    resamples: int,
) -> Kept | KeptF1:
    """What is kept of `metric`, ready to give its interval at any level.

    Args:
        old, new: scores and answers, in the order of the cases.
    """
    if metric == "macro_f1":
        truth, (before, after), count = classes(cases, old[1], new[1])
        return KeptF1(truth, before, after, count, seed=seed, resamples=resamples)
    binary = METRICS[metric].binary
    return Kept(old[0], new[0], seed=seed, resamples=resamples, binary=binary, groups=groups_of(cases))


def groups_of(cases: Sequence[Case]) -> list[str] | None:
    """What each case belongs to, where at least two cases belong to one conversation; a case without is its own."""
    names = [f"group {case.group}" if case.group is not None else f"case {case.id}" for case in cases]
    return names if len(set(names)) < len(names) else None


def _scores(
    metrics: Sequence[str], cases: Sequence[Case], texts: Texts, old: Texts, invented: Sequence[bool] | None
) -> Scores:
    found: Scores = {}
    if any(name in ROUGE for name in metrics):
        found |= {name: values for name, values in rouge(cases, texts).items() if name in metrics}
    if any(name in ("exact", "normalised") for name in metrics):
        found |= {name: values for name, values in matches(cases, texts).items() if name in metrics}
    alone: dict[str, Callable[[], list[float]]] = {
        "chrf": lambda: chrf(cases, texts),
        "length": lambda: length_kept(cases, texts),
        "accuracy": lambda: right_labels(cases, texts),
        "macro_f1": lambda: right_labels(cases, texts),
        "json_valid": lambda: json_valid(texts),
        "json_fields": lambda: json_fields(cases, texts),
        "unrepeated": lambda: [unrepeated(text) for text in texts],
        "faithful": lambda: faithful(cases, texts, invented),
        "agreement": lambda: agreement(old, texts) if _are_texts(cases) else _equal(old, texts),
    }
    found |= {name: alone[name]() for name in metrics if name in alone}
    return {name: found[name] for name in metrics if name in found}


def faithful(cases: Sequence[Case], texts: Texts, invented: Sequence[bool] | None = None) -> list[float]:
    """100 where nothing is made up; 0 for an answer that is missing or empty, which is faithful to nothing.

    Args:
        invented: whether something is made up, per case. None: it is looked for.
    """
    if invented is None:
        invented = [bool(made_up(case, text)) for case, text in zip(cases, texts, strict=True)]
    return [100.0 * bool(text and text.strip() and not bad) for text, bad in zip(texts, invented, strict=True)]


def _are_texts(cases: Sequence[Case]) -> bool:
    return any(case.labels is None or label_of(case) is None for case in cases)


def _equal(old: Texts, new: Texts) -> list[float]:
    """Agreement on labels: the same one or not."""
    return [100.0 * bool(a and b and a.strip().lower() == b.strip().lower()) for a, b in zip(old, new, strict=True)]
