"""What no longer works, from dated data (`lifecycle.toml`): removed pipelines, removed SDK calls, retired models."""

import ast
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from slmigrate.records import Broken, Record

REST = "**"
"""Key of arguments that stand for others that cannot be read (`**settings`)."""

_TRAIN = frozenset({"backward", "train", "train_model", "fit", "load_state_dict", "load_weights", "load_adapter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a call site is judged by."""

    api: str
    provider: str
    task: str | None
    """The hub's name."""
    written_task: str | None
    """As the code writes it, for the message."""
    model: str | None
    candidates: tuple[str, ...] = ()
    """Every model that the code can give this call, where there is more than one."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the call by keyword; `verdict.UNKNOWN` where a value cannot be read, REST where names cannot."""
    later: tuple[Mapping[str, Any], ...] = ()
    """The same of each later call on the object that the call gives, as far as the file shows them."""
    trains: bool = False
    """Whether the module trains, or loads weights into what it has built (`trains`)."""


def trains(calls: Iterable[ast.Call]) -> bool:
    """Whether one of the calls trains a model or loads weights into one: its head need not be a random one then."""
    return any(name in _TRAIN or name.endswith(("Trainer", "TrainingArguments")) for name in map(_last_name, calls))


def _last_name(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


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

    def broken(self, call: Call, *, today: date) -> tuple[Broken, ...]:
        """Every reason why the call does not work on `today`, or has an announced end.

        Args:
            today: decides between `model-retired` (its end is before today) and `model-retiring`.
        """
        found = []
        if call.api == "transformers.pipeline" and call.task is not None:
            for row in self.pipeline:
                if call.task in row.tasks:
                    why = row.why.format(task=call.task, written=call.written_task or call.task)
                    found.append(Broken(code=row.code, why=why, since=row.since))
        for removed in self.call:
            if call.api in removed.apis:
                found.append(Broken(code=removed.code, why=removed.why.format(api=call.api), since=removed.since))
        for end in self.model:
            if call.model in end.names and call.provider == end.provider and call.model is not None:
                found.append(_ended(end, call.model, today))
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
