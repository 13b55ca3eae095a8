"""``axialkit bench attention | model``: time and memory, against the machine's own speed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.errors import InputError
from axialkit.files import write_json

_SHAPE = tyro.conf.arg(
    metavar="ROWS LENGTH IN_CHANNELS KEY_DEPTH VALUE_DEPTH HEADS", help_behavior_hint=""
)


@dataclass(frozen=True)
class AttentionArguments:
    """Time one attention layer by every backend, and measure the memory of each.

    Medians of interleaved runs; the peak memory of each in a fresh process. GFLOP/s count the
    operations of the definition, and stand beside the machine's own speed: a matrix product of
    2048 x 2048 x 2048, timed in the same run. On a machine with a GPU, everything runs there.

    Examples:
      axialkit bench attention
      axialkit bench attention --mode train --json train.json --plot train.png
      axialkit bench attention --shape 65 129 2048 1024 2048 8
      axialkit bench attention --scaling --backends fused reference

    Next:
      axialkit doctor --attention     which kernel computes attention here, and why
    """

    shape: Annotated[tuple[int, int, int, int, int, int], _SHAPE] = (65, 129, 512, 256, 512, 8)
    """Sequences, their length, and channels of input, keys and values (in all heads together)."""
    mode: Literal["infer", "train"] = "infer"
    """infer: evaluation mode; train: forward and backward with batch statistics."""
    backends: Annotated[tuple[str, ...], tyro.conf.arg(metavar="BACKEND ...")] = (
        "reference",
        "fused",
        "sdpa",
    )
    """Which of reference, fused, sdpa, auto."""
    scaling: bool = False
    """Instead of one length, 33 to 1025, with 16 sequences."""
    repeats: int = 7
    """Runs of each."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""
    plot: OptionalPath = None
    """Also draw them into this PNG file."""


@dataclass(frozen=True)
class ModelArguments:
    """Time a whole network and measure its memory, prepared for inference: one image.

    The batch norms are folded, images channels-last, weights fresh. Memory is all that a fresh
    process holds at its highest.

    Examples:
      axialkit bench model tiny --size 129 257
      axialkit bench model max_deeplab_s_backbone --size 1025 2049 --json network.json

    Next:
      axialkit zoo NAME     where the operations are, stage by stage
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """A preset (axialkit zoo)."""
    size: Annotated[
        tuple[int, int], tyro.conf.arg(metavar="HEIGHT WIDTH", help_behavior_hint="")
    ] = (1025, 2049)
    """Size of the image."""
    repeats: int = 3
    """Runs."""
    json: OptionalPath = None
    """Also write the numbers to this JSON file."""


def attention_command(argv: list[str]) -> int:
    """Measure, print the table, write and draw."""
    arguments = parse(AttentionArguments, argv, "bench attention")
    from axialkit.bench.attention import SCALING_LENGTHS, SCALING_ROWS, Shape, bench_attention

    _check(arguments.repeats, arguments.json, arguments.plot)
    machine = _print_machine()
    shapes = [Shape(*arguments.shape)]
    if arguments.scaling:
        shapes = [
            shapes[0]._replace(rows=SCALING_ROWS, length=length) for length in SCALING_LENGTHS
        ]
    results = [
        bench_attention(shape, arguments.mode, arguments.backends, arguments.repeats)
        for shape in shapes
    ]
    rows = [row for result in results for row in result["rows"]]
    speed = max(result["matmul_gflops"] for result in results)
    print(f"Matrix product of this machine: {speed:.0f} GFLOP/s\n")
    print(_attention_table(rows, speed))
    if len(shapes) == 1:
        print(*_ratios(rows), sep="\n")
    _write(arguments.json, {"matmul_gflops": speed, "rows": rows, "machine": machine})
    if arguments.plot is not None:
        from axialkit.bench.plot import draw_lengths, draw_roofline, save

        draw = draw_lengths if arguments.scaling else draw_roofline
        save(draw(rows, speed, machine), arguments.plot)
        print(f"Written: {arguments.plot}")
    return 0


def model_command(argv: list[str]) -> int:
    """Measure and print."""
    arguments = parse(ModelArguments, argv, "bench model")
    from axialkit.bench.model import bench_model

    _check(arguments.repeats, arguments.json)
    machine = _print_machine()
    result = bench_model(arguments.name, arguments.size, arguments.repeats)
    share = result["gflops"] / result["matmul_gflops"]
    print(
        f"{result['name']}, {result['size']}: {result['seconds']:.2f} s, "
        f"{result['gflops']:.0f} of {result['matmul_gflops']:.0f} GFLOP/s ({share:.0%}), "
        f"{result['peak_mb']:.0f} MB"
    )
    _write(arguments.json, result | {"machine": machine})
    return 0


def _check(repeats: int, *outputs: Path | None) -> None:
    """Find out before minutes of measuring what would fail after them."""
    if repeats < 1:
        raise InputError(f"--repeats must be at least 1, got {repeats}.")
    for path in outputs:
        if path is not None and path.is_dir():
            raise InputError(f"{path} is a folder, but a file is needed. Give the path of a file.")


def _print_machine() -> dict[str, Any]:
    from axialkit.bench.timing import default_device, describe_machine

    machine = describe_machine(default_device())
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    return machine


def _attention_table(rows: list[dict[str, Any]], speed: float) -> str:
    header = ["backend", "sequences", "length", "ms", "core ms", "GFLOP/s", "of matmul", "MB"]
    return table(
        header,
        [
            [
                row["backend"],
                row["rows"],
                row["length"],
                f"{row['milliseconds']:.1f}",
                f"{row['core_milliseconds']:.1f}" if "core_milliseconds" in row else None,
                f"{row['gflops']:.0f}",
                f"{row['gflops'] / speed:.0%}",
                f"{row['peak_extra_mb']:.0f}",
            ]
            for row in rows
        ],
    )


def _ratios(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Say how the others compare with the definition, and the layer with its projection."""
    reference = next((row for row in rows if row["backend"] == "reference"), None)
    for row in rows:
        said = []
        if reference is not None and row is not reference:
            said = list(_compared(row, reference))
        if "projection_milliseconds" in row:
            times = row["milliseconds"] / row["projection_milliseconds"]
            said.append(f"{times:.2f} times its qkv product alone")
        if said:
            yield f"{row['backend']}: {', '.join(said)}"


def _compared(row: dict[str, Any], reference: dict[str, Any]) -> Iterator[str]:
    yield f"{reference['milliseconds'] / row['milliseconds']:.2f} times as fast as reference"
    if "core_milliseconds" in row:
        core = reference["core_milliseconds"] / row["core_milliseconds"]
        yield f"its core {core:.2f} times"
    yield f"{row['peak_extra_mb'] / reference['peak_extra_mb']:.2f} of its memory"


def _write(path: Path | None, content: Any) -> None:  # noqa: ANN401
    if path is not None:
        write_json(path, content)
        print(f"Written: {path}")
