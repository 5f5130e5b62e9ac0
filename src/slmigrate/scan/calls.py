"""The call sites of one module: signatures matched, models followed, parameters of later calls gathered."""

import ast
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from slmigrate.records import CallSite
from slmigrate.scan import lifecycle
from slmigrate.scan.arguments import Arguments, Given, read_arguments
from slmigrate.scan.files import Source
from slmigrate.scan.origin import Origin
from slmigrate.scan.prompts import shows_pictures, static_prompt
from slmigrate.scan.scopes import Place, Scope
from slmigrate.scan.signatures import Match, Signatures
from slmigrate.scan.value import Parameter
from slmigrate.scan.values import Value, Values, unresolved
from slmigrate.scan.verdict import UNKNOWN, Facts, judge

_UNSEEN = "which service the client asks is not seen in this file"


@dataclass(slots=True)
class _Found:
    """A call that a signature fits, before it is judged."""

    call: ast.Call
    place: Place
    match: Match
    origin: Origin
    arguments: Arguments
    later: list[tuple[ast.Call, Arguments]] = field(default_factory=list)


class Module:
    """One module, read.

    Args:
        project: names of the project's own modules: an object imported from there is not another service's.
    """

    def __init__(
        self,
        source: Source,
        read: Scope,
        signatures: Signatures,
        values: Values,
        project: Collection[str],
    ) -> None:
        self._source, self._project = source, project
        self._signatures = signatures
        self._read = read
        self._trains = lifecycle.trains(call for call, _ in read.calls)
        self._origins, self._values = values.origins, values
        self.open: set[Parameter] = set()
        """Parameters that a model is given through; what callers in other files give is not known here."""

    def call_sites(self, today: date) -> list[CallSite]:
        """Every call that reaches a model, in the order of lines."""
        found: dict[int, _Found] = {}
        waiting: list[tuple[ast.Call, Place, Origin]] = []
        for call, place in self._read.calls:
            for origin in self._origins.of(call.func, place):
                if (match := self._signatures.match(origin.name)) is not None:
                    arguments = read_arguments(call, place, self._values, self._origins)
                    found.setdefault(id(call), _Found(call, place, match, origin, arguments))
                elif origin.made_by is not None:
                    waiting.append((call, place, origin))
        for call, place, origin in waiting:
            maker = found.get(id(origin.made_by))
            if maker is not None and any(origin.name.endswith(f"(){end}") for end in maker.match.signature.later):
                maker.later.append((call, read_arguments(call, place, self._values, self._origins)))
        sites = [self._site(item, today) for item in found.values()]
        return sorted(sites, key=lambda site: (site.line, site.end_line, site.api))

    def _site(self, item: _Found, today: date) -> CallSite:
        model, given = self._model(item)
        if model.parameter is not None:
            self.open.add(model.parameter)
        provider = self._provider(item)
        task, written = self._task(item, model)
        if model.source == "library_default" and item.match.signature.default_by_task:
            model = Value(self._signatures.table.default_models.get(task or ""), "library_default")
        name = model.value if model.known and model.value is not None else None
        parameters, notes = self._parameters(item)
        migratable, reason = judge(
            Facts(
                task=task,
                model_missing=None if name is not None else model.why or "the library's own default is used",
                given=self._given(item),
                pictures=shows_pictures(item.arguments, item.match.signature.prompt, self._values),
                notes=[*notes, *([_UNSEEN] if self._unseen(item) else [])],
            ),
            self._signatures.table,
        )
        first = self._source.where(item.call.lineno)
        return CallSite(
            path=self._source.path,
            line=first.number,
            end_line=self._source.where(item.call.end_lineno or item.call.lineno).number,
            cell=first.cell,
            cell_line=first.cell_line,
            api=item.match.api,
            provider=provider,
            task=task,
            model=name,
            function=item.place.scope.dotted_name(),
            expression=self._expression(given),
            prompt=static_prompt(item.arguments, item.match.signature.prompt, self._values),
            model_source=model.source,
            parameters=parameters,
            broken=lifecycle.load().broken(
                lifecycle.Call(
                    api=item.match.api,
                    provider=provider,
                    task=task,
                    written_task=written,
                    model=name,
                    candidates=getattr(model, "candidates", ()),
                    given=self._read_all(item.arguments),
                    later=tuple(self._read_all(later) for _, later in item.later),
                    trains=self._trains,
                ),
                today=today,
            ),
            migratable=migratable,
            reason=reason,
        )

    def _model(self, item: _Found) -> tuple[Value, Given | None]:
        signature = item.match.signature
        given = item.arguments.get(signature.model)
        if given is not None:
            return self._values.text(*given), given
        if not item.arguments.complete:
            return unresolved("it may be among the arguments that are handed on with * or **"), None
        if signature.required:
            return unresolved("the call names no model"), None
        return Value(signature.default, "library_default"), None

    def _task(self, item: _Found, model: Value) -> tuple[str | None, str | None]:
        """The hub's name of the task, and the name that the code writes."""
        signature = item.match.signature
        written: str | None = None
        if signature.task_from is not None and (given := item.arguments.get(signature.task_from)) is not None:
            value = self._values.text(*given)
            written = value.value if value.known else None
        task = self._signatures.task(written) if written else signature.task
        if signature.task_by_model and written is None and model.known and isinstance(model.value, str):
            task = self._signatures.task_of_model(model.value) or task
        return task, written

    def _provider(self, item: _Found) -> str:
        """The label of the signature, corrected by where the client is pointed."""
        provider = item.match.provider
        root = item.origin.name.split(".")[0].removesuffix("()")
        if not item.match.sure and not self._unseen(item):
            return root
        if provider == "openai" and set(item.arguments.keywords) & {"engine", "deployment_id"}:
            return "azure-openai"
        if provider == "openai" and item.origin.made_by is not None and item.origin.made_at is not None:
            made = read_arguments(item.origin.made_by, item.origin.made_at, self._values, self._origins)
            if "base_url" in made.keywords:
                url = self._values.text(*made.keywords["base_url"])
                if url.known:
                    return _served_by(url.value)
        return provider

    def _unseen(self, item: _Found) -> bool:
        root = item.origin.name.split(".")[0].removesuffix("()")
        return not item.match.sure and (root in ("", "?") or root in self._project)

    def _given(self, item: _Found) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for arguments in [item.arguments, *(later for _, later in item.later)]:
            for name, where in arguments.keywords.items():
                value = self._values.literal(*where)
                given.setdefault(name, value.value if value.known else UNKNOWN)
        return given

    def _read_all(self, arguments: Arguments) -> dict[str, Any]:
        values = {name: self._values.literal(*where) for name, where in arguments.keywords.items()}
        read = {name: value.value if value.known else UNKNOWN for name, value in values.items()}
        return read if arguments.complete else {**read, lifecycle.REST: UNKNOWN}

    def _parameters(self, item: _Found) -> tuple[dict[str, Any], list[str]]:
        """Literal generation parameters, and a note for each that later calls give differently."""
        wanted = item.match.signature.parameters
        kept: dict[str, Any] = {}
        differing: list[str] = []
        first = {name: self._constant(where) for name, where in item.arguments.keywords.items() if name in wanted}
        later = sorted(item.later, key=lambda pair: (pair[0].lineno, pair[0].col_offset))
        for _, arguments in later:
            for name, where in arguments.keywords.items():
                value = self._constant(where)
                if name not in wanted or not value.known or value.value is None:
                    continue
                if name in kept and kept[name] != value.value and name not in differing:
                    differing.append(name)
                kept.setdefault(name, value.value)
        for name, value in first.items():
            if value.known and value.value is not None:
                kept.setdefault(name, value.value)
        notes = [f"its calls differ in {', '.join(differing)}; the first one is shown"] if differing else []
        return dict(sorted(kept.items())), notes

    def _constant(self, where: Given) -> Value:
        return self._values.literal(*where)

    def _expression(self, given: Given | None) -> str | None:
        if given is None or isinstance(given[0], ast.Constant):
            return None
        source = ast.get_source_segment(self._source.text, given[0]) or ast.unparse(given[0])
        return source.encode("utf-8", "backslashreplace").decode()


def _served_by(url: str) -> str:
    if "azure.com" in url:
        return "azure-openai"
    return "openai" if "api.openai.com" in url else "openai-compatible"
