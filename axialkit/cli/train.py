"""``axialkit train PRESET``: train a preset, with any of its fields changed by a flag."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalFolder, OptionalPath, parse, parse_size
from axialkit.cli.roots import default_root
from axialkit.config import PRESETS, ExperimentConfig, get_preset
from axialkit.errors import InputError
from axialkit.files import read_json, write_json

HELP = """usage: axialkit train PRESET [--data ROOT] [--out DIR] [--FIELD VALUE ...]
       axialkit train --resume DIR [--FIELD VALUE ...]

Train a preset, or go on with the run in a folder. Every field of a configuration is a flag:
  axialkit train tiny --help     lists them all with their defaults

Presets
{presets}

Examples
  axialkit train tiny                                        MiniCity, five to six minutes
  axialkit train tiny --train.steps 300 --out runs/short     a short one
  axialkit train tiny --data.no-flip --train.seed 1          other settings
  axialkit train --resume runs/tiny                          go on after an interruption
  axialkit train tiny --dry-run                              how long, how much memory
  axialkit train axial_swidernet_1_1_1 --train.init-from imagenet --data data/cityscapes
  axialkit train axial_swidernet_1_1_1 --processes 8 --max-restarts 3     one process per GPU

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
      axialkit train --resume runs/short

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
    """Go on from the last whole checkpoint in the run's folder, if there is one: for jobs that are
    started again and again. By hand, axialkit train --resume DIR needs no other flag."""
    image_size: Annotated[
        str | None, tyro.conf.arg(metavar="HEIGHTxWIDTH", constructor=str, help_behavior_hint="")
    ] = None
    """Fit the crop and all constants in pixels to images of this size."""
    processes: int = 1
    """Start that many processes on this machine, by torchrun: one per GPU."""
    max_restarts: int = 0
    """How often --processes starts anew by itself when a process has died."""
    evaluate: bool = True
    """Score the network on val at the end; --no-evaluate does not."""
    dry_run: bool = False
    """Train nothing: print parameters, memory, steps and the expected time."""
    config: Annotated[ExperimentConfig, tyro.conf.arg(name="")] = field(
        default_factory=ExperimentConfig
    )

    def __post_init__(self) -> None:
        """Reject a training by nobody."""
        if self.processes < 1 or self.max_restarts < 0:
            raise InputError(
                "--processes must be at least 1 and --max-restarts 0 or more, got "
                f"{self.processes} and {self.max_restarts}."
            )


def command(argv: list[str]) -> int:
    """Train and say what to do next."""
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP.format(presets="\n".join(_describe(name) for name in PRESETS)))
        return 0 if argv else 2
    folder, flags = _folder_to_resume(argv)
    name, start, flags = _resumed(folder, flags) if folder else _fresh(argv)
    arguments = parse(Arguments, flags, f"train {name}", default=start)
    if arguments.dry_run:
        return _dry_run(name, arguments)
    if arguments.processes > 1 and not _is_started_by_torchrun():
        return _launch(argv, arguments)
    return _train(name, arguments)


def _fresh(argv: list[str]) -> tuple[str, Arguments, list[str]]:
    """Split the words into a preset, what is set by it, and the flags that change this."""
    preset, flags = _preset(argv)
    config = _fitted(get_preset(preset), flags)
    return preset, Arguments(out=Path("runs") / preset, config=config), flags


def _folder_to_resume(argv: list[str]) -> tuple[str, list[str]]:
    """Find ``--resume DIR`` or ``--resume=DIR``; return DIR or nothing, and the other words."""
    for place, word in enumerate(argv):
        if word.startswith("--resume="):
            return word.removeprefix("--resume="), argv[:place] + argv[place + 1 :]
        value = "".join(argv[place + 1 : place + 2])
        if word == "--resume" and value and not value.startswith("-") and value not in PRESETS:
            return value, argv[:place] + argv[place + 2 :]
    return "", argv


def _resumed(folder: str, flags: list[str]) -> tuple[str, Arguments, list[str]]:
    """Add to the folder of a run what is known of it.

    Raises:
        InputError: it is no run, or the flags name a preset or another folder.
    """
    from axialkit.training.run_folder import read_run

    for word in flags:
        if word in PRESETS or word.partition("=")[0] == "--out":
            raise InputError(
                f"A run goes on in its folder, with its own settings: leave out {word}. To start "
                "another one from its weights, use --train.init-from in place of --resume."
            )
    run = read_run(Path(folder))
    config = _fitted(run.config, flags)
    start = Arguments(data=run.root, out=Path(folder), resume=True, config=config)
    return f"--resume {folder}", start, flags


def _train(name: str, arguments: Arguments) -> int:
    config, out, root = arguments.config, _out(arguments), _root(arguments)
    from axialkit.training.loop import train
    from axialkit.training.run_folder import EVALUATION_FILE

    _say(f"Training {name} on {root}; the run will be kept in {out}")
    split = "val" if arguments.evaluate else None
    try:
        run = train(config, root, out, resume=arguments.resume, evaluate_on=split)
    except KeyboardInterrupt as stop:
        if not _is_main():
            return 130  # the main process says it
        raise KeyboardInterrupt(_how_to_go_on(arguments)) from stop
    _say(f"Trained: {run}")
    if arguments.json is not None and arguments.evaluate and _is_main():
        write_json(arguments.json, read_json(run / EVALUATION_FILE))
        print(f"Written: {arguments.json}")
    _say(f"Next: axialkit evaluate {run} --data {root}")
    return 0


def _root(arguments: Arguments) -> Path:
    return arguments.data or default_root(arguments.config)


def _out(arguments: Arguments) -> Path:
    assert arguments.out is not None  # by _fresh and _resumed
    return arguments.out


def _dry_run(name: str, arguments: Arguments) -> int:
    from axialkit.training.dry_run import dry_run

    root = _root(arguments)
    print(f"{name} on {root}, measured with one image at a time; nothing is written.")
    print(dry_run(arguments.config, root, arguments.processes).describe(arguments.config))
    return 0


def _launch(argv: list[str], arguments: Arguments) -> int:
    from axialkit.training.launch import launch
    from axialkit.training.loop import check_start

    split = "val" if arguments.evaluate else None
    check_start(arguments.config, _root(arguments), split, arguments.processes)
    try:
        launch(
            ["train", *argv], arguments.processes,
            max_restarts=arguments.max_restarts, show=_show,
        )  # fmt: skip
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_how_to_go_on(arguments)) from stop
    return 0


def _show(line: str) -> None:
    """Pass on what the processes say, but for what is said once more at the end."""
    if not line.startswith("axialkit: Interrupted"):
        print(line, flush=True)


def _how_to_go_on(arguments: Arguments) -> str:
    """Say it, unless nothing has begun; then the same words start again."""
    if not (_out(arguments) / "config.json").is_file():
        return ""
    several = f" --processes {arguments.processes}" if arguments.processes > 1 else ""
    return f"Go on with: axialkit train --resume {arguments.out}{several}"


def _fitted(config: ExperimentConfig, flags: list[str]) -> ExperimentConfig:
    """Fit a preset to --image-size before other flags change it further."""
    for place, flag in enumerate(flags):
        name, _, value = flag.partition("=")
        if name in ("--image-size", "--image_size"):
            from axialkit.data.constants import for_image_size

            value = value or (flags[place + 1] if place + 1 < len(flags) else "")
            return for_image_size(config, parse_size(value, "--image-size"))
    return config


def _is_started_by_torchrun() -> bool:
    return "WORLD_SIZE" in os.environ


def _is_main() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _say(text: str) -> None:
    if _is_main():
        print(text)


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
            f"Name the preset first, or the run: axialkit train PRESET {argv[0]} ..., "
            "axialkit train --resume DIR. "
            f"Presets: {', '.join(PRESETS)}."
        )
    return argv[0], argv[1:]
