"""``axialkit weights list | get | convert``: the authors' weights on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.files import write_json

if TYPE_CHECKING:
    from axialkit.weights.released import Released

_NAME = tyro.conf.arg(metavar="NAME")


@dataclass(frozen=True)
class ListArguments:
    """List the weights there are: published scores, size, where from, whether they are here.

    The authors of the networks released weights in two kinds: cityscapes, the whole network, and
    imagenet, its pre-trained backbone. The small networks come with axialkit. Scores are on the
    val sets: the authors' published ones on Cityscapes, axialkit's own on MiniCity.

    Examples:
      axialkit weights list
      axialkit weights list --json weights.json

    Next:
      axialkit weights get NAME     download and convert one of them
    """

    json: OptionalPath = None
    """Also write the list to this JSON file."""


@dataclass(frozen=True)
class GetArguments:
    """Download weights of the authors, and convert them for axialkit: no TensorFlow needed.

    They are kept in the cache: the folder named by AXIALKIT_HOME, else the usual one of this
    system. An interrupted download goes on with the same command. Without a connection, put the
    archive into the cache's folder "downloads" and run the same command.

    Examples:
      axialkit weights get max_deeplab_s_backbone
      axialkit weights get axial_swidernet_1_1_1 --kind imagenet

    Next:
      axialkit predict NAME IMAGE
      axialkit train NAME --train.init-from imagenet
    """

    name: Annotated[str, tyro.conf.Positional, _NAME]
    """One of the published networks (axialkit weights list)."""
    kind: str = "cityscapes"
    """cityscapes: the whole network; imagenet: its pre-trained backbone."""
    keep_archive: bool = False
    """Keep the downloaded archive."""


@dataclass(frozen=True)
class ConvertArguments:
    """Convert weights of the authors that are on this disk already: no TensorFlow needed.

    PATH is an archive (.tar.gz), a folder with a checkpoint, or a checkpoint's prefix, such as
    downloads/ckpt-60000. OUT then stands for the network in every command.

    Examples:
      axialkit weights convert ARCHIVE.tar.gz my_weights
      axialkit weights convert downloads/ckpt-60000 my_weights --preset max_deeplab_s_backbone

    Next:
      axialkit predict OUT IMAGE
    """

    path: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]
    """Archive, folder or prefix of a checkpoint."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """New folder for the converted weights."""
    preset: Annotated[
        str | None,
        tyro.conf.arg(metavar="NAME", constructor=str, help_behavior_hint=""),
    ] = None
    """The network, if the name of PATH does not tell."""


def list_command(argv: list[str]) -> int:
    """Print what there is and where it comes from."""
    arguments = parse(ListArguments, argv, "weights list")
    from axialkit.cli.weights_table import weights_rows, weights_table
    from axialkit.weights.home import home_folder

    rows = weights_rows()
    print(weights_table(rows))
    print("\n[*] official cityscapesScripts   [**] the authors' own evaluator")
    print("Scores: published by the authors, on Cityscapes val; tiny...: axialkit's, on MiniCity.")
    print("\nWhere from")
    for row in rows:
        print(f"  {row['from'] or row['name'] + ': part of axialkit'}")
    print(f"\nThe cache of this machine: {home_folder()}")
    if arguments.json is not None:
        write_json(arguments.json, rows)
        print(f"Written: {arguments.json}")
    return 0


def get_command(argv: list[str]) -> int:
    """Fetch one of them into the cache."""
    arguments = parse(GetArguments, argv, "weights get")
    from axialkit.config import get_preset
    from axialkit.weights.get import get_weights
    from axialkit.weights.home import home_folder
    from axialkit.weights.released import find_released

    released = find_released(arguments.name, arguments.kind)
    config = get_preset(released.preset)
    try:
        folder = get_weights(released, config, home_folder(), keep_archive=arguments.keep_archive)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"What has arrived is kept. Go on with: {released.get_command}"
        ) from stop
    print(f"\nIn {folder}. Next: {_next(released)}")
    return 0


def convert_command(argv: list[str]) -> int:
    """Convert what is on this disk."""
    arguments = parse(ConvertArguments, argv, "weights convert")
    from axialkit.weights.convert import convert
    from axialkit.weights.released import IMAGENET

    report, origin = convert(arguments.path, arguments.out, arguments.preset)
    print(report.summary())
    print(f"\nWritten: {arguments.out}")
    if origin.kind == IMAGENET:
        next_step = f"axialkit train {origin.preset} --train.init-from {arguments.out}"
        print(f"It holds a backbone only. Next: {next_step}")
    else:
        print(f"Next: axialkit predict {arguments.out} IMAGE")
    return 0


def _next(released: "Released") -> str:
    from axialkit.weights.released import IMAGENET

    if released.kind == IMAGENET:
        return f"axialkit train {released.preset} --train.init-from imagenet"
    return f"axialkit predict {released.preset} IMAGE"
