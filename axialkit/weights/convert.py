"""From the authors' TensorFlow checkpoints to a folder of weights that every command accepts."""

import hashlib
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from axialkit.config import ExperimentConfig, get_preset, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.model import build_classifier, build_model
from axialkit.model.build import build_empty
from axialkit.weights.files import WEIGHTS_FILE, save_tensors
from axialkit.weights.find import CONFIG_FILE, load_config
from axialkit.weights.home import working_folder
from axialkit.weights.load_tf import LoadReport, load_tf_checkpoint
from axialkit.weights.released import CITYSCAPES, IMAGENET, Released, guess_released, released_names
from axialkit.weights.tf_checkpoint import TfCheckpoint, find_prefix
from axialkit.weights.unpack import unpack

SOURCE_FILE = "source.json"
ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")
BACKBONE_PREFIX = "backbone."  # of our names
_DECODER = "semantic_decoder/"


class Origin(NamedTuple):
    """Where converted weights come from, as kept in source.json."""

    preset: str
    kind: str
    place: str
    """URL of the archive, or path of what was converted."""
    converted: str
    """Date and time (UTC)."""
    archive_bytes: int | None = None
    archive_sha256: str | None = None


class Converted(NamedTuple):
    """What was loaded, and where from."""

    report: LoadReport
    origin: Origin


def convert(path: Path, out: Path, preset: str | None = None) -> Converted:
    """Convert an archive (.tar.gz) or a checkpoint (folder or prefix) into the new folder ``out``.

    ``preset`` may be left out for the released archives and the folders that they unpack to.

    Raises:
        InputError: ``out`` holds something, the network cannot be guessed, or the checkpoint is
            damaged or of another network.
    """
    require_new(out)
    if not path.exists() and not path.with_name(f"{path.name}.index").exists():
        raise InputError(f"There is no archive or checkpoint {path}.")
    if preset is None:
        preset = _guess(path)
    config = load_config(preset)
    with working_folder(out.absolute().parent) as work:
        if path.name.endswith(ARCHIVE_SUFFIXES):
            origin = _origin(preset, str(path), path)
            return convert_archive(path, config, origin, out, work)
        prefix = find_prefix(path)
        origin = _origin(preset, str(path), None)._replace(kind=_kind(prefix))
        return _convert_checkpoint(prefix, config, origin, out, work)


def convert_archive(
    archive: Path, config: ExperimentConfig, origin: Origin, out: Path, work: Path
) -> Converted:
    """Unpack, load and write it again; ``out`` appears at the end, as a whole.

    An empty ``origin.kind`` is found out. ``work`` is an empty folder on the same disk.

    Raises:
        InputError: a damaged or hostile archive, or a checkpoint that does not fit.
    """
    tree = work / "unpacked"
    tree.mkdir()
    unpack(archive, tree)
    prefix = find_prefix(tree)
    origin = origin._replace(kind=origin.kind or _kind(prefix))
    report, origin = _convert_checkpoint(prefix, config, origin, out, work)
    return Converted(report._replace(source=archive), origin)


def require_new(out: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        InputError: it is a file, or not empty.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} exists already and is not empty. Choose another folder.")


def released_origin(released: Released, archive: Path) -> Origin:
    """Describe an archive of the authors."""
    return _origin(released.preset, released.url, archive)._replace(kind=released.kind)


def _origin(preset: str, place: str, archive: Path | None) -> Origin:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    origin = Origin(preset, "", place, now)
    if archive is None:
        return origin
    if not archive.is_file():
        raise InputError(f"There is no archive {archive}.")
    return origin._replace(archive_bytes=archive.stat().st_size, archive_sha256=_sha256(archive))


def _convert_checkpoint(
    prefix: Path, config: ExperimentConfig, origin: Origin, out: Path, work: Path
) -> Converted:
    backbone_only = origin.kind == IMAGENET
    model = build_empty(build_classifier if backbone_only else build_model, config)
    report = load_tf_checkpoint(model, prefix)
    tensors = dict(model.state_dict())
    if backbone_only:
        tensors = {k: v for k, v in tensors.items() if k.startswith(BACKBONE_PREFIX)}
        report = report._replace(kept=[])  # the classifier's: it is not written
    folder = work / "converted"
    folder.mkdir()
    description = {k: str(v) for k, v in origin._asdict().items() if v is not None}
    save_tensors(folder / WEIGHTS_FILE, tensors, description)
    write_json(folder / CONFIG_FILE, to_dict(config))
    write_json(folder / SOURCE_FILE, origin._asdict())
    if out.exists():
        shutil.rmtree(out)
    folder.rename(out)
    return Converted(report, origin)


def _guess(path: Path) -> str:
    for name in (path.name, path.absolute().parent.name):
        released = guess_released(name)
        if released is not None:
            get_preset(released.preset)
            return released.preset
    raise InputError(
        f"Which network is in {path} cannot be told from its name. Say it with --preset NAME, one "
        f"of: {', '.join(released_names())}."
    )


def _kind(prefix: Path) -> str:
    whole = any(key.startswith(_DECODER) for key in TfCheckpoint(prefix))
    return CITYSCAPES if whole else IMAGENET


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
