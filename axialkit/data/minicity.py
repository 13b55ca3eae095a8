"""MiniCity: a drawn stand-in for Cityscapes, made in a minute, in the real layout and formats.

    ROOT/leftImg8bit/{split}/{city}/{city}_{seq}_000019_leftImg8bit.png
    ROOT/gtFine/{split}/{city}/..._gtFine_{polygons.json,color,labelIds,instanceIds,labelTrainIds}
    ROOT/gtFine/cityscapes_panoptic_{split}[_trainId][.json]
    ROOT/minicity/config.json                       the settings it was drawn with
    ROOT/minicity/specials/{split}/{name}.json      objects that only a far cue tells

Polygons are the truth; the label pictures follow from them by the official painting rules. Image
``index`` of a split is drawn from (seed, split, index) alone, so it does not depend on how many are
made. The cities of the splits differ. Unlike Cityscapes' own, the ``test`` split is fully
annotated: a third, unseen split.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from axialkit.data import rasterize
from axialkit.data.avenue import draw_avenue
from axialkit.data.cities import CITY_NAMES, city_style
from axialkit.data.cityscapes import SPLITS, train_ids
from axialkit.data.panoptic_files import panoptic_json, write_panoptic, write_png
from axialkit.data.parallel import map_parallel
from axialkit.data.scene import Polygon, Scene, Special
from axialkit.data.street import draw_street
from axialkit.errors import InputError, suggest
from axialkit.files import read_json, write_json

VERSION = 1  # grows when the drawing changes, so that two looks never mix in one folder


class Kind(NamedTuple):
    """What is usual for one kind of scenes."""

    counts: dict[str, int]
    size: tuple[int, int]
    ambiguity: float


KINDS = {
    "full": Kind({"train": 1200, "val": 240, "test": 8}, (128, 256), 0.6),
    "avenue": Kind({"train": 1500, "val": 150, "test": 8}, (64, 128), 1.0),
}


class Settings(NamedTuple):
    """All that the pixels of a MiniCity depend on."""

    scenes: str
    seed: int
    size: tuple[int, int]  # height, width
    ambiguity: float  # 0..1: share of objects without local cues


class DrawnScene(NamedTuple):
    """One image with its annotation, as on disk."""

    image: UInt8[np.ndarray, "height width 3"]
    label_ids: UInt8[np.ndarray, "height width"]
    instance_ids: Int32[np.ndarray, "height width"]
    polygons: tuple[Polygon, ...]
    specials: tuple[Special, ...]


class SpecialObject(NamedTuple):
    """An object on disk that only a far cue tells; see ``scene.Special``."""

    name: str  # of the image: {city}_{seq}_{frame}
    kind: str
    label: str
    alternatives: tuple[str, ...]
    ambiguous: bool
    cue: tuple[int, int, int, int]  # box of the telling detail: y0, x0, y1, x1 (inclusive)
    polygon: int  # index in polygons.json
    instance_id: int  # value in instanceIds.png (the label id, if its class is not counted)


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
    return _draw(_settings(scenes, seed, size, ambiguity), split, index)


def image_name(split: str, index: int) -> str:
    """Return the name of image ``index``; neighbours lie in different cities."""
    cities = CITY_NAMES[split]
    return f"{cities[index % len(cities)]}_{index // len(cities):06d}_000019"


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

    Counts, size (height, width) and ambiguity are those of ``KINDS[scenes]`` unless given.
    ``workers`` None = one process per core. Interrupted, it keeps the finished images; run again,
    it completes them. Higher counts add images to the old ones.

    Raises:
        InputError: settings out of range, ``root`` holds something else or a MiniCity with other
            settings, or it cannot be written to.
    """
    root = Path(root)
    settings = _settings(scenes, seed, size, ambiguity)
    asked = _counts(scenes, {"train": train, "val": val, "test": test})
    _check_root(root, settings)
    counts = {split: max(asked[split], _highest(root, split) + 1) for split in SPLITS}
    jobs = list(_missing(root, settings, counts))
    if jobs:
        write_json(_config_path(root), _config(settings, counts))
        _announce(root, len(jobs), sum(counts.values()), progress=progress)
        _remove_leftovers(root)
        map_parallel(_write_sample, jobs, workers=workers, description="drawing", progress=progress)
    for split in SPLITS:
        for use_train_id in (False, True):
            if not _has_panoptic(root, split, counts[split], use_train_id=use_train_id):
                write_panoptic(
                    root, split, use_train_id=use_train_id, workers=workers, progress=progress
                )
    return root


def is_complete(root: Path | str) -> bool:
    """Return whether ``root`` holds a MiniCity with all the images it was asked for."""
    root = Path(root)
    if not _config_path(root).is_file():
        return False
    counts = read_json(_config_path(root))["counts"]
    return all(
        set(range(counts[split])) <= _present(root, split)
        and _has_panoptic(root, split, counts[split], use_train_id=use_train_id)
        for split in SPLITS
        for use_train_id in (False, True)
    )


def read_specials(root: Path | str, split: str) -> list[SpecialObject]:
    """Read the special objects of a split, sorted by image.

    Raises:
        InputError: ``root`` holds no MiniCity, or there is no such split.
    """
    root = Path(root)
    _check_split(split)
    if not _config_path(root).is_file():
        raise InputError(
            f"{root} holds no MiniCity, and only MiniCity knows objects told by a far cue. Make "
            f"one with: axialkit data minicity --out {root}"
        )
    found = []
    for path in sorted(_specials_folder(root, split).glob("*.json")):
        for entry in read_json(path):
            entry |= {"alternatives": tuple(entry["alternatives"]), "cue": tuple(entry["cue"])}
            found.append(SpecialObject(**entry))
    return found


def special_mask(
    root: Path | str, split: str, special: SpecialObject
) -> Bool[np.ndarray, "height width"]:
    """Return the visible pixels of a special object."""
    path = _label_stem(Path(root), split, special.name).with_name(
        f"{special.name}_gtFine_polygons.json"
    )
    polygons, size = rasterize.read_polygons(path)
    return rasterize.owners(polygons, size) == special.polygon


def _settings(
    scenes: str, seed: int, size: tuple[int, int] | None, ambiguity: float | None
) -> Settings:
    if scenes not in KINDS:
        raise InputError(
            f'There is no kind of scenes "{scenes}".{suggest(scenes, list(KINDS))} '
            f"Kinds: {', '.join(KINDS)}."
        )
    kind = KINDS[scenes]
    height, width = kind.size if size is None else size
    ambiguity = kind.ambiguity if ambiguity is None else ambiguity
    if height < kind.size[0] or width < 2 * height:
        raise InputError(
            f"size must be at least {kind.size[0]}x{kind.size[1]} (height x width) and twice as "
            f"wide as high for {scenes} scenes, got {height}x{width}."
        )
    if not 0 <= ambiguity <= 1:
        raise InputError(f"ambiguity must lie in 0..1, got {ambiguity}.")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed must lie in 0..{2**32 - 1}, got {seed}.")
    return Settings(scenes, int(seed), (int(height), int(width)), float(ambiguity))


def _counts(scenes: str, given: dict[str, int | None]) -> dict[str, int]:
    usual = KINDS[scenes].counts
    counts = {split: usual[split] if n is None else n for split, n in given.items()}
    if min(counts.values()) < 0 or sum(counts.values()) == 0:
        raise InputError(f"train, val and test must be counts of images, got {counts}.")
    return counts


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InputError(f'There is no split "{split}".{suggest(split, list(SPLITS))}')


def _check_root(root: Path, settings: Settings) -> None:
    """Refuse a folder that holds other things, or a MiniCity drawn with other settings."""
    if _config_path(root).is_file():
        found = read_json(_config_path(root))
        wanted = _config(settings, {})
        different = [
            f"{key} {found.get(key)} (asked: {wanted[key]})"
            for key in ("version", *Settings._fields)
            if found.get(key) != wanted[key]
        ]
        if different:
            raise InputError(
                f"{root} holds a MiniCity with other settings: {', '.join(different)}. Choose "
                "another --out, or remove that folder."
            )
    elif root.exists():
        others = [path.name for path in root.iterdir()] if root.is_dir() else [root.name]
        if others:
            raise InputError(
                f'{root} is no MiniCity: it holds "{min(others)}". Choose another --out, an empty '
                "or a new folder."
            )


def _config_path(root: Path) -> Path:
    return root / "minicity" / "config.json"


def _config(settings: Settings, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "version": VERSION,
        **settings._asdict(),
        "size": list(settings.size),
        "counts": counts,
    }


def _specials_folder(root: Path, split: str) -> Path:
    return root / "minicity" / "specials" / split


def _image_folder(root: Path, split: str, name: str) -> Path:
    return root / "leftImg8bit" / split / name.split("_")[0]


def _label_stem(root: Path, split: str, name: str) -> Path:
    return root / "gtFine" / split / name.split("_")[0] / f"{name}_gtFine"


def _present(root: Path, split: str) -> set[int]:
    """Return the indices of the images that are there (so their labels are, too)."""
    cities = CITY_NAMES[split]
    found = set()
    for path in (root / "leftImg8bit" / split).glob("*/*_leftImg8bit.png"):
        city, sequence, _ = path.name.split("_", 2)
        if city in cities and not city.startswith("."):
            found.add(int(sequence) * len(cities) + cities.index(city))
    return found


def _highest(root: Path, split: str) -> int:
    return max(_present(root, split), default=-1)


def _missing(root: Path, settings: Settings, counts: dict[str, int]) -> Iterator[_Job]:
    for split in SPLITS:
        present = _present(root, split)
        for index in range(counts[split]):
            if index not in present:
                yield _Job(root, settings, split, index)


def _announce(root: Path, missing: int, total: int, *, progress: bool) -> None:
    if not progress:
        return
    if missing == total:
        print(f"Drawing {total} scenes into {root}.")
    else:
        print(f"{root} holds {total - missing} of {total} scenes; drawing the other {missing}.")


def _remove_leftovers(root: Path) -> None:
    """Remove temporary files of a run that was killed."""
    for path in root.rglob(".*.tmp*"):
        path.unlink(missing_ok=True)


def _has_panoptic(root: Path, split: str, count: int, *, use_train_id: bool) -> bool:
    path = panoptic_json(root, split, use_train_id=use_train_id)
    return count == 0 or (path.is_file() and len(read_json(path)["images"]) == count)


def _draw(settings: Settings, split: str, index: int) -> DrawnScene:
    rng = np.random.RandomState([settings.seed, SPLITS.index(split), index])
    drawn: Scene
    if settings.scenes == "avenue":
        drawn = draw_avenue(settings.size, rng, ambiguity=settings.ambiguity)
    else:
        city = city_style(split, index, settings.seed)
        drawn = draw_street(settings.size, rng, city, settings.ambiguity)
    instances = rasterize.instance_ids(drawn.polygons, settings.size)
    labels = rasterize.label_ids(instances)
    return DrawnScene(drawn.image, labels, instances, drawn.polygons, drawn.specials)


def _write_sample(job: _Job) -> None:
    """Draw one image and write its files, the image itself last: its presence means done."""
    drawn = _draw(job.settings, job.split, job.number)
    name = image_name(job.split, job.number)
    stem = _label_stem(job.root, job.split, name)

    def beside(ending: str) -> Path:
        return stem.with_name(f"{stem.name}_{ending}")

    rasterize.write_polygons(beside("polygons.json"), drawn.polygons, job.settings.size)
    write_png(beside("color.png"), rasterize.label_colors(drawn.label_ids))
    write_png(beside("labelIds.png"), drawn.label_ids)
    write_png(beside("labelTrainIds.png"), train_ids(drawn.label_ids))
    write_png(beside("instanceIds.png"), drawn.instance_ids.astype(np.uint16))
    if drawn.specials:
        specials = [special._asdict() for special in _special_objects(name, drawn)]
        write_json(_specials_folder(job.root, job.split) / f"{name}.json", specials, indent=None)
    write_png(_image_folder(job.root, job.split, name) / f"{name}_leftImg8bit.png", drawn.image)


def _special_objects(name: str, drawn: DrawnScene) -> Iterator[SpecialObject]:
    values = rasterize.instance_values(drawn.polygons)
    for special in drawn.specials:
        value = values[special.polygon]
        assert value is not None, "a special object is never of a class that is not painted"
        yield SpecialObject(
            name=name,
            label=drawn.polygons[special.polygon].label,
            instance_id=value,
            **special._asdict(),
        )
