"""The call sites of one module: models named, tasks told, parameters of later calls gathered, each one judged."""

import ast
from collections.abc import Collection
from datetime import date
from typing import Any

from slmigrate.records import CallSite
from slmigrate.scan import lifecycle
from slmigrate.scan.arguments import Arguments, Given
from slmigrate.scan.files import Source
from slmigrate.scan.matching import Finder, Found
from slmigrate.scan.prompts import shows_pictures, static_prompt
from slmigrate.scan.purpose import purpose_of
from slmigrate.scan.scopes import Scope
from slmigrate.scan.signatures import Signatures, owner
from slmigrate.scan.value import Parameter
from slmigrate.scan.values import Value, Values, unresolved
from slmigrate.scan.verdict import UNKNOWN, Facts, judge

_UNSEEN = "which service the client asks is not seen in this file"
_BASE_URLS = ("base_url", "api_base", "openai_api_base", "azure_endpoint")


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
        self._source, self._signatures, self._values = source, signatures, values
        self._trains = lifecycle.trains(call for call, _ in read.calls)
        self._finder = Finder(read, signatures, values, project)
        self.open: set[Parameter] = set()
        """Parameters that a model is given through; what callers in other files give is not known here."""

    def call_sites(self, today: date) -> list[CallSite]:
        """Every call that reaches a model, in the order of lines."""
        sites = [self._site(item, today) for item in self._finder.all()]
        return sorted(sites, key=lambda site: (site.line, site.end_line, site.api))

    def _site(self, item: Found, today: date) -> CallSite:
        model, given = self._model(item)
        if model.known and model.value == "":
            model = unresolved("the code gives an empty text for it", candidates=model.candidates)
        if model.parameter is not None:
            self.open.add(model.parameter)
        provider = self._provider(item)
        task, task_source, written = self._task(item, model)
        if model.source == "library_default" and item.match.signature.default_by_task:
            model = Value(self._signatures.table.default_models.get(task or ""), "library_default")
        name = model.value if model.known and model.value is not None else None
        parameters, notes = self._parameters(item)
        signature = item.match.signature
        prompt = static_prompt(item.arguments, signature.prompt, self._values, signature.prompt_position)
        missing = None if name is not None else model.why or "the library's own default is used"
        migratable, reason = self._judged(item, task, missing, prompt, [*_several(model), *notes])
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
            task_source=task_source,
            purpose=self._purpose(item, prompt),
            model=name,
            candidates=model.candidates,
            function=item.place.scope.dotted_name(),
            expression=self._expression(given),
            prompt=prompt,
            model_source=model.source,
            parameters=parameters,
            broken=lifecycle.load().broken(
                self._call(item, provider, task, written, name, model),
                today=today,
            ),
            migratable=migratable,
            reason=reason,
        )

    def _call(
        self, item: Found, provider: str, task: str | None, written: str | None, name: str | None, model: Value
    ) -> lifecycle.Call:
        return lifecycle.Call(
            api=item.match.api,
            provider=provider,
            task=task,
            written_task=written,
            model=name,
            candidates=model.candidates,
            given=self._read_all(item.arguments),
            later=tuple(self._read_all(later) for _, later in item.later),
            trains=self._trains,
            defaulted=model.source == "library_default",
            name=item.origin.name,
        )

    def _judged(
        self, item: Found, task: str | None, missing: str | None, prompt: str | None, notes: list[str]
    ) -> tuple[Any, str]:
        return judge(
            Facts(
                task=task,
                model_missing=missing,
                given=self._given(item),
                pictures=shows_pictures(item.arguments, item.match.signature.prompt, self._values),
                prompt_characters=len(prompt or ""),
                notes=[*notes, *([_UNSEEN] if self._finder.unseen(item) else [])],
            ),
            self._signatures.table,
        )

    def _model(self, item: Found) -> tuple[Value, Given | None]:
        signature = item.match.signature
        if item.model is not None:
            return item.model, item.given
        given = item.arguments.get(signature.model)
        if given is None and item.match.client is not None and item.match.client.model is not None:
            made = self._finder.made(item.origin)
            given = made.get(item.match.client.model) if made is not None else None
        if given is not None:
            return self._values.text(*given), given
        if not item.arguments.complete:
            return unresolved("it may be among the arguments that are handed on with * or **"), None
        if signature.required:
            return unresolved("the call names no model"), None
        return Value(signature.default, "library_default"), None

    def _task(self, item: Found, model: Value) -> tuple[str | None, Any, str | None]:
        """The hub's name of the task, what told it, and the name that the code writes."""
        signature = item.match.signature
        if signature.task_from is not None and (given := item.arguments.get(signature.task_from)) is not None:
            value = self._values.text(*given)
            if value.known and value.value:
                return self._signatures.task(value.value), "argument", value.value
        task = signature.task
        if signature.task_by_class:
            task = self._signatures.task_of_class(owner(item.match.api)) or task
        if signature.task_by_model and model.known and isinstance(model.value, str):
            told = self._signatures.task_of_model(model.value)
            if told is not None and task in (None, "text2text-generation"):
                return told, "model", None
        return task, "api" if task is not None else None, None

    def _purpose(self, item: Found, prompt: str | None) -> str | None:
        if not item.match.signature.purpose:
            return None
        return purpose_of(prompt, item.place.scope.dotted_name(), self._signatures.table.purpose)

    def _provider(self, item: Found) -> str:
        """The label of the signature, corrected by where the client is pointed."""
        provider = item.match.provider
        root = item.origin.name.split(".")[0].removesuffix("()")
        if not item.match.sure and not self._finder.unseen(item):
            return root
        if provider != "openai":
            return provider
        if set(item.arguments.keywords) & {"engine", "deployment_id"}:
            return "azure-openai"
        made = self._finder.made(item.origin)
        for arguments in (item.arguments, made):
            for name in _BASE_URLS:
                if arguments is not None and name in arguments.keywords:
                    url = self._values.text(*arguments.keywords[name])
                    return self._served_by(url.value) if url.known and url.value else provider
        return provider

    def _served_by(self, url: str) -> str:
        found = (host.provider for host in self._signatures.table.host if host.has in url)
        return next(found, "openai-compatible")

    def _given(self, item: Found) -> dict[str, Any]:
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

    def _parameters(self, item: Found) -> tuple[dict[str, Any], list[str]]:
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
        source = self._source.segment(given[0])
        return source.encode("utf-8", "backslashreplace").decode()


def _several(model: Value) -> list[str]:
    """A note where the code can give the call more than one model."""
    if len(model.candidates) < 2:
        return []
    return [f"the code can give it several models: {', '.join(model.candidates[:4])}"]
