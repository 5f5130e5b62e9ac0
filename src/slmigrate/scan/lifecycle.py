"""What no longer works, from dated data (`lifecycle/*.toml`): removed calls, retired models, silent traps."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from slmigrate.records import Broken, Record
from slmigrate.scan.broken import REST, Call, Code, EndOfModel, Family, Level, Provider, Rule, trains

__all__ = ["REST", "Call", "Data", "Lifecycle", "codes", "load", "trains"]

_NEUTRAL = ("publishers/google/models/", "models/")
_REGION = re.compile(r"^(us-gov|us|eu|apac|ap|au|jp|ca|sa|global)\.(?=[a-z0-9]+\.)")
"""Amazon Bedrock's inference profiles: `us.anthropic.claude-v2`."""
_UNSURE = ("earliest", "deprecated")
"""Precisions of an end that may not have come yet, although its day is over."""
_VERSION_TAG = re.compile(r"@(default|latest)$")


class Data(Record):
    """The whole of lifecycle/*.toml; every row has at least one source."""

    version: Literal[1]
    checked: date
    routers: tuple[str, ...]
    """Labels of libraries that hand a call to the service that the model's prefix names."""
    provider: tuple[Provider, ...]
    code: tuple[Code, ...]
    family: tuple[Family, ...]
    rule: tuple[Rule, ...]
    model: tuple[EndOfModel, ...]


class Lifecycle:
    """The data, ready to be asked."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self._codes = {row.code: row for row in data.code}
        self._makers = {row.label: row.maker for row in data.provider}
        self._labels = {name: row.label for row in data.provider for name in (row.label, *row.also)}
        self._ends = {(row.provider, name): row for row in data.model for name in row.names}

    def broken(self, call: Call, *, today: date) -> tuple[Broken, ...]:
        """Every reason why the call does not work on `today`, will end, or goes wrong without an error.

        Args:
            today: decides between `model-retired` (its end is before today) and `model-retiring`.
        """
        found = [*self._rules(call), *self._model_ends(call, today)]
        return tuple(sorted(found, key=lambda item: item.level))  # errors first

    def plain(self, provider: str, model: str) -> tuple[str, str]:
        """Label and name as the table of ends has them: `("google", "gemini-1.5-pro")`.

        Args:
            provider: label of a call site; that of a library such as LiteLLM gives way to the model's prefix.
            model: as the code writes it, with or without `models/`, `azure/`, `openai:`, a Bedrock region or ARN.
        """
        label, name = self._labels.get(provider, provider), model.strip().lower()
        while (prefix := re.match(r"([a-z0-9_-]+)[/:]", name)) is not None:
            owner = self._labels.get(prefix[1])
            if owner is None or not (owner == label or label in self.data.routers):
                break
            label, name = owner, name[prefix.end() :]
        if label in ("google", "vertex"):
            name = _VERSION_TAG.sub("", next((name.removeprefix(n) for n in _NEUTRAL if name.startswith(n)), name))
        if label == "bedrock":
            name = _REGION.sub("", name.rsplit("/", 1)[-1] if name.startswith("arn:") else name)
        if name.startswith("ft:"):  # ft:gpt-4o-mini-2024-07-18:organisation::id
            name = ":".join(name.split(":")[:2])
        return label, name

    def _rules(self, call: Call) -> Iterator[Broken]:
        family = next((row.name for row in self.data.family if call.model and row.has(call.model)), None)
        for rule in self.data.rule:
            if rule.fits(call, family):
                code = self._codes[rule.code]
                yield Broken(
                    code=rule.code,
                    why=rule.sentence(call),
                    since=rule.since,
                    level=rule.level or code.level,
                    fix=rule.fix or code.fix,
                )

    def _model_ends(self, call: Call, today: date) -> Iterator[Broken]:
        for model in dict.fromkeys((call.model, *call.candidates)):
            if model is None:
                continue
            label, name = self.plain(call.provider, model)
            if (row := self._ends.get((label, name))) is not None:
                # one of several models: the call works as long as it is given another
                yield self._ended(row, model, today, certain=model == call.model or len(call.candidates) == 1)

    def _ended(self, row: EndOfModel, model: str, today: date, *, certain: bool) -> Broken:
        past = row.ends < today
        gone = past and row.precision not in _UNSURE
        code = self._codes["model-retired" if gone else "model-retiring"]
        return Broken(
            code=code.code,
            why=_end_sentence(row, self._makers.get(row.provider, row.provider), model, past=past, certain=certain),
            since=row.ends.isoformat(),
            level=code.level if certain else "warning",
            fix=code.fix,
        )


def _end_sentence(row: EndOfModel, maker: str, model: str, *, past: bool, certain: bool) -> str:
    when = {
        "day": f"{maker} {'shut it down' if past else 'shuts it down'} on {row.ends} (announced)",
        "listed": f"a public table lists its end at {maker} for {row.ends}; {maker}'s own page was not seen",
        "earliest": f"{maker} announced its end for {row.ends} at the earliest; the real day was not seen",
        "deprecated": f"{maker} deprecated it on {row.ends}; the day of its end was not seen",
        "unlisted": f"{maker} no longer listed it on {row.ends}; the exact day was not seen",
    }[row.precision]
    state = "will be retired" if not past else "may be retired" if row.precision in _UNSURE else "is retired"
    why = f"{model} {state}: {when}."
    if not certain:
        why += " It is one of several models that the code can give this call."
    if row.provider == "azure-openai":
        why += " On Azure `model` is a deployment's name: check which model that deployment serves."
    return why


def codes() -> Mapping[str, tuple[str, Level]]:
    """Every code that a report can hold, with what it is in a few words and its usual level."""
    return {row.code: (row.short, row.level) for row in load().data.code}


@cache
def load() -> Lifecycle:
    """The data that ships with slmigrate: all files of the folder, their lists joined in the order of file names."""
    whole: dict[str, Any] = {}
    folder = files("slmigrate.scan").joinpath("lifecycle")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            for key, value in tomllib.loads(path.read_text("utf-8")).items():
                whole[key] = [*whole.get(key, []), *value] if isinstance(value, list) else value
    return Lifecycle(Data.model_validate(whole))
