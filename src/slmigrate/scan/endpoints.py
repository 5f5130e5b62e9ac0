"""Requests to the address of a model: `requests.post("https://api.openai.com/v1/chat/completions", json=...)`.

An address is put together as far as the code shows it; a part that is not known stands as one character of a range that
no address uses, so that it can be named when it turns out to be the model.
"""

import ast
import re
from dataclasses import dataclass, field
from functools import cache

from slmigrate.scan.arguments import Arguments, open_into
from slmigrate.scan.origins import Origins
from slmigrate.scan.rows import Argument, Endpoint, Http, Signature
from slmigrate.scan.scopes import Binding, Place
from slmigrate.scan.signatures import Match
from slmigrate.scan.values import Value, Values, unresolved

_MAX_DEPTH = 10
_FIRST_UNKNOWN = 0xE000
_UNKNOWN = re.compile(r"[\ue000-\uf8ff]")
_JOINERS = frozenset({"urllib.parse.urljoin", "os.path.join", "posixpath.join"})
_TAKES_TEXT = frozenset({"str", "httpx.URL", "yarl.URL"})
_IN_PROCESS = frozenset({"app", "transport"})
"""Arguments with which a client of httpx asks an application of this process, as tests do."""
_PARAMETERS = (
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n",
    "stop", "stop_sequences", "seed", "stream", "response_format", "format", "options", "parameters", "inferenceConfig",
    "generation_config", "generationConfig", "num_predict", "dimensions", "presence_penalty", "frequency_penalty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reached:
    """A request that reaches a model."""

    match: Match
    arguments: Arguments
    """Keys of the body."""
    model: Value | None
    """The model where the address names it; None where the body does."""
    given: tuple[ast.expr, Place] | None
    """The part of the address that is the model, where that is one expression."""


@dataclass(slots=True)
class _Address:
    """An address under construction."""

    values: Values
    unknown: list[tuple[ast.expr, Place]] = field(default_factory=list)

    def shape(self, node: ast.expr, place: Place, depth: int = 0) -> str:
        """The text of `node`, one private character for each part that is not known."""
        value = self.values.text(node, place)
        if value.known and isinstance(value.value, str):
            return value.value
        made = self._made(node, place, depth + 1) if depth < _MAX_DEPTH else None
        return made if made is not None else self._hole(node, place)

    def _made(self, node: ast.expr, place: Place, depth: int) -> str | None:
        match node:
            case ast.JoinedStr(values=parts):
                return "".join(self.shape(_inner(part), place, depth) for part in parts)
            case ast.BinOp(left=left, op=ast.Add() | ast.Div(), right=right):
                return self.shape(left, place, depth) + self.shape(right, place, depth)
            case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod(), right=right):
                parts = right.elts if isinstance(right, ast.Tuple) else [right]
                return self._filled(re.split(r"%[sd]", text), parts, place, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="format"), args=args, keywords=words):
                named = {word.arg: word.value for word in words if word.arg is not None}
                return self._formatted(self.shape(value, place, depth), args, named, place, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "rstrip" | "lstrip")):
                return self.shape(value, place, depth).strip("/")
            case ast.Call(args=args) if args:
                return self._called(node, place, depth)
            case ast.Name(id=name):
                return self._bound(self.values.origins.bindings(name, place), depth)
            case ast.Attribute():
                return self._bound(self.values.origins.attribute_bindings(node, place, depth), depth)
        return None

    def _called(self, node: ast.Call, place: Place, depth: int) -> str | None:
        names = {origin.name for origin in self.values.origins.of(node.func, place)}
        if names & _JOINERS:
            parts = [self.shape(part, place, depth) for part in node.args]
            return "/".join([part.strip("/") for part in parts])
        return self.shape(node.args[0], place, depth) if names & _TAKES_TEXT else None

    def _bound(self, bindings: list[Binding], depth: int) -> str | None:
        if len(bindings) != 1 or bindings[0].value is None or bindings[0].kind not in ("value", "parameter"):
            return None
        return self.shape(bindings[0].value, bindings[0].place, depth)

    def _filled(self, texts: list[str], parts: list[ast.expr], place: Place, depth: int) -> str | None:
        if len(texts) != len(parts) + 1:
            return None
        filled = [text + self.shape(part, place, depth) for text, part in zip(texts[:-1], parts, strict=True)]
        return "".join([*filled, texts[-1]])

    def _formatted(
        self, text: str, args: list[ast.expr], named: dict[str, ast.expr], place: Place, depth: int
    ) -> str | None:
        pieces = re.split(r"\{(\w*)\}", text)
        keys = [key or str(index) for index, key in enumerate(pieces[1::2])]
        held = {**{str(index): node for index, node in enumerate(args)}, **named}
        if not all(key in held for key in keys):
            return None
        return self._filled(pieces[::2], [held[key] for key in keys], place, depth)

    def _hole(self, node: ast.expr, place: Place) -> str:
        self.unknown.append((node, place))
        return chr(_FIRST_UNKNOWN + min(len(self.unknown) - 1, 6000))


def reach(
    arguments: Arguments,
    made: Arguments | None,
    http: Http,
    endpoints: tuple[Endpoint, ...],
    values: Values,
    *,
    sure: bool,
) -> Reached | None:
    """The model that a request reaches, or None where the address is not that of one.

    Args:
        made: what the client was constructed with, whose `base_url` goes before a relative address.
        sure: whether the function is known to send a request; where it is not, the address must name its host.
    """
    given = arguments.get(http.url)
    if given is None or (made is not None and _IN_PROCESS & set(made.keywords)):
        return None
    address = _Address(values)
    texts = [*values.text(*given).candidates] or [address.shape(*given)]
    if made is not None and http.base is not None and (base := made.get(http.base)) is not None:
        texts = [text if "://" in text else f"{address.shape(*base).rstrip('/')}/{text.lstrip('/')}" for text in texts]
    body = _body(arguments, http, values)
    for text in texts:
        for endpoint in endpoints:
            found = _fits(endpoint, text, sure)
            if found is not None and _has(body, endpoint):
                return _reached(endpoint, found.groupdict().get("model"), address, body)
    return None


def _reached(endpoint: Endpoint, named: str | None, address: _Address, body: Arguments) -> Reached:
    signature = Signature(
        names=(),
        api=endpoint.api,
        provider=endpoint.provider,
        task=endpoint.task,
        task_by_model=endpoint.task is None,
        model=Argument(keyword=endpoint.model or "model"),
        required=True,
        prompt=endpoint.prompt,
        parameters=_PARAMETERS,
        purpose=endpoint.task == "text-generation",
    )
    model, given = None, None
    if named is not None:
        model = Value(named, "literal")
        if len(named) == 1 and _UNKNOWN.fullmatch(named):
            given = address.unknown[ord(named) - _FIRST_UNKNOWN]
            model = address.values.text(*given)
        elif _UNKNOWN.search(named):
            model = unresolved("a part of the address is not a text that stands in the code")
    return Reached(Match(signature, endpoint.provider, endpoint.api), body, model, given)


def _body(arguments: Arguments, http: Http, values: Values) -> Arguments:
    """The keys of a request's body as keywords; `complete` is False where some cannot be read."""
    given = arguments.get(http.body)
    body = Arguments()
    if given is None:
        body.complete = arguments.complete
        return body
    node, place = _plain(given[0], given[1], values.origins)
    open_into(node, place, body, values, values.origins)
    return body


def _plain(node: ast.expr, place: Place, origins: Origins, depth: int = 0) -> tuple[ast.expr, Place]:
    """What `json.dumps(payload).encode()` is made of, directly or through a name."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="encode")):
            return _plain(value, place, origins, depth + 1)
        case ast.Call(func=ast.Attribute(attr="dumps") | ast.Name(id="dumps"), args=[value, *_]):
            return value, place
        case ast.Name(id=name) if depth < _MAX_DEPTH:
            bound = origins.bindings(name, place)
            if len(bound) == 1 and isinstance(bound[0].value, ast.Call) and bound[0].kind == "value":
                return _plain(bound[0].value, bound[0].place, origins, depth + 1)
    return node, place


def _fits(endpoint: Endpoint, text: str, sure: bool) -> re.Match[str] | None:
    plain = re.sub(r"^\w+://", "", text.strip()).split("?")[0].rstrip("/")
    for url in endpoint.urls:
        if (sure or not url.startswith("*")) and (found := _pattern(url).fullmatch(plain)) is not None:
            return found
    return None


def _has(body: Arguments, endpoint: Endpoint) -> bool:
    return all(key in body.keywords for key in endpoint.needs)


@cache
def _pattern(url: str) -> re.Pattern[str]:
    escaped = re.escape(url).replace(r"\*", r"[^?]*?").replace(r"\{model\}", r"(?P<model>[^?#]+?)")
    return re.compile(escaped)


def _inner(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part
