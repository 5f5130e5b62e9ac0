"""What no longer works, from dated data (`lifecycle.toml`): removed pipelines, removed SDK calls, retired models."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

from slmigrate.records import Broken, Record


class RemovedPipeline(Record):
    tasks: tuple[str, ...]
    code: str
    since: str
    why: str
    sources: tuple[str, ...]


class RemovedCall(Record):
    apis: tuple[str, ...]
    code: str
    since: str
    why: str
    sources: tuple[str, ...]


class EndOfModel(Record):
    provider: str
    names: tuple[str, ...]
    ends: date
    precision: Literal["day", "earliest", "unlisted"]
    sources: tuple[str, ...]


class Lifecycle(Record):
    """The whole of lifecycle.toml; every row has at least one source."""

    version: Literal[1]
    checked: date
    pipeline: tuple[RemovedPipeline, ...]
    call: tuple[RemovedCall, ...]
    model: tuple[EndOfModel, ...]

    def broken(
        self, *, api: str, provider: str, task: str | None, written_task: str | None, model: str | None, today: date
    ) -> tuple[Broken, ...]:
        """Every reason why such a call does not work on `today`, or has an announced end.

        Args:
            task: the hub's name; written_task: as the code writes it, for the message.
            today: decides between `model-retired` (its end is before today) and `model-retiring`.
        """
        found = []
        if api == "transformers.pipeline" and task is not None:
            for row in self.pipeline:
                if task in row.tasks:
                    why = row.why.format(task=task, written=written_task or task)
                    found.append(Broken(code=row.code, why=why, since=row.since))
        for call in self.call:
            if api in call.apis:
                found.append(Broken(code=call.code, why=call.why.format(api=api), since=call.since))
        for end in self.model:
            if model in end.names and provider == end.provider and model is not None:
                found.append(_ended(end, model, today))
        return tuple(found)


def _ended(row: EndOfModel, model: str, today: date) -> Broken:
    maker = "Azure OpenAI" if row.provider == "azure-openai" else "OpenAI"
    past = row.ends < today
    when = {
        "day": f"{maker} {'shut it down' if past else 'shuts it down'} on {row.ends} (announced)",
        "earliest": f"{maker} announced its end for {row.ends} at the earliest; the real day was not seen",
        "unlisted": f"{maker} no longer listed it on {row.ends}; the exact day was not seen",
    }[row.precision]
    why = f"{model} {'is retired' if past else 'will be retired'}: {when}."
    if row.provider == "azure-openai":
        why += " On Azure `model` is a deployment's name: check which model that deployment serves."
    return Broken(code="model-retired" if past else "model-retiring", why=why, since=row.ends.isoformat())


@cache
def load() -> Lifecycle:
    """The data that ships with slmigrate."""
    text = files("slmigrate.scan").joinpath("lifecycle.toml").read_text("utf-8")
    return Lifecycle.model_validate(tomllib.loads(text))
