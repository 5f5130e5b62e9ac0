"""The rows of `signatures/*.toml`; each field is explained at the top of `signatures/_tables.toml`."""

from typing import Any, Literal

from slmigrate.records import Record


class Argument(Record):
    """Where a call takes something: by keyword, or by position counted from 0."""

    keyword: str
    position: int | None = None
    also: tuple[str, ...] = ()
    """Other keywords that mean the same."""


class Constant(Record):
    """An argument that must be one of some texts."""

    argument: Argument
    values: tuple[str, ...]


class Client(Record):
    """An object whose methods reach a model."""

    provider: str
    names: tuple[str, ...]
    when: Constant | None = None
    model: Argument | None = None


class Wrapper(Record):
    """A function that hands back the client that it is given, with the same methods."""

    names: tuple[str, ...]
    client: Argument
    otherwise: str


class Signature(Record):
    """A call that reaches a model."""

    names: tuple[str, ...]
    api: str
    clients: tuple[str, ...] = ()
    provider: str = ""
    task: str | None = None
    task_from: Argument | None = None
    task_by_model: bool = False
    task_by_class: bool = False
    model: Argument
    required: bool = False
    on_text: bool = False
    default: str | None = None
    default_by_task: bool = False
    prompt: tuple[str, ...] = ()
    prompt_position: int | None = None
    later: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    loose: bool = False
    loose_with: tuple[str, ...] = ()
    purpose: bool = False


class Http(Record):
    """A function that sends a request."""

    names: tuple[str, ...]
    url: Argument
    body: Argument
    base: Argument | None = None


class Endpoint(Record):
    """An address that reaches a model."""

    urls: tuple[str, ...]
    api: str
    provider: str
    task: str | None = None
    model: str | None = None
    needs: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()


class ModelTask(Record):
    task: str
    has: tuple[str, ...]


class ClassTask(Record):
    task: str
    pattern: str


class Verdict(Record):
    tasks: tuple[str, ...]
    migratable: Literal["yes", "review", "no"]
    reason: str


class Review(Record):
    arguments: tuple[str, ...]
    off: tuple[Any, ...] = ()
    reason: str


class Purpose(Record):
    """What a prompt asks for, by its words."""

    task: str
    pattern: str
    function: str


class Host(Record):
    """Who serves an OpenAI-compatible address."""

    has: str
    provider: str


class Table(Record):
    """All files of the folder together."""

    version: Literal[1]
    passes_through: tuple[str, ...]
    ignored: tuple[str, ...]
    handed: dict[str, int]
    client: tuple[Client, ...]
    wrapper: tuple[Wrapper, ...]
    call: tuple[Signature, ...]
    http: tuple[Http, ...]
    endpoint: tuple[Endpoint, ...]
    host: tuple[Host, ...]
    task_aliases: dict[str, str]
    model_task: tuple[ModelTask, ...]
    class_task: tuple[ClassTask, ...]
    default_models: dict[str, str]
    verdict: tuple[Verdict, ...]
    review: tuple[Review, ...]
    purpose: tuple[Purpose, ...]
