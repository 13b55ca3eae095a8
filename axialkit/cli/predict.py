"""``axialkit predict NAME_OR_RUN IMAGE...``: pictures, label files and a table of the segments."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.roots import is_drawn
from axialkit.config import PRESETS
from axialkit.errors import InputError
from axialkit.files import write_json

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Arguments:
    """Segment images: every pixel gets a class, and every car, person... its own number.

    For each image: NAME_overlay.png (image and answer with a legend), NAME_panoptic.png and
    NAME_panoptic.json (the answer in the form of the official tools), and a table of its segments.
    A folder stands for all images in it. The shipped networks know MiniCity's drawn streets only.

    Examples:
      axialkit predict tiny data/minicity/leftImg8bit/val/*/*.png --out seen
      axialkit predict runs/tiny street.png --json segments.json
      axialkit predict tiny street.png --only car "traffic light"

    Next:
      axialkit demo       the same in the browser, with the attention behind each pixel
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME_OR_RUN")]
    """A preset with weights (axialkit weights list), or the folder of a run or of weights."""
    images: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]
    """Images of any still format, or folders of them."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("predictions")
    """Folder for the pictures and label files."""
    only: Annotated[tuple[str, ...], tyro.conf.arg(metavar="CLASS", help_behavior_hint="")] = ()
    """Show these classes only, such as: --only car person."""
    json: OptionalPath = None
    """Also write all tables to this JSON file."""


def command(argv: list[str]) -> int:
    """Segment all images, one after the other."""
    arguments = parse(Arguments, argv, "predict")
    images = find_images(arguments.images)
    from axialkit.cli.prediction import predict_image, train_ids_of
    from axialkit.weights import load_config, load_model

    only = train_ids_of(arguments.only)
    config = load_config(arguments.model)
    model = load_model(arguments.model)
    names = unique_names(images)
    tables = [
        predict_image(model, config, path, arguments.out / name, only)
        for path, name in zip(images, names, strict=True)
    ]
    if arguments.model in PRESETS and is_drawn(config):
        print("\nThis network was taught on MiniCity's drawn streets only.")
    if arguments.json is not None:
        write_json(arguments.json, tables)
        print(f"Written: {arguments.json}")
    return 0


def find_images(paths: tuple[Path, ...]) -> list[Path]:
    """List the images that are meant: files as given, folders by what they hold, sorted.

    Raises:
        InputError: no path, a path that does not exist, or a folder without images.
    """
    if not paths:
        raise InputError("Name at least one image: axialkit predict NAME_OR_RUN IMAGE.")
    images: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise InputError(f"{path} holds no images ({', '.join(SUFFIXES)}).")
            images += inside
        elif path.exists():
            images.append(path)
        else:
            raise InputError(f"There is no image {path}.")
    return list(dict.fromkeys(images))


def unique_names(images: list[Path]) -> list[str]:
    """Name the outputs after the images; if two share a name, all get their folders and endings."""
    stems = [path.stem for path in images]
    if len(set(stems)) == len(stems):
        return stems
    common = os.path.commonpath([path.absolute().parent for path in images])
    parts = [path.absolute().relative_to(common).parts for path in images]
    return ["_".join(part).replace(".", "_") for part in parts]
