"""The exceptions that slmigrate raises on purpose. Each builds its own one-line message.

Those of one module only (`cases.BadCases`, `apply.CannotChange`, ...) stand in that module, under a class of this tree.

SlmigrateError                    anything the caller can act on; the command line prints it as one line
├── InputError                    a file or argument that cannot be used
│   ├── FileMissing               no such file or folder
│   ├── EmptyInput                the file is there and holds nothing
│   └── WrongFormat               the file holds something else than was expected
├── SettingsError                 slmigrate.toml is broken
├── ExtraMissing                  an optional dependency is not installed
├── ModelError                    about one model
│   ├── UnknownModel              no catalogue entry, file or hub id by that name
│   ├── ModelUnavailable          known, but cannot be had (does not exist, hosted only, retired)
│   ├── WeightsMissing            known, but its weights are not on this machine
│   ├── NoEngine                  weights are here, but nothing installed can run them
│   └── LicenceNotAccepted        its terms are not permissive, and nobody has accepted them
├── WeightsError                  fetching or keeping weights failed
│   ├── DownloadFailed            the index or hub could not be reached, or refused
│   ├── ChecksumMismatch          what arrived is not what the catalogue pins
│   ├── NoDiskSpace               not enough room for the weights
│   └── NotWritable               the folder cannot be written
├── EngineError                   a loaded model could not answer
│   ├── EngineFailed              loading or answering broke
│   ├── ParameterRefused          the engine cannot honour a parameter
│   ├── InputTooLong              longer than the model's context, and cutting was not allowed
│   └── NoRecordedAnswer          recorded answers hold nothing for this case
├── CompareError                  a comparison cannot be made
│   ├── UnpairedScores            the two runs do not cover the same cases
│   ├── TooFewCases               fewer cases than an interval needs
│   ├── AnswersMissing            recorded answers leave cases out
│   └── FolderTaken               the folder for the results is in use, or holds something else
└── MigrateError                  the code cannot be changed as asked
    ├── ChangedOnDisk             a file is not what it was when the plan was made
    ├── ComparisonMissing         no GO supports this change
    ├── NothingToRollBack         no receipt
    └── EditedSince               a file was edited after the migration
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path


class SlmigrateError(Exception):
    """Anything the caller can act on. `str(error)` is one line: what was asked, what is so, what to do."""


class InputError(SlmigrateError):
    """A file or argument that cannot be used."""


class FileMissing(InputError):
    """No such file or folder."""

    def __init__(self, path: str | Path, *, what: str = "file") -> None:
        self.path = Path(path)
        super().__init__(f"No {what} at {str(path)!r}. Check the path.")


class EmptyInput(InputError):
    """The file is there and holds nothing that can be used."""

    def __init__(self, path: str | Path, *, expected: str) -> None:
        self.path = Path(path)
        super().__init__(f"{str(path)!r} is empty. Expected {expected}.")


class WrongFormat(InputError):
    """The file holds something else than was expected."""

    def __init__(self, path: str | Path, *, found: str, expected: str, line: int | None = None) -> None:
        self.path, self.found, self.line = Path(path), found, line
        where = f"{str(path)!r}, line {line}" if line is not None else repr(str(path))
        super().__init__(f"{where}: {found}. Expected {expected}.")


class SettingsError(SlmigrateError):
    """slmigrate.toml cannot be used."""

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        super().__init__(f"{str(path)!r}: {problem}")


class ExtraMissing(SlmigrateError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, *, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs the extra {extra!r}. Run: pip install 'slmigrate[{extra}]'")


class ModelError(SlmigrateError):
    """About one model; `spec` is what was asked for."""

    def __init__(self, spec: str, message: str) -> None:
        self.spec = spec
        super().__init__(message)


class UnknownModel(ModelError):
    """No catalogue entry, file or hub id by that name."""

    def __init__(self, spec: str, known: Iterable[str]) -> None:
        close = get_close_matches(spec, list(known), n=1, cutoff=0.6)
        hint = f"Did you mean {close[0]!r}?" if close else "`slmigrate models list` shows all of them."
        super().__init__(spec, f"No model {spec!r} in the catalogue, and no such file or folder. {hint}")


class ModelUnavailable(ModelError):
    """Known, but cannot be had: it does not exist, is hosted only, or is retired."""

    def __init__(self, spec: str, why: str) -> None:
        super().__init__(spec, f"Model {spec!r} cannot be had: {why}")


class WeightsMissing(ModelError):
    """Known, but its weights are not on this machine."""

    def __init__(self, spec: str) -> None:
        super().__init__(spec, f"The weights of {spec!r} are not on this machine. Run: slmigrate models pull {spec}")


class NoEngine(ModelError):
    """Weights are here, but nothing installed can run them."""

    def __init__(self, spec: str, why: str) -> None:
        super().__init__(spec, f"No engine can run {spec!r}: {why}")


class LicenceNotAccepted(ModelError):
    """Its terms are not permissive, and nobody has accepted them."""

    def __init__(self, spec: str, licence: str, caveat: str | None) -> None:
        about = f" ({caveat})" if caveat else ""
        super().__init__(
            spec, f"{spec!r} is under {licence}{about}. Read its terms; if they allow your use, add --accept-licence."
        )


class WeightsError(SlmigrateError):
    """Fetching or keeping weights failed."""


class DownloadFailed(WeightsError):
    """The index or hub could not be reached, or refused."""

    def __init__(self, spec: str, source: str, why: str) -> None:
        super().__init__(
            f"Could not fetch {spec!r} from {source}: {why}. No half model is left that could load; run it again."
        )


class ChecksumMismatch(WeightsError):
    """What arrived is not what the catalogue or the hub says."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"{name} has sha256 {found[:12]}…, and {expected[:12]}… was expected. "
            "It was deleted; do not use that source."
        )


class NoDiskSpace(WeightsError):
    """Not enough room for the weights."""

    def __init__(self, folder: str | Path, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"{str(folder)!r} has {free_bytes / 1e6:,.0f} MB free, {needed_bytes / 1e6:,.0f} MB are needed. "
            "Free some room, or set SLMIGRATE_HOME to another disk."
        )


class NotWritable(WeightsError):
    """The folder cannot be written."""

    def __init__(self, folder: str | Path, why: str) -> None:
        super().__init__(f"Cannot write to {str(folder)!r} ({why}). Set SLMIGRATE_HOME to a writable folder.")


class EngineError(SlmigrateError):
    """A loaded model could not answer."""


class EngineFailed(EngineError):
    """Loading or answering broke."""

    def __init__(self, spec: str, doing: str, why: str) -> None:
        super().__init__(f"{spec!r} failed while {doing}: {why}")


class ParameterRefused(EngineError):
    """The engine cannot honour a parameter, and leaving it out could change the meaning."""

    def __init__(self, engine: str, parameter: str, why: str) -> None:
        self.parameter = parameter
        super().__init__(f"The {engine} engine refuses {parameter!r}: {why}")


class InputTooLong(EngineError):
    """Longer than the model's context, and cutting was not allowed."""

    def __init__(self, spec: str, tokens: int, room: int) -> None:
        self.tokens, self.room = tokens, room
        super().__init__(
            f"The input has {tokens:,} tokens, {spec!r} has room for {room:,}. "
            "Shorten it, or pass truncation=True to have its end cut."
        )


class NoRecordedAnswer(EngineError):
    """Recorded answers hold nothing for this case."""

    def __init__(self, path: str | Path, case_id: str | None) -> None:
        super().__init__(f"{str(path)!r} holds no answer for case {case_id!r}. Record it, or leave the case out.")


class CompareError(SlmigrateError):
    """A comparison cannot be made."""


class UnpairedScores(CompareError):
    """The two runs do not cover the same cases."""

    def __init__(self, old: int, new: int) -> None:
        super().__init__(f"Cannot pair {old} old scores with {new} new ones. Run both models on one case file.")


class TooFewCases(CompareError):
    """Fewer cases than an interval needs."""

    def __init__(self, path: str | Path, n: int, *, needed: int) -> None:
        what = "1 case" if n == 1 else f"{n} cases"
        super().__init__(f"{str(path)!r} gives {what}; a comparison needs at least {needed}, a verdict at least 20.")


class AnswersMissing(CompareError):
    """Recorded answers leave cases out."""

    def __init__(self, path: str | Path, missing: Sequence[str], total: int) -> None:
        self.missing = tuple(missing)
        first = ", ".join(repr(case) for case in missing[:3])
        more = ", …" if len(missing) > 3 else ""
        super().__init__(
            f"{str(path)!r} holds no answer for {len(missing)} of {total} cases ({first}{more}). "
            "Record them, or take those cases out of the case file."
        )


class FolderTaken(CompareError):
    """The folder for the results is in use, or holds something else."""

    def __init__(self, folder: str | Path, why: str) -> None:
        super().__init__(f"Cannot keep a comparison in {str(folder)!r}: {why}.")


class MigrateError(SlmigrateError):
    """The code cannot be changed as asked."""


class ChangedOnDisk(MigrateError):
    """A file is not what it was when the plan was made."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} changed since the plan was made; nothing was written. Run migrate again.")


class ComparisonMissing(MigrateError):
    """No GO supports this change."""

    def __init__(self, spec: str, found: str) -> None:
        super().__init__(
            f"No comparison says GO for {spec!r} ({found}); nothing was written. "
            "Run `slmigrate compare`, or pass --without-comparison."
        )


class NothingToRollBack(MigrateError):
    """No receipt."""

    def __init__(self, root: str | Path, receipt: str | None = None) -> None:
        which = f"no receipt {receipt!r}" if receipt else "no migration that is still applied"
        super().__init__(f"Nothing to roll back: {which} under {str(root)!r}.")


class EditedSince(MigrateError):
    """A file was edited after the migration."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        names = ", ".join(repr(path) for path in self.paths)
        super().__init__(
            f"Edited since the migration, nothing was restored: {names}. Undo those edits first, or pass "
            "--force: it keeps a copy of them."
        )
