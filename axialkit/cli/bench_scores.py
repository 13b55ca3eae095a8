"""``axialkit bench postprocess | evaluate``: what comes after the network, timed."""

from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.errors import InputError
from axialkit.files import write_json


@dataclass(frozen=True)
class PostprocessArguments:
    """Time post-processing on one answer of Cityscapes' size, and measure its memory.

    The answer is drawn: things of all classes over 16 % of the picture, with noisy offsets. Seconds
    are medians, CPU seconds those of all threads; the peak memory is above the inputs, measured in
    a fresh process. --textbook runs the direct way besides: all distances at once.

    Examples:
      axialkit bench postprocess
      axialkit bench postprocess --centers 400 --json post.json
      axialkit bench postprocess --textbook

    Next:
      axialkit bench evaluate
    """

    centers: int = 100
    """How many things."""
    size: Annotated[
        tuple[int, int], tyro.conf.arg(metavar="HEIGHT WIDTH", help_behavior_hint="")
    ] = (1025, 2049)
    """Size of the answer."""
    textbook: bool = False
    """Also the direct way; with 100 centers it takes some 3 GB."""
    repeats: int = 5
    """Runs."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""


@dataclass(frozen=True)
class EvaluateArguments:
    """Time panoptic quality on pairs of 1024x2048, beside the official script and hotcoco.

    The pairs are drawn, with some 50 segments each. All numbers are seconds per pair, measured in
    the same run; the official script is timed on one process, without its imports.

    Examples:
      axialkit bench evaluate
      axialkit bench evaluate --images 20 --json scores.json

    Next:
      axialkit evaluate MODEL_OR_FOLDER
    """

    images: int = 60
    """How many pairs."""
    repeats: int = 3
    """Runs."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""


def postprocess_command(argv: list[str]) -> int:
    """Measure, print the table, write."""
    arguments = parse(PostprocessArguments, argv, "bench postprocess")
    if min(arguments.centers, arguments.repeats, *arguments.size) < 1:
        raise InputError("--centers, --repeats and --size must be at least 1.")
    from axialkit.bench.postprocess import bench_postprocess

    machine = _machine()
    result = bench_postprocess(
        arguments.centers, arguments.size, arguments.repeats, textbook=arguments.textbook
    )
    ways = {"axialkit": result, "textbook": result.get("textbook")}
    rows = [
        [name, f"{c['cpu_seconds']:.3f}", f"{c['wall_seconds']:.3f}", f"{c['peak_extra_mb']:.0f}"]
        for name, c in ways.items()
        if c is not None
    ]
    print(
        f"{result['size'][0]}x{result['size'][1]}, {result['centers']} centers, "
        f"{result['thing_share']:.0%} things, {result['segments']} segments"
    )
    print(table(["post-processing", "CPU s", "wall s", "MB above the inputs"], rows))
    return _write(arguments.json, result, machine)


def evaluate_command(argv: list[str]) -> int:
    """Measure, print the table, write."""
    arguments = parse(EvaluateArguments, argv, "bench evaluate")
    if min(arguments.images, arguments.repeats) < 1:
        raise InputError("--images and --repeats must be at least 1.")
    from axialkit.bench.scores import bench_evaluate

    machine = _machine()
    result = bench_evaluate(arguments.images, arguments.repeats)
    official = (result["official"] or {}).get("cpu_seconds")
    rows = [
        _row("axialkit, arrays", result["arrays_cpu_seconds"], official),
        _row("axialkit, PNG files", result["files_cpu_seconds"], official),
    ]
    for name in ("official", "hotcoco"):
        if result[name] is None:
            rows.append([f"{name}: not installed", "-", "-"])
        else:
            rows.append(_row(f"{name}, PNG files", result[name]["cpu_seconds"], official))
    print(f"{result['images']} pairs of 1024x2048, PQ {100 * result['pq']:.4f}")
    print(table(["PQ", "CPU s per pair", "official = 1"], rows))
    print(f"Two processes: {result['two_processes_speedup']:.2f} times as fast as one.")
    return _write(arguments.json, result, machine)


def _row(name: str, seconds: float, official: float | None) -> list[str]:
    return [name, f"{seconds:.4f}", "-" if official is None else f"{seconds / official:.2f}"]


def _machine() -> dict[str, str | int]:
    from axialkit.bench.timing import default_device, describe_machine

    machine = describe_machine(default_device())
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    return machine


def _write(path: OptionalPath, result: dict[str, Any], machine: dict[str, str | int]) -> int:
    if path is not None:
        write_json(path, result | {"machine": machine})
        print(f"Written: {path}")
    return 0
