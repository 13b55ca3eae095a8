"""Results for the Cityscapes test server: three zip archives, one per benchmark.

The labels of the test split are not public; the server scores what is uploaded. Its forms are those
of the official scripts (``official_files``)::

    panoptic.zip    cityscapes_panoptic_test.json, cityscapes_panoptic_test/{name}.png
    pixel.zip       {name}.png, label ids
    instance.zip    {name}.txt, instance_masks/...png
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from axialkit.data.cityscapes import SamplePaths, list_images
from axialkit.data.panoptic_files import is_whole_png
from axialkit.evaluation.claim import claim_folder
from axialkit.evaluation.id_pictures import labels_of_ids, read_id_picture
from axialkit.evaluation.network import NetworkPredictions
from axialkit.evaluation.official_files import (
    INSTANCE,
    SEMANTIC,
    panoptic_annotation,
    prediction_json,
    write_instances,
    write_label_ids,
    write_prediction,
    write_prediction_json,
)
from axialkit.files import atomic_path
from axialkit.segment_scores import score_segments

SETTINGS = "submission_settings.json"


class Archive(NamedTuple):
    """One zip archive that was written."""

    path: Path
    files: int
    size: int  # bytes


def write_submission(
    network: NetworkPredictions,
    root: Path | str,
    out: Path | str,
    split: str = "test",
    *,
    progress: bool = True,
) -> list[Archive]:
    """Segment all images of a split, labels not needed, and pack the three archives into ``out``.

    Images whose files are complete already are left as they are, so an interrupted run goes on.

    Raises:
        InputError: no images, an unreadable one, nowhere to write, or an ``out`` that belongs to
            another network or data set.
    """
    samples, out = list_images(root, split), Path(out)
    data = {"data": str(Path(root).resolve()), "split": split}
    claim_folder(out, SETTINGS, {**network.identity, **data})
    bar = tqdm(samples, f"segmenting {split}", disable=not progress, unit="image")
    annotations = [_answer(sample, network, out, split) for sample in bar]
    description = write_prediction_json(out, split, annotations)
    names = [sample.name for sample in samples]
    pictures = description.with_suffix("")
    return [
        _pack(out / "panoptic.zip", out, [description, *(pictures / f"{n}.png" for n in names)]),
        _pack(out / "pixel.zip", out / SEMANTIC, (out / SEMANTIC / f"{n}.png" for n in names)),
        _pack(out / "instance.zip", out / INSTANCE, _instance_files(out / INSTANCE, names)),
    ]


def _answer(
    sample: SamplePaths, network: NetworkPredictions, out: Path, split: str
) -> dict[str, Any]:
    """Write the files of one image; return its entry for the panoptic JSON."""
    name, picture = sample.name, prediction_json(out, split).with_suffix("") / f"{sample.name}.png"
    done = out / INSTANCE / f"{name}.txt"  # written last
    if done.is_file() and is_whole_png(picture) and is_whole_png(out / SEMANTIC / f"{name}.png"):
        panoptic = labels_of_ids(picture, read_id_picture(picture))
        return panoptic_annotation(name, picture.name, panoptic)
    result = network.segment(sample.image)
    annotation = write_prediction(out, split, name, result.panoptic)
    write_label_ids(out / SEMANTIC, name, result.semantic)
    scores = [(one.label, one.score) for one in score_segments(result)]
    write_instances(out / INSTANCE, name, result.panoptic, scores)
    return annotation


def _instance_files(folder: Path, names: Iterable[str]) -> Iterable[Path]:
    """Yield each image's list, and the masks that it names."""
    for name in names:
        yield folder / f"{name}.txt"
        for line in (folder / f"{name}.txt").read_text().splitlines():
            yield folder / line.split()[0]


def _pack(path: Path, root: Path, files: Iterable[Path]) -> Archive:
    """Write an archive of files, named as they lie below ``root``."""
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for file in files:
            packed = file.suffix == ".png"  # PNGs are compressed already
            method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.write(file, file.relative_to(root), method)
        count = len(archive.namelist())
    return Archive(path, count, path.stat().st_size)
