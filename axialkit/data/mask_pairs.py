"""Which image belongs to which mask: by equal names, checked before anything is read or written."""

from pathlib import Path
from typing import NamedTuple

from axialkit.errors import InputError, suggest

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
COMPONENTS, CROWD = "components", "crowd"


class MaskFolders(NamedTuple):
    """Where images and masks lie.

    ``instances`` is "components" (each connected region of a thing class is an instance), "crowd"
    (no instances), or the folder of masks whose values tell the instances apart.
    """

    images: Path
    masks: Path
    instances: Path | str = COMPONENTS
    mask_suffix: str = ""  # what the name of a mask has after that of its image, such as "_mask"

    @property
    def instance_folder(self) -> Path | None:
        return None if self.instances in (COMPONENTS, CROWD) else Path(self.instances)


class Pair(NamedTuple):
    """The files of one image; ``stem`` is its path in its folder without the ending."""

    stem: str
    image: Path
    mask: Path
    instances: Path | None


def find_pairs(folders: MaskFolders, root: Path) -> list[Pair]:
    """Return all images with their masks, sorted by stem; ``root`` (the output) is left out.

    Raises:
        InputError: a folder is missing or empty, names are not unique, or an image or a mask
            stands alone.
    """
    given = _check_folders(folders, root)
    inner = [*given, root]
    suffix = folders.mask_suffix
    masks = _by_stem(folders.masks, _files(folders.masks, inner, suffix), suffix)
    taken = set(masks.values())
    pictures = [path for path in _files(folders.images, inner) if path not in taken]
    images = _by_stem(folders.images, pictures)
    _check_same(images, masks, folders)
    parts: dict[str, Path] = {}
    if folders.instance_folder is not None:
        folder = folders.instance_folder
        parts = _by_stem(folder, _files(folder, inner), suffix)
        _check_same(images, parts, folders._replace(masks=folder, mask_suffix=""))
    return [Pair(stem, images[stem], masks[stem], parts.get(stem)) for stem in sorted(images)]


def _check_folders(folders: MaskFolders, root: Path) -> list[Path]:
    given = [folders.images, folders.masks]
    if folders.instance_folder is not None:
        given.append(folders.instance_folder)
    for folder in given:
        if not folder.is_dir():
            hint = ""
            if folder == folders.instance_folder:
                hint = suggest(str(folder), [COMPONENTS, CROWD])
                hint += f" --instances is {COMPONENTS}, {CROWD} or a folder."
            raise InputError(f"There is no folder {folder}.{hint or ' Check the path.'}")
    for folder in given:
        if folder.resolve() == root.resolve():
            raise InputError(
                f"--out {root} is the folder of your own files. Give a new one, such as data/own."
            )
    if folders.images.resolve() == folders.masks.resolve() and not folders.mask_suffix:
        raise InputError(
            f"Images and masks lie in one folder, {folders.images}. Say what the names of masks "
            "end in, for example --mask-suffix _mask, or give two folders."
        )
    return given


def _files(folder: Path, inner: list[Path], suffix: str = "") -> list[Path]:
    """List the image files below ``folder`` that end in ``suffix``, but not in ``inner`` ones."""
    whole = folder.resolve()
    skipped = {path.resolve() for path in inner} - {whole}
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.suffix.lower() not in SUFFIXES or not path.stem.endswith(suffix):
            continue
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        # a folder given for something else may lie inside this one
        if not any(whole in s.parents and s in (whole / relative).parents for s in skipped):
            found.append(path)
    if not found:
        ending = f" whose name ends in {suffix}" if suffix else ""
        raise InputError(f"{folder} holds no image{ending} ({', '.join(SUFFIXES)}).")
    return found


def _by_stem(folder: Path, paths: list[Path], suffix: str = "") -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        stem = path.relative_to(folder).with_suffix("").as_posix().removesuffix(suffix)
        if stem in found:
            raise InputError(
                f"{found[stem]} and {path} belong to one name, {stem}. Remove or rename one of "
                "them."
            )
        found[stem] = path
    return found


def _check_same(images: dict[str, Path], masks: dict[str, Path], folders: MaskFolders) -> None:
    lonely = sorted(set(images) - set(masks))
    if lonely:
        raise InputError(
            f"{len(lonely)} of {len(images)} images in {folders.images} have no mask in "
            f"{folders.masks}; the first is {images[lonely[0]]}. Add a mask named "
            f"{lonely[0]}{folders.mask_suffix}.png, or remove the image."
            f"{_guess_suffix(lonely[0], masks)}"
        )
    lonely = sorted(set(masks) - set(images))
    if lonely:
        raise InputError(
            f"{len(lonely)} of {len(masks)} masks in {folders.masks} have no image in "
            f"{folders.images}; the first is {masks[lonely[0]]}. Add the image "
            f"({', '.join(SUFFIXES)}), or remove the mask."
        )


def _guess_suffix(stem: str, masks: dict[str, Path]) -> str:
    rests = sorted(name.removeprefix(stem) for name in masks if name.startswith(stem))
    named = [rest for rest in rests if rest[0] in "_-."]
    return f" Do the masks need --mask-suffix={named[0]}?" if named else ""
