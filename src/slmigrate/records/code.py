"""Records about the user's source: where it calls models, what would change, what was changed."""

from typing import Any, Literal

from pydantic import Field

from slmigrate.records.base import Record

ModelSource = Literal["literal", "variable", "env_default", "config", "param_default", "library_default", "unresolved"]
"""How the model of a call site became known."""


class Broken(Record):
    """One reason why a call does not work today."""

    code: str
    """Stable name, for filters: `transformers5-pipeline-removed`, `model-retired`."""
    why: str
    """One sentence for a person."""
    since: str
    """ISO date or library version from which it is broken."""
    level: Literal["error", "warning"] = "error"
    """`error`: the call does not work today. `warning`: it will end, or it can go wrong without an error."""
    fix: str = ""
    """What to do, one sentence; empty where nothing general can be said."""


class CallSite(Record):
    """One call to a model in the user's code."""

    path: str
    """File, relative to the scanned folder, with forward slashes."""
    line: int
    """1-based line of the call's first token."""
    end_line: int
    """1-based last line of the call."""
    api: str
    """Dotted name of what is called: `transformers.pipeline`, `openai.chat.completions.create`."""
    provider: str
    """`transformers`, `openai`, `azure-openai`, ..."""
    task: str | None
    """Task name of the hub (`summarization`, `text-generation`), or None when it cannot be told."""
    task_source: Literal["argument", "api", "model", "prompt"] | None = None
    """What told the task: an argument of the call, the function that is called, the model's name, the prompt."""
    purpose: str | None = None
    """What the prompt of a chat call asks for, where that can be told: summarization, translation, ..."""
    model: str | None
    """Model id as the code names it, or None when it cannot be known without running the code."""
    cell: int | None = None
    """1-based cell of a notebook, cells of text counted too; `line` is then the line of the notebook's file."""
    cell_line: int | None = None
    """1-based line within the cell."""
    function: str | None = None
    """Dotted name of the enclosing function or class, None at module level."""
    candidates: tuple[str, ...] = ()
    """Every model that the code can give this call, where there is more than one; `model` is the first of them
    where a default or an order in the code makes it so, else None."""
    expression: str | None = None
    """Source of the model argument, where it is not a literal."""
    prompt: str | None = None
    """Static text of the prompt, where there is one."""
    callers: tuple[str, ...] = ()
    """`path:line` of the callers, where the site sits in a wrapper of the project."""
    model_source: ModelSource
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Generation parameters with literal values (`max_length`, `temperature`, ...), those of later calls of
    the same pipeline object included."""
    broken: tuple[Broken, ...] = ()
    migratable: Literal["yes", "review", "no"]
    """Whether a small model can take the call."""
    reason: str
    """Why `migratable` says what it says, one sentence."""


class Skipped(Record):
    """A file or call that was left out, and why."""

    path: str
    reason: str


class ScanReport(Record):
    """What `scan` prints."""

    version: Literal[1] = 1
    root: str
    call_sites: tuple[CallSite, ...]
    skipped: tuple[Skipped, ...]


class Edit(Record):
    """One change to one place in one file."""

    id: str
    """Stable within a plan: `path:line:rewrite`."""
    path: str
    line: int
    """1-based line in the file as it was."""
    rewrite: str
    """Name of the rewrite that makes it."""
    why: str
    notes: tuple[str, ...] = ()
    """What is only approximated, one sentence each."""


class FileChange(Record):
    """One file as it is and as it will be. Text is decoded; bytes are kept by the apply step."""

    path: str
    """Relative to the root, forward slashes."""
    before_sha256: str | None
    """None when the file does not exist yet."""
    after_sha256: str
    diff: str
    """Unified diff."""
    edits: tuple[Edit, ...]


class Untouched(Record):
    """A call site that the plan leaves alone, and why."""

    path: str
    line: int
    reason: str


class Plan(Record):
    """What `migrate` would do."""

    version: Literal[1] = 1
    root: str
    mode: Literal["in-place", "beside"]
    models: dict[str, str]
    """New model (a spec) by task."""
    comparison: str | None
    """Id of the comparison that supports it, None when there is none."""
    verdict: Literal["GO", "REVIEW", "NO-GO"] | None
    changes: tuple[FileChange, ...]
    untouched: tuple[Untouched, ...]
    applied: bool = False
    receipt: str | None = None
    """Id of the receipt, once applied."""


class ReceiptFile(Record):
    """One file that a migration wrote."""

    path: str
    before_sha256: str | None
    """None: the file did not exist, rollback deletes it."""
    after_sha256: str
    mode: int
    """Permission bits of the file before, or those that a new file got."""


class Receipt(Record):
    """The undo of one migration. Written before the first source file changes."""

    version: Literal[1] = 1
    id: str
    created: str
    """UTC, ISO 8601."""
    state: Literal["open", "applied", "rolled-back"]
    """`open` while writing: a crash leaves it so, and rollback still works."""
    mode: Literal["in-place", "beside"]
    files: tuple[ReceiptFile, ...]
    edits: tuple[Edit, ...]
    comparison: str | None = None
    folders: tuple[str, ...] = ()
    """Folders that the migration makes, outer ones first; a rollback removes those that are empty then."""
    kept_edits: dict[str, str] = Field(default_factory=dict)
    """Of a forced rollback: files that were edited after the migration, and where what they held lies now."""
