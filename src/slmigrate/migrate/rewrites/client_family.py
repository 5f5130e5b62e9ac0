"""A client of a provider becomes a stand-in of slmigrate: its chat calls stay as they are, in this process.

Where everything that the client is used for can be carried over at once, the client is replaced where it is made. Where
it has to stay for something else (embeddings, tools, another file), the calls that can go are asked of a stand-in of
their own, and the client stays for the rest. Which clients and calls these are, a `Family` says.
"""

from dataclasses import dataclass

import libcst as cst

from slmigrate.migrate.rewrites import client_made, client_receiver, names
from slmigrate.migrate.rewrites.client_calls import Family, asked_of, cannot
from slmigrate.migrate.rewrites.client_model import Model, model_of
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target
from slmigrate.records import Edit


@dataclass(frozen=True, slots=True, eq=False)
class ClientRewrite:
    """The rewrite of one family of clients."""

    family: Family

    @property
    def NAME(self) -> str:
        """Name of the rewrite, as it stands in edits."""
        return self.family.NAME

    @property
    def APIS(self) -> frozenset[str]:
        """What scan calls the calls of this family."""
        return self.family.APIS

    def rewrite(self, file: SourceFile, target: Target, *, beside: bool) -> str | None:
        """Collect the edits for one chat call and its client, or say why it is left alone."""
        return _rewrite(self.family, file, target, beside=beside)

    def finish(self, file: SourceFile) -> None:
        """Import the stand-in in the place of the clients that are gone."""
        client_receiver.finish(self.family, file)


def _rewrite(family: Family, file: SourceFile, target: Target, *, beside: bool) -> str | None:
    site = target.site
    if site.task != "text-generation":
        return f"a {site.task or 'call of unknown task'} is not a chat that can be answered in this process"
    seen: set[cst.Call] = file.memory.setdefault(f"{family.NAME}-seen", set())
    calls = (call for call in file.calls_at(site.line, site.end_line) if call not in seen)
    found = next(((call, asked) for call in calls if (asked := asked_of(family, file, call))), None)
    if found is None:
        return f"it is not called as {_calls(family)}"
    call, (method, receiver) = found
    seen.add(call)
    if receiver is not None and client_made.is_stand_in(family, file, receiver):
        return "it is answered in this process already"
    reason = names.taken(file) or cannot(method, file, call, target)
    if reason:
        return reason
    model = model_of(file, call, target, family.NAME, beside=beside)
    if isinstance(model, str):
        return model
    how = client_receiver.plan(family, file, call, receiver, target, beside=beside)
    if isinstance(how, str):
        return how
    _change(family, file, call, target, model, how)
    return None


def _change(
    family: Family, file: SourceFile, call: cst.Call, target: Target, model: Model, how: client_receiver.How
) -> None:
    notes = (*target.notes(), *model.make(), *how.make(), *errors_note(file, family.package))
    names.need(file, target)
    file.record(
        Edit(
            id=f"{file.path}:{target.site.line}:{family.NAME}",
            path=file.path,
            line=target.site.line,
            rewrite=family.NAME,
            why=f"{target.site.model or model.written} becomes {target.key}, in this process; the call stays as it is",
            notes=notes,
        )
    )


def errors_note(file: SourceFile, package: str) -> tuple[str, ...]:
    """A note where the file names errors of the package, once per file."""
    if file.memory.setdefault(f"{package}-errors", False):
        return ()
    file.memory[f"{package}-errors"] = True
    found = {
        name
        for node in file.nodes()
        if isinstance(node, cst.Name | cst.Attribute)
        for name in file.qualified(node)
        if name.startswith(f"{package}.") and name.endswith("Error")
    }
    said = f"{', '.join(sorted(found))}: not raised any more; what goes wrong is a slmigrate.SlmigrateError"
    return (said,) if found else ()


def _calls(family: Family) -> str:
    return " or ".join(f"client.{'.'.join(method.path)}(…)" for method in family.methods)
