"""`OpenAI(…)` and `AzureOpenAI(…)` go on, and ask a server on this machine: address and key from the environment.

Chosen with `--endpoint URL`. Whatever the server can do stays possible (tools, streams, several answers), so only the
client and the model's name change. A client changes for all that it is used for, or not at all.
"""

import libcst as cst

from slmigrate.migrate.rewrites import client_made, names
from slmigrate.migrate.rewrites.chat_client import FAMILY
from slmigrate.migrate.rewrites.client_calls import Method, asked_of
from slmigrate.migrate.rewrites.client_model import model_of
from slmigrate.migrate.rewrites.client_receiver import cannot_replace
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

NAME = "openai-endpoint"
APIS = FAMILY.APIS
BASE, AZURE, KEY = "SLMIGRATE_BASE_URL", "SLMIGRATE_AZURE_ENDPOINT", "SLMIGRATE_API_KEY"
"""Variables of the environment that the changed code reads."""
GOES = frozenset({"api_key", "base_url", "organization", "project", "azure_endpoint", "azure_ad_token"})
NO_KEY = "no-key"
"""What a server that asks for no key is given; the SDK insists on one."""


def rewrite(file: SourceFile, target: Target, *, beside: bool) -> str | None:
    """Collect the edits for one call and its client, or say why it is left alone."""
    seen: set[cst.Call] = file.memory.setdefault(f"{NAME}-seen", set())
    calls = (call for call in file.calls_at(target.site.line, target.site.end_line) if call not in seen)
    found = next(((call, asked[1]) for call in calls if (asked := asked_of(FAMILY, file, call))), None)
    call, receiver = found or (None, None)
    if call is None or receiver is None:
        return "it is not called as client.chat.completions.create(…) or client.responses.create(…)"
    seen.add(call)
    if client_made.is_stand_in(FAMILY, file, receiver):
        return "it is answered in this process already"
    made = client_made.construction(FAMILY, file, receiver)
    if isinstance(made, str):
        return made
    if _is_local(made):
        return "its client asks the local endpoint already"
    if any(arg.star or arg.keyword is None for arg in made.args):
        return "the arguments of its client are unpacked from a variable, or have no names"

    def stays(method: Method, other: cst.Call, its: Target | None) -> str | None:
        return _unsettled(file, other, its, beside=beside)

    reason = names.taken(file) or cannot_replace(FAMILY, file, receiver, made, call, stays, beside=beside)
    model = model_of(file, call, target, NAME, beside=beside)
    if reason or isinstance(model, str):
        return reason or str(model)
    notes = (*model.make(), *_point(file, made, target))
    names.need(file, target)
    file.record(
        Edit(
            id=f"{file.path}:{target.site.line}:{NAME}",
            path=file.path,
            line=target.site.line,
            rewrite=NAME,
            why=f"{target.site.model or model.written} becomes {target.key}, asked at {target.endpoint}",
            notes=notes,
        )
    )
    return None


def finish(file: SourceFile) -> None:
    """Nothing is left to settle: the imports stay."""


def _unsettled(file: SourceFile, call: cst.Call, target: Target | None, *, beside: bool) -> str | None:
    """Why another call of the client could not go along."""
    if target is None:
        return "no small model is set for it"
    model = model_of(file, call, target, NAME, beside=beside)
    return model if isinstance(model, str) else None


def _is_local(made: cst.Call) -> bool:
    return bool({BASE, AZURE} & {text for arg in made.args for text in _texts(arg.value)})


def _texts(node: cst.BaseExpression) -> set[str]:
    code = cst.Module([]).code_for_node(node)
    return {name for name in (BASE, AZURE) if name in code}


def _point(file: SourceFile, made: cst.Call, target: Target) -> tuple[str, ...]:
    """Give the client the local address and key, once; notes on what it had."""
    done: list[cst.Call] = file.memory.setdefault(NAME, [])
    if made in done:
        return ()
    done.append(made)
    azure = any(name.endswith("AzureOpenAI") for name in file.qualified(made.func))
    url = target.endpoint or ""
    address = ("azure_endpoint", AZURE, url.removesuffix("/").removesuffix("/v1")) if azure else ("base_url", BASE, url)
    new = [_read(*address), _read("api_key", KEY, NO_KEY)]
    gone = [arg.keyword.value for arg in made.args if arg.keyword is not None and arg.keyword.value in GOES]
    for arg in made.args:
        if arg.keyword is not None and arg.keyword.value in GOES:
            file.loose_names |= names.names_in(arg.value) - {"os"}
    file.change(made, lambda updated: _with(updated, new))
    file.need_import("import os")
    said = f"the client asks {url}, or what {address[1]} names; its key is {KEY}"
    return (said, f"its own {', '.join(gone)} {'is' if len(gone) == 1 else 'are'} dropped") if gone else (said,)


def _read(name: str, variable: str, default: str) -> cst.Arg:
    value = cst.parse_expression(f'os.environ.get("{variable}", "{default}")')
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(keyword=cst.Name(name), value=value, equal=tight)


def _with(made: cst.Call, new: list[cst.Arg]) -> cst.Call:
    """The call with the new arguments in the place of those that go, laid out as the others are."""
    kept = [arg for arg in made.args if arg.keyword is None or arg.keyword.value not in GOES]
    space = made.whitespace_before_args if made.args and isinstance(made.args[-1].comma, cst.Comma) else None
    comma = cst.Comma(whitespace_after=space if space is not None else cst.SimpleWhitespace(" "))
    args = [arg.with_changes(comma=comma) for arg in (*new, *kept)]
    last = made.args[-1].comma if made.args else cst.MaybeSentinel.DEFAULT
    args[-1] = args[-1].with_changes(comma=last)
    return made.with_changes(args=args)
