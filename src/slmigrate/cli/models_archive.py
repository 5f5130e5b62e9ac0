"""`slmigrate models export` and `import`."""

from pathlib import Path

import click

from slmigrate.cli.output import emit, format_option, progress, say
from slmigrate.records import Exported, WeightsManifest


@click.command()
@click.argument("spec")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE where it is there.")
@format_option
def export(spec: str, file: Path, force: bool, format_: str) -> None:
    """Write the weights that SPEC is run from to one FILE, for a machine without a network.

    A plain tar: the manifest, then the files with their sha256 checked. `models import` takes it there.

    \b
        slmigrate models export smollm2-135m smollm2.tar
    """
    from slmigrate.models import archive

    local = archive.find_form(spec)
    with progress(f"writing {file.name}", local.manifest.bytes) as tell:
        size = archive.export(local, file, force=force, progress=tell)
    done = Exported(key=local.manifest.key, precision=local.manifest.precision, file=str(file), bytes=size)
    emit(
        done,
        format_=format_,
        render=lambda it: (
            f"Wrote {it.file}: {it.key} ({it.precision}), {it.bytes / 1e6:,.1f} MB. "
            f"On the other machine: slmigrate models import {Path(it.file).name}"
        ),
    )


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@format_option
def import_(file: Path, format_: str) -> None:
    """Take the weights of a FILE that `models export` wrote. Does nothing when they are here.

    Every file is checked against its sha256; an archive that is cut or changed leaves nothing.

    \b
        slmigrate models import smollm2.tar
    """
    from slmigrate.models import archive

    manifest = archive.read_manifest(file)
    say(f"{manifest.id}: licence {archive.licence_of(manifest)}")
    with progress(f"reading {file.name}", manifest.bytes) as tell:
        manifest, already = archive.import_(file, progress=tell)
    emit(manifest, format_=format_, render=lambda it: _imported(it, already=already))


def _imported(manifest: WeightsManifest, *, already: bool) -> str:
    what = "is here already" if already else "is here now"
    size = f"{manifest.bytes / 1e6:,.1f} MB"
    return f"{manifest.key} ({manifest.precision}) {what}: {size} from {manifest.source}, sha256 verified."
