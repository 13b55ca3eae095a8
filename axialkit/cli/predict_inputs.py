"""What ``axialkit predict`` is given: which files are meant, and how their outputs are called."""

import glob
import os
import re
from pathlib import Path

from axialkit.data.video import VIDEO_SUFFIXES, is_video
from axialkit.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

_FRAME = re.compile(r"_\d{6}$")  # how the outputs of a frame end


def find_files(paths: tuple[Path, ...]) -> list[Path]:
    """List the files that are meant: as given, what a pattern matches, the images of a folder.

    Patterns (``*``, ``?``, ``[abc]``, ``**`` for any folders) are for shells that do not resolve
    them, and for quotes. What they match, and folders, is sorted; no file comes twice.

    Raises:
        InputError: no path, one that does not exist, a pattern that matches no file, or a folder
            without images.
    """
    if not paths:
        raise InputError("Name at least one image: axialkit predict NAME_OR_RUN IMAGE.")
    found = [file for path in paths for file in _meant(path)]
    return list(dict.fromkeys(found))


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not inside:
            raise InputError(
                f"{path} holds no images ({', '.join(SUFFIXES)}). For images in the folders below "
                f"it, or for videos ({', '.join(VIDEO_SUFFIXES)}), write a pattern in quotes, such "
                f'as "{path / "**" / "*.png"}".'
            )
        return inside
    if path.exists():
        return [path]
    if not glob.has_magic(str(path)):
        raise InputError(f"There is no image {path}.")
    pattern = os.path.expanduser(path)  # noqa: PTH111  Path's own fails on names such as ~x.png
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = [match for match in matches if match.is_file()]
    if not files:
        raise InputError(f"No file matches the pattern {path}. Check its folders and its ending.")
    return files


def unique_names(files: list[Path]) -> list[str]:
    """Name the outputs after the files; if two would share one, all get their folders and endings.

    Those of a frame of ``street.mp4`` are called ``street_000012``, so an image of that name
    counts as the same.
    """
    stems = [path.stem for path in files]
    videos = {path.stem for path in files if is_video(path)}
    families = [_FRAME.sub("", stem) if _FRAME.sub("", stem) in videos else stem for stem in stems]
    if len(set(families)) == len(families):
        return stems
    common = os.path.commonpath([path.absolute().parent for path in files])
    parts = [path.absolute().relative_to(common).parts for path in files]
    names = ["_".join(part).replace(".", "_") for part in parts]
    if len(set(names)) == len(names):
        return names
    return [f"{number:0{len(str(len(names)))}d}_{name}" for number, name in enumerate(names, 1)]
