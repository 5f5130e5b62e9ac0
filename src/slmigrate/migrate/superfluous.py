"""Which packages a migration made superfluous: those whose last import it took."""

from collections.abc import Collection, Mapping

from slmigrate.migrate.project import Project

REPLACED = ("anthropic", "cohere", "mistralai", "ollama", "openai", "torch", "transformers")
"""Distributions that may be taken out; they are imported by the same names."""
NEED_TORCH = frozenset(
    "accelerate bitsandbytes diffusers fairseq lightning peft pytorch_lightning sentence_transformers timm torchaudio "
    "torchvision transformers trl".split()
)
"""Modules that work through torch without the project importing it."""


def superfluous(
    project: Project, required: Collection[str], changed: Mapping[str, bytes]
) -> tuple[set[str], tuple[str, ...]]:
    """What of `required` may be taken out, and a note on each package that has to stay.

    Args:
        required: distributions that a file of requirements names, in small letters.
        changed: new content of the Python files of this plan, by path.
    """
    named = [name for name in REPLACED if name in required]
    before, after = project.imported({}), project.imported(changed)
    if before is None or after is None:
        notes = [f"{name} stays: a file of the project cannot be parsed, and may import it" for name in named]
        return set(), tuple(notes)
    users = {name: _user(name, after, project) for name in named}
    went = {name for name in named if users[name] is None and name in before}
    if "torch" in named and users["torch"] is None and "transformers" in before:
        went.add("torch")  # it was there for transformers, which needs it without anybody importing it
    notes = [f"{name} stays: {users[name] or 'no import of it was ever seen'}" for name in named if name not in went]
    return went, tuple(notes)


def _user(name: str, after: Mapping[str, str], project: Project) -> str | None:
    modules = {name} | (NEED_TORCH if name == "torch" else set())
    for module in sorted(modules & set(after)):
        return f"{after[module]} imports {module}"
    notebook = project.notebook_with(name)
    return f"{notebook} names it" if notebook else None
