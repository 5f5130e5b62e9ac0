"""The old model, run otherwise: what would fewer beams or int8 alone win, without another model?"""

from dataclasses import dataclass

from slmigrate.engines.base import Generation
from slmigrate.errors import CompareError
from slmigrate.models.resolve import Located

_BEAMS = (2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A way to run the old model."""

    name: str
    spec: str
    generation: Generation


def variants(old: Located, generation: Generation) -> list[Variant]:
    """Fewer beams for an encoder-decoder; int8 as well where the original runs in torch.

    Raises:
        CompareError: the old model does not run here, or has neither beams nor another precision to try.
    """
    if old.engine in ("recorded", "remote", "extractive"):
        raise CompareError(f"{old.spec!r} does not run here, so there is nothing to tune. Leave --tune-old away.")
    if old.engine not in ("seq2seq", "torch_original"):
        raise CompareError(
            f"{old.spec!r} is no encoder-decoder: it has no beams, and its precision is that of its file. "
            "Leave --tune-old away."
        )
    asked = generation.num_beams
    beams = [count for count in _BEAMS if asked is None or count < asked]
    found = [_with_beams(old.spec, "", count, generation) for count in beams]
    if old.engine == "torch_original":
        converted = str(old.path)
        found.append(Variant(name="int8", spec=converted, generation=generation))
        found += [_with_beams(converted, "int8, ", count, generation) for count in beams]
    if not found:
        raise CompareError(f"{old.spec!r} is asked with one beam already: there is nothing to tune.")
    return found


def _with_beams(spec: str, before: str, count: int, generation: Generation) -> Variant:
    return Variant(
        name=f"{before}num_beams {count}", spec=spec, generation=generation.model_copy(update={"num_beams": count})
    )
