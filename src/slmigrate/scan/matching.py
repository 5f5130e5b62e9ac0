"""Which calls of one module reach a model: names matched with the table, clients looked at, addresses read."""

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from slmigrate.scan.arguments import Arguments, Given, read_arguments
from slmigrate.scan.endpoints import reach
from slmigrate.scan.origin import Origin
from slmigrate.scan.passing import last_name
from slmigrate.scan.rows import Argument, Client
from slmigrate.scan.scopes import Binding, Place, Scope, reaching
from slmigrate.scan.signatures import Match, Signatures, last
from slmigrate.scan.values import Value, Values


@dataclass(slots=True)
class Found:
    """A call that reaches a model, before it is judged."""

    call: ast.Call
    place: Place
    match: Match
    origin: Origin
    arguments: Arguments
    """Those of the call; the keys of the body of a request."""
    model: Value | None = None
    """The model, where neither the call's arguments nor its client's name it: a part of an address."""
    given: Given | None = None
    """The expression of `model`."""
    later: list[tuple[ast.Call, Arguments]] = field(default_factory=list)


class Finder:
    """Looks at the calls of one module.

    Args:
        project: names of the project's own modules: an object imported from there is not another service's.
    """

    def __init__(self, read: Scope, signatures: Signatures, values: Values, project: Collection[str]) -> None:
        self._read, self._signatures, self._project = read, signatures, project
        self._values, self._origins = values, values.origins
        self._leaves = signatures.leaves | signatures.later
        self._stars = "*" in read.bindings

    def all(self) -> list[Found]:
        """Every call that reaches a model, with the later calls on what it gives."""
        found: dict[int, Found] = {}
        waiting: list[tuple[ast.Call, Place, Origin]] = []
        held = self._held()
        for call, place in self._read.calls:
            if (handed := self._handed(call, place)) is not None:
                found.setdefault(id(call), handed)
            if not self._worth_asking(call, place, held):
                continue
            for origin in self._origins.of(call.func, place):
                if (item := self._found(call, place, origin)) is not None:
                    if not (item.match.signature.clients and self._is_parameter(call.func, place)):
                        found.setdefault(id(call), item)
                elif origin.made_by is not None:
                    waiting.append((call, place, origin))
        for call, place, origin in waiting:
            maker = found.get(id(origin.made_by))
            if maker is not None and any(origin.name.endswith(f"(){end}") for end in maker.match.signature.later):
                maker.later.append((call, self._arguments(call, place)))
        return list(found.values())

    def _is_parameter(self, function: ast.expr, place: Place) -> bool:
        """Whether a method that is called was handed over: then the place that does so, with the model, counts."""
        return isinstance(function, ast.Name) and any(b.kind == "parameter" for b in reaching(function.id, place))

    def unseen(self, item: Found) -> bool:
        """Whether the service that is asked is not seen: the object comes from the project, or from nowhere."""
        return not item.match.sure and self._hidden(item.origin)

    def made(self, origin: Origin) -> Arguments | None:
        """What the object that a method is called on was constructed with."""
        if origin.made_by is None or origin.made_at is None:
            return None
        return self._arguments(origin.made_by, origin.made_at)

    def _held(self) -> frozenset[str]:
        """Attributes that hold something: `self.llm(...)` may call what a constructor gave."""
        classes = {id(scope): scope for _, place in self._read.calls if (scope := place.scope.enclosing("class"))}
        return frozenset(name for scope in classes.values() for name in scope.attributes)

    def _worth_asking(self, call: ast.Call, place: Place, held: frozenset[str]) -> bool:
        """Names are followed at a cost, so only those that can end in a row of the table are."""
        match call.func:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return name in self._leaves or name in held
            case ast.Attribute(attr=name):
                return name in self._leaves
            case ast.Name(id=name):
                bound = reaching(name, place)
                return any(self._may_be_called(binding) for binding in bound) or (
                    not bound and self._stars and name in self._leaves
                )
        return True

    def _may_be_called(self, binding: Binding) -> bool:
        """Whether a bound name may stand for a row or what one gave; `import ... as` keeps the name that counts."""
        if binding.kind == "import":
            return last(binding.dotted) in self._leaves
        return binding.kind not in ("function", "class")

    def _found(self, call: ast.Call, place: Place, origin: Origin) -> Found | None:
        match, origin = self._match(origin)
        if match is not None:
            arguments = self._arguments(call, place)
            return Found(call, place, match, origin, arguments) if self._fits(match, origin, arguments) else None
        return self._request(call, place, origin)

    def _handed(self, call: ast.Call, place: Place) -> Found | None:
        """`asyncio.to_thread(client.chat.completions.create, model=...)`: a function that is handed over.

        A function of the project's own that is handed a client's method (`retry(client.chat.completions.create, ...)`)
        counts where it is given the model or `**settings` with it.
        """
        known = self._signatures.table.handed.get(last_name(call.func) or "")
        for position in (known,) if known is not None else (0, 1):
            if len(call.args) <= position:
                break
            function, rest = call.args[position], call.args[position + 1 :]
            made = ast.copy_location(ast.Call(func=function, args=rest, keywords=call.keywords), call)
            if known is None and not self._like_a_method(function, call):
                continue
            if not isinstance(function, ast.Attribute | ast.Name) or not self._worth_asking(made, place, frozenset()):
                continue
            for origin in self._origins.of(function, place):
                item = self._found(made, place, origin)
                if item is not None and (known is not None or self._is_given(item, call)):
                    item.call = call
                    return item
        return None

    def _like_a_method(self, function: ast.expr, call: ast.Call) -> bool:
        """Whether an argument may be a client's method that the rest of the arguments are for."""
        return isinstance(function, ast.Attribute) and bool(call.keywords) and function.attr in self._leaves

    def _is_given(self, item: Found, call: ast.Call) -> bool:
        signature = item.match.signature
        names = {keyword.arg for keyword in call.keywords}
        return bool(signature.clients) and bool(names & {None, signature.model.keyword, *signature.model.also})

    def _match(self, origin: Origin) -> tuple[Match | None, Origin]:
        match = self._signatures.match(origin.name)
        wrapped = self._signatures.wrapped(origin.name) if match is None or not match.sure else None
        if wrapped is None:
            return match, origin
        row, rest = wrapped
        made = self.made(origin)
        given = made.get(row.client) if made is not None else None
        for inner in self._origins.of(*given) if given is not None else ():
            if (found := self._signatures.match(inner.name + rest)) is not None and found.sure:
                return found, Origin(inner.name + rest, inner.made_by, inner.made_at)
        return self._signatures.match(f"{row.otherwise}(){rest}"), Origin(f"{row.otherwise}(){rest}")

    def _fits(self, match: Match, origin: Origin, arguments: Arguments) -> bool:
        """Whether the client and the arguments are those of the row."""
        signature = match.signature
        if match.client is not None and not self._is_for(match.client, origin):
            return False
        if not match.sure and arguments.complete and not {*signature.loose_with} <= set(arguments.keywords):
            return False
        return not signature.on_text or self._is_text(arguments.get(signature.model))

    def _is_for(self, client: Client, origin: Origin) -> bool:
        """`boto3.client("s3")` has no models; one whose service cannot be read may have."""
        if client.when is None:
            return True
        value = self._of_client(client.when.argument, origin)
        return value is not None and (not value.known or value.value in client.when.values)

    def _is_text(self, given: Given | None) -> bool:
        """Whether the model is given by name, and not as an object that was counted where it was made."""
        if given is None:
            return False
        value = self._values.text(*given)
        if value.known or value.candidates:
            return isinstance(value.value, str) or bool(value.candidates)
        return not any(origin.made_by is not None for origin in self._origins.of(*given))

    def _of_client(self, argument: Argument, origin: Origin) -> Value | None:
        made = self.made(origin)
        given = made.get(argument) if made is not None else None
        return self._values.text(*given) if given is not None else None

    def _request(self, call: ast.Call, place: Place, origin: Origin) -> Found | None:
        http, sure = self._signatures.http(origin.name), True
        if http is None and isinstance(call.func, ast.Attribute) and self._hidden(origin):
            http, sure = self._signatures.http_method(call.func.attr), False
        if http is None:
            return None
        made = self.made(origin)
        endpoints = self._signatures.table.endpoint
        reached = reach(self._arguments(call, place), made, http, endpoints, self._values, sure=sure)
        if reached is None:
            return None
        return Found(call, place, reached.match, origin, reached.arguments, reached.model, reached.given)

    def _hidden(self, origin: Origin) -> bool:
        root = origin.name.split(".")[0].removesuffix("()")
        return root in ("", "?") or root in self._project

    def _arguments(self, call: ast.Call, place: Place) -> Arguments:
        return read_arguments(call, place, self._values, self._origins)
