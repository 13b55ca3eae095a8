"""``axialkit bench data``: how fast training samples are made, and where their time goes."""

from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from axialkit.cli.parse import OptionalFolder, OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.config import get_preset
from axialkit.errors import InputError
from axialkit.files import write_json


@dataclass(frozen=True)
class Arguments:
    """Time the input pipeline: from files to training samples with all targets.

    The profile is the CPU time of one process; a network that takes more images per second than
    the loader delivers waits for data, and needs more workers. Without ROOT, MiniCity scenes of
    1024x2048 pixels are drawn for it.

    Examples:
      axialkit bench data
      axialkit bench data --root data/cityscapes --workers 1 2 4 8 --json data.json
      axialkit bench data --root data/minicity --preset tiny

    Next:
      axialkit train PRESET --train.workers N
    """

    root: OptionalFolder = None
    """Folder that holds leftImg8bit and gtFine."""
    preset: str = "axial_swidernet_1_1_1"
    """Whose augmentation and crop."""
    samples: int = 24
    """Samples of each measurement."""
    workers: Annotated[tuple[int, ...], tyro.conf.arg(metavar="N ...")] = (1, 2)
    """Numbers of worker processes to try."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""


def command(argv: list[str]) -> int:
    """Measure, print the tables, write."""
    arguments = parse(Arguments, argv, "bench data")
    if arguments.samples < 1 or min(arguments.workers, default=0) < 0:
        raise InputError("--samples must be at least 1, and --workers 0 or larger.")
    config = get_preset(arguments.preset)
    from axialkit.bench.data import bench_data
    from axialkit.bench.timing import default_device, describe_machine

    machine = describe_machine(default_device())
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    result = bench_data(config, arguments.root, arguments.samples, arguments.workers)
    print(_describe(result))
    if arguments.json is not None:
        write_json(arguments.json, result | {"machine": machine})
        print(f"Written: {arguments.json}")
    return 0


def _describe(result: dict[str, Any]) -> str:
    total, stages = result["milliseconds"], result["stages"]
    other = total - sum(stages.values())
    rows = [*stages.items(), ("everything else", other), ("one sample", total)]
    profile = table(
        ["CPU time", "ms", "share"], [[n, f"{t:.1f}", f"{t / total:.0%}"] for n, t in rows]
    )
    rates = [
        [count, f"{rate:.1f}", f"{rate / max(count, 1):.1f}"]
        for count, rate in result["images_per_second"].items()
    ]
    return "\n".join(
        [
            "",
            profile,
            "",
            f"Decoding and resampling: {result['unavoidable_share']:.0%} of the CPU time.",
            f"Targets of 1025x2049 with 60 instances: {result['targets_milliseconds']:.0f} ms.",
            "",
            table(["workers", "images/s", "per worker"], rates),
        ]
    )
