"""``axialkit train PRESET``: train a preset, with any of its fields changed by a flag."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalFolder, OptionalPath, parse
from axialkit.cli.roots import default_root
from axialkit.config import PRESETS, ExperimentConfig, get_preset
from axialkit.errors import InputError
from axialkit.files import read_json, write_json

HELP = """usage: axialkit train PRESET [--data ROOT] [--out DIR] [--resume] [--FIELD VALUE ...]

Train a preset. Every field of its configuration is a flag:
  axialkit train tiny --help     lists them all with their defaults

Presets
{presets}

Examples
  axialkit train tiny                                        MiniCity, about five minutes
  axialkit train tiny --train.steps 300 --out runs/short     a short one
  axialkit train tiny --data.no-flip --train.seed 1          other settings
  axialkit train tiny --resume                               go on after an interruption
  axialkit train axial_swidernet_1_1_1 --train.init-from imagenet --data data/cityscapes

Next
  axialkit evaluate runs/tiny
  axialkit predict runs/tiny IMAGE"""


@dataclass(frozen=True)
class Arguments:
    """Train this preset; every field of its configuration below is a flag.

    The run's folder receives config.json, the weights (safetensors), checkpoints, a log and, if
    TensorBoard is installed, its curves; at the end the score on val.

    Examples:
      axialkit train tiny --train.steps 300 --out runs/short
      axialkit train tiny --resume

    Next:
      axialkit evaluate runs/tiny
      axialkit predict runs/tiny IMAGE
    """

    data: Annotated[OptionalFolder, tyro.conf.arg(name="data", metavar="ROOT")] = None
    """Folder that holds leftImg8bit and gtFine; by default the data set made for the preset."""
    out: OptionalFolder = None
    """Folder of the run; by default runs/PRESET."""
    json: OptionalPath = None
    """Also write the score at the end to this JSON file."""
    resume: bool = False
    """Go on from the last checkpoint in the run's folder."""
    config: Annotated[ExperimentConfig, tyro.conf.arg(name="")] = field(
        default_factory=ExperimentConfig
    )


def command(argv: list[str]) -> int:
    """Train and say what to do next."""
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP.format(presets="\n".join(_describe(name) for name in PRESETS)))
        return 0 if argv else 2
    preset, flags = _preset(argv)
    arguments = parse(
        Arguments, flags, f"train {preset}", default=Arguments(config=get_preset(preset))
    )
    config = arguments.config
    root = arguments.data or default_root(config)
    out = arguments.out or Path("runs") / preset
    from axialkit.training.loop import train
    from axialkit.training.run_folder import EVALUATION_FILE

    print(f"Training {preset} on {root}; the run will be kept in {out}")
    try:
        run = train(config, root, out, resume=arguments.resume)
    except KeyboardInterrupt as stop:
        again = " ".join(["axialkit train", *argv, *([] if arguments.resume else ["--resume"])])
        raise KeyboardInterrupt(f"Go on with: {again}") from stop
    print(f"Trained: {run}")
    if arguments.json is not None:
        write_json(arguments.json, read_json(run / EVALUATION_FILE))
        print(f"Written: {arguments.json}")
    print(f"Next: axialkit evaluate {run} --data {root}")
    return 0


def _describe(name: str) -> str:
    config = PRESETS[name]
    data = default_root(config).name
    height, width = config.data.crop_size
    size = f"{height}x{width}"
    return f"  {name:<24} {data:<16} {size:>9}  {config.train.steps:>6} steps"


def _preset(argv: list[str]) -> tuple[str, list[str]]:
    """Split off the preset, which may stand anywhere but is best named first."""
    for place, word in enumerate(argv):
        if word in PRESETS:
            return word, argv[:place] + argv[place + 1 :]
    if argv[0].startswith("-"):
        raise InputError(
            f"Name the preset first: axialkit train PRESET {argv[0]} ... "
            f"Presets: {', '.join(PRESETS)}."
        )
    return argv[0], argv[1:]
