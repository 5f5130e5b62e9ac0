"""What a call site is judged by, and the rows that judge it: rules about calls, and the ends of hosted models.

Rows are data (`lifecycle/*.toml`); all conditions that a row gives must hold. A row never guesses: an argument that
cannot be read neither fires a rule about values nor a rule about what is missing.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal

from slmigrate.records import Record
from slmigrate.scan.verdict import UNKNOWN

Level = Literal["error", "warning"]

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
    defaulted: bool = False
    """Whether the code names no model, so that the library takes its own default."""
    name: str = ""
    """Canonical name of what is called, with the path that it is imported from: `langchain.llms.OpenAI`."""

    def names(self, off: tuple[Any, ...] = ()) -> frozenset[str]:
        """Arguments that the call or a later one gives, those in `model_kwargs={...}` and the like included.

        Args:
            off: leave out those that are given as one of these, or as None where any are named.
        """
        return frozenset(name for name, value in self._pairs() if not off or (value is not None and value not in off))

    def holds(self, text: str) -> bool:
        """Whether an argument is a string with `text` in it."""
        return any(isinstance(value, str) and text in value for _, value in self._pairs())

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        return (pair for given in (self.given, *self.later) for pair in _opened(given).items())


def _opened(given: Mapping[str, Any]) -> dict[str, Any]:
    """With the arguments that `model_kwargs` and `tokenize_kwargs` hand on; unreadable ones count as unreadable."""
    opened = dict(given)
    for name in ("model_kwargs", "tokenize_kwargs"):
        if isinstance(inner := given.get(name), dict):
            opened |= {str(key): value for key, value in inner.items()}
        elif inner is UNKNOWN:
            opened[REST] = UNKNOWN
    return opened


def trains(calls: Iterable[ast.Call]) -> bool:
    """Whether one of the calls trains a model or loads weights into one: its head need not be a random one then."""
    return any(name in _TRAIN or name.endswith(("Trainer", "TrainingArguments")) for name in map(_last_name, calls))


def _last_name(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


class Code(Record):
    """A stable name for one kind of trouble."""

    code: str
    short: str
    """What it is, in a few words."""
    level: Level
    fix: str
    """What to do, one sentence, where the row says nothing more exact."""


class Family(Record):
    """Checkpoints that are built alike, told by the last part of their names."""

    name: str
    pattern: str
    """Regular expression, searched in the lower-case name without its organisation."""
    lacks: tuple[str, ...] = ()
    """A name that holds one of these is of no family, in spite of the pattern."""

    def has(self, model: str) -> bool:
        last = model.lower().rsplit("/", 1)[-1]
        return re.search(self.pattern, last) is not None and not any(part in last for part in self.lacks)


class Rule(Record):
    """One reason why a call is broken, or goes wrong silently."""

    code: str
    since: str
    why: str
    """May use {api}, {cls}, {name}, {task}, {written}, {model}, {given}."""
    sources: tuple[str, ...]
    fix: str = ""
    level: Level | None = None
    """Where it differs from the code's."""
    apis: tuple[str, ...]
    """Names as in a shell: `transformers.TF*.from_pretrained`."""
    names: tuple[str, ...] = ()
    """The same for the canonical name, where the path of the import decides."""
    tasks: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """One of them is given, in the call or a later one."""
    off: tuple[bool | int | str, ...] = ()
    """Values with which an argument of `arguments` counts as not given."""
    holds: str = ""
    """Text in an argument, such as the host of a URL."""
    unless: tuple[str, ...] = ()
    """None of them is given as more than False, every name that is given can be read, a later call was seen."""
    unless_trained: bool = False
    defaulted: bool = False

    def fits(self, call: Call, family: str | None) -> bool:
        """Whether every condition of the row holds."""
        return (
            any(fnmatchcase(call.api, pattern) for pattern in self.apis)
            and (not self.names or any(fnmatchcase(call.name, pattern) for pattern in self.names))
            and (not self.tasks or call.task in self.tasks)
            and (not self.families or family in self.families)
            and (not self.models or (call.model or "").lower() in self.models)
            and (not self.providers or call.provider in self.providers)
            and (not self.arguments or bool(self._given(call)))
            and (not self.holds or call.holds(self.holds))
            and (not self.unless or (bool(call.later) and not call.names(off=(False,)) & {*self.unless, REST}))
            and not (self.unless_trained and call.trains)
            and (not self.defaulted or call.defaulted)
        )

    def _given(self, call: Call) -> list[str]:
        named = call.names(self.off)
        return [name for name in self.arguments if name in named]

    def sentence(self, call: Call) -> str:
        """Why, with the names of this call."""
        parts = call.api.split(".")
        return self.why.format(
            api=call.api,
            name=call.name.split("(")[0],
            cls=parts[-2] if parts[-1] == "from_pretrained" and len(parts) > 1 else parts[-1],
            task=call.task,
            written=call.written_task or call.task,
            model=call.model,
            given=" and ".join(self._given(call)),
        )


class Provider(Record):
    """Who serves hosted models, and how its models are written in front of their names."""

    label: str
    maker: str
    """For the message."""
    also: tuple[str, ...] = ()
    """Other labels and prefixes that mean the same: `gemini` for `google`."""


class EndOfModel(Record):
    """The end of hosted models: announced, or seen in a table."""

    provider: str
    names: tuple[str, ...]
    """Lower case, as `lifecycle.plain` writes them."""
    ends: date
    """The day after which the maker does not answer."""
    precision: Literal["day", "listed", "earliest", "deprecated", "unlisted"]
    sources: tuple[str, ...]
