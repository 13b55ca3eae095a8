"""What a MiniCity can be asked for: kind of scenes, counts, size, seed, ambiguity."""

from pathlib import Path
from typing import Any, NamedTuple

from axialkit.errors import InputError, suggest

VERSION = 1  # grows when the drawing changes, so that two looks never mix in one folder

_LARGEST = (1024, 2048)  # Cityscapes' own size


class Kind(NamedTuple):
    """What is usual for one kind of scenes."""

    counts: dict[str, int]
    size: tuple[int, int]  # also the smallest
    ambiguity: float


KINDS = {
    "full": Kind({"train": 1200, "val": 240, "test": 8}, (128, 256), 0.6),
    "avenue": Kind({"train": 1500, "val": 150, "test": 8}, (64, 128), 1.0),
}


class Settings(NamedTuple):
    """All that the pixels of a MiniCity depend on."""

    scenes: str  # a key of KINDS
    seed: int
    size: tuple[int, int]  # height, width
    ambiguity: float  # 0..1: share of objects without local cues


def make_settings(
    scenes: str, seed: int, size: tuple[int, int] | None, ambiguity: float | None
) -> Settings:
    """Fill in what is not given (None) and check the rest.

    Raises:
        InputError: an unknown kind of scenes, or a value out of range.
    """
    if scenes not in KINDS:
        raise InputError(
            f'There is no kind of scenes "{scenes}".{suggest(scenes, list(KINDS))} '
            f"Kinds: {', '.join(KINDS)}."
        )
    kind = KINDS[scenes]
    size = kind.size if size is None else size
    ambiguity = kind.ambiguity if ambiguity is None else ambiguity
    _check_size(scenes, size)
    if not 0 <= ambiguity <= 1:
        raise InputError(f"ambiguity must lie in 0..1, got {ambiguity}.")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed must lie in 0..{2**32 - 1}, got {seed}.")
    return Settings(scenes, int(seed), (int(size[0]), int(size[1])), float(ambiguity))


def _check_size(scenes: str, size: tuple[int, int]) -> None:
    height, width = size
    least = KINDS[scenes].size
    if height < least[0] or width < 2 * height or height > _LARGEST[0] or width > _LARGEST[1]:
        raise InputError(
            f"size must lie between {_plain(least)} and {_plain(_LARGEST)} (height x width) and be "
            f"twice as wide as high for {scenes} scenes, got {_plain(size)}."
        )


def make_counts(scenes: str, given: dict[str, int | None]) -> dict[str, int]:
    """Fill in the numbers of images that are not given (None).

    Raises:
        InputError: a number is negative, or there is nothing to draw at all.
    """
    usual = KINDS[scenes].counts
    counts = {split: usual[split] if n is None else n for split, n in given.items()}
    if min(counts.values()) < 0 or sum(counts.values()) == 0:
        listed = ", ".join(f"{split} {count}" for split, count in counts.items())
        raise InputError(f"There is nothing to draw: the numbers of images are {listed}.")
    return counts


def to_config(settings: Settings, counts: dict[str, int]) -> dict[str, Any]:
    """Return what config.json holds."""
    fields = settings._asdict()
    return {"version": VERSION, **fields, "size": list(settings.size), "counts": counts}


def check_same(root: Path, found: dict[str, Any], settings: Settings) -> None:
    """Refuse a MiniCity (its config is ``found``) that was drawn with other settings.

    Raises:
        InputError: naming each setting that differs.
    """
    wanted = to_config(settings, {})
    different = [
        f"{key} is {_plain(found.get(key))}, asked for {_plain(wanted[key])}"
        for key in ("version", *Settings._fields)
        if found.get(key) != wanted[key]
    ]
    if different:
        raise InputError(
            f"{root} holds a MiniCity with other settings: {'; '.join(different)}. Choose another "
            "--out, or remove that folder."
        )


def _plain(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
