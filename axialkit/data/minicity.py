"""MiniCity: a drawn stand-in for Cityscapes, made in a minute, in the real layout and formats.

    ROOT/leftImg8bit/{split}/{city}/{city}_{seq}_000019_leftImg8bit.png
    ROOT/gtFine/{split}/{city}/..._gtFine_{polygons.json,color,labelIds,instanceIds,labelTrainIds}
    ROOT/gtFine/cityscapes_panoptic_{split}[_trainId][.json]
    ROOT/minicity/config.json                       the settings it was drawn with
    ROOT/minicity/specials/{split}/{name}.json      objects that only a far cue tells

Polygons are the truth; the label pictures follow from them by the official painting rules. Image
``index`` of a split is drawn from (seed, split, index) alone, so it does not depend on how many are
made. Each split has cities of its own. Unlike Cityscapes' ``test``, MiniCity's is fully annotated:
a third split that neither training nor choices on ``val`` have seen.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from axialkit.data import rasterize
from axialkit.data.avenue import draw_avenue
from axialkit.data.cities import city_style
from axialkit.data.cityscapes import SPLITS
from axialkit.data.minicity_files import (
    DrawnScene,
    SpecialObject,
    config_path,
    has_panoptic,
    image_name,
    is_whole,
    only_one,
    present_images,
    read_config,
    remove_leftovers,
    specials_folder,
    write_scene,
)
from axialkit.data.minicity_settings import (
    Settings,
    check_same,
    make_counts,
    make_settings,
    to_config,
)
from axialkit.data.panoptic_files import write_panoptic
from axialkit.data.parallel import map_parallel
from axialkit.data.street import draw_street
from axialkit.errors import InputError, suggest
from axialkit.files import read_json, write_json


class _Job(NamedTuple):
    root: Path
    settings: Settings
    split: str
    number: int  # of the image in its split


def scene(
    index: int,
    *,
    split: str = "val",
    scenes: str = "full",
    seed: int = 0,
    size: tuple[int, int] | None = None,
    ambiguity: float | None = None,
) -> DrawnScene:
    """Draw image ``index`` of a split in memory: the same pixels as on disk.

    Raises:
        InputError: an unknown split or kind of scenes, or a setting out of range.
    """
    _check_split(split)
    if index < 0:
        raise InputError(f"The index of a scene counts from 0, got {index}.")
    return _draw(make_settings(scenes, seed, size, ambiguity), split, index)


def generate(  # noqa: PLR0913
    root: Path | str,
    *,
    scenes: str = "full",
    train: int | None = None,
    val: int | None = None,
    test: int | None = None,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    ambiguity: float | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Write a MiniCity under ``root``; draw only what is missing there; return the root.

    Counts, size (height, width) and ambiguity are those of ``minicity_settings.KINDS`` unless
    given. ``workers`` None = one process per core. Interrupted, it keeps the finished images; run
    again, it completes them. Higher counts add images to the old ones.

    Raises:
        InputError: settings out of range, ``root`` holds something else or a MiniCity with other
            settings, or it cannot be written to.
    """
    root = Path(root)
    settings = make_settings(scenes, seed, size, ambiguity)
    asked = make_counts(scenes, {"train": train, "val": val, "test": test})
    _check_root(root, settings)
    counts = _with_present(root, asked)
    if _is_done(root, counts):
        _say(f"{root} is complete: {_scenes(sum(counts.values()))}.", progress=progress)
        return root
    with only_one(root):
        write_json(config_path(root), to_config(settings, counts))
        remove_leftovers(root)
        _draw_missing(root, settings, counts, workers, progress=progress)
        _derive_panoptic(root, counts, workers, progress=progress)
    return root


def is_complete(root: Path | str) -> bool:
    """Return whether ``root`` holds a MiniCity with all the images it was asked for."""
    root = Path(root)
    return config_path(root).is_file() and is_whole(root, read_config(root)["counts"])


def read_specials(root: Path | str, split: str) -> list[SpecialObject]:
    """Read the special objects of a split, sorted by image.

    Raises:
        InputError: ``root`` holds no MiniCity, or there is no such split.
    """
    root = Path(root)
    _check_split(split)
    read_config(root)
    found = []
    for path in sorted(specials_folder(root, split).glob("*.json")):
        for entry in read_json(path):
            tuples = {"alternatives": tuple(entry["alternatives"]), "cue": tuple(entry["cue"])}
            found.append(SpecialObject(**{**entry, **tuples}))
    return found


def special_mask(
    root: Path | str, split: str, special: SpecialObject
) -> Bool[np.ndarray, "height width"]:
    """Return the visible pixels of a special object.

    Raises:
        InputError: the polygons of its image are missing.
    """
    folder = Path(root) / "gtFine" / split / special.name.split("_")[0]
    polygons, size = rasterize.read_polygons(folder / f"{special.name}_gtFine_polygons.json")
    return rasterize.owners(polygons, size) == special.polygon


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InputError(
            f'There is no split "{split}".{suggest(split, list(SPLITS))} '
            f"Splits: {', '.join(SPLITS)}."
        )


def _check_root(root: Path, settings: Settings) -> None:
    """Refuse a folder that holds other things, or a MiniCity drawn with other settings."""
    if config_path(root).is_file():
        check_same(root, read_config(root), settings)
    elif root.is_file():
        raise InputError(f"{root} is a file, not a folder. Choose another --out.")
    elif root.is_dir():
        others = sorted({path.name for path in root.iterdir()} - {"minicity"})
        if others:
            raise InputError(
                f'{root} is no MiniCity: it holds "{others[0]}". Choose a new or empty --out.'
            )


def _with_present(root: Path, asked: dict[str, int]) -> dict[str, int]:
    """Raise the counts to what is there already: images are added, never removed."""
    return {
        split: max(count, 1 + max(present_images(root, split), default=-1))
        for split, count in asked.items()
    }


def _is_done(root: Path, counts: dict[str, int]) -> bool:
    written = config_path(root).is_file()
    return written and read_config(root)["counts"] == counts and is_whole(root, counts)


def _say(sentence: str, *, progress: bool) -> None:
    if progress:
        print(sentence, flush=True)


def _scenes(count: int) -> str:
    return "1 scene" if count == 1 else f"{count} scenes"


def _draw_missing(
    root: Path, settings: Settings, counts: dict[str, int], workers: int | None, *, progress: bool
) -> None:
    present = {split: present_images(root, split) for split in SPLITS}
    jobs = [
        _Job(root, settings, split, number)
        for split in SPLITS
        for number in range(counts[split])
        if number not in present[split]
    ]
    total = sum(counts.values())
    if 0 < len(jobs) < total:
        there = f"{root} holds {total - len(jobs)} of {_scenes(total)}"
        _say(f"{there}; drawing the other {len(jobs)}.", progress=progress)
    elif jobs:
        _say(f"Drawing {_scenes(total)} into {root}.", progress=progress)
    map_parallel(_draw_and_write, jobs, workers=workers, description="drawing", progress=progress)


def _derive_panoptic(
    root: Path, counts: dict[str, int], workers: int | None, *, progress: bool
) -> None:
    _say("Deriving the panoptic files.", progress=progress)
    for split in SPLITS:
        for use_train_id in (False, True):
            if not has_panoptic(root, split, counts[split], use_train_id=use_train_id):
                write_panoptic(root, split, use_train_id=use_train_id, workers=workers)


def _draw_and_write(job: _Job) -> None:
    name = image_name(job.split, job.number)
    write_scene(job.root, job.split, name, _draw(job.settings, job.split, job.number))


def _draw(settings: Settings, split: str, number: int) -> DrawnScene:
    # RandomState: its stream is frozen, so a seed means the same scenes with every NumPy
    rng = np.random.RandomState([settings.seed, SPLITS.index(split), number])
    if settings.scenes == "avenue":
        drawn = draw_avenue(settings.size, rng, ambiguity=settings.ambiguity)
    else:
        city = city_style(split, number, settings.seed)
        drawn = draw_street(settings.size, rng, city, settings.ambiguity)
    instances = rasterize.instance_ids(drawn.polygons, settings.size)
    labels = rasterize.label_ids(instances)
    return DrawnScene(drawn.image, labels, instances, drawn.polygons, drawn.specials)
