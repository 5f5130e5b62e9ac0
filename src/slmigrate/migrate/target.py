"""What a call site is to be pointed at, handed over by whoever knows models."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slmigrate.records import CallSite, ParameterSupport


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The small model for one call site."""

    site: CallSite
    key: str
    """Catalogue key that is written into the code."""
    support: Mapping[str, ParameterSupport] = field(default_factory=dict)
    """What the model's engine does with each parameter, by the name that the code uses (`max_length`, `num_beams`)."""

    keeps_model: bool = False
    """The model argument stays as it is written: the settings file that it comes from changes."""
    endpoint: str | None = None
    """Address of the server that answers, for clients of OpenAI; None: the model answers in the program's process."""
    context_tokens: int | None = None
    """What the model can read at once, answer included; None: not known."""

    def notes(self) -> tuple[str, ...]:
        """A sentence for every parameter of the site that is only approximated, and one on what the model can read."""
        asked = (name for name, value in self.site.parameters.items() if (name, value) != ("num_beams", 1))
        found = (self.support.get(name) for name in asked)
        notes = tuple(f"{it.name}: {it.note}" for it in found if it is not None and it.level == "approximated")
        if self.context_tokens is None:
            return notes
        return (
            *notes,
            f"{self.key} reads {self.context_tokens:,} tokens at once, its answer included",
        )

    def refused(self) -> str | None:
        """Why the model cannot take the site's parameters, or None."""
        for name in self.site.parameters:
            support = self.support.get(name)
            if support is not None and support.level == "refused":
                return f"its parameter {name!r} cannot be carried over: {support.note}"
        return None
