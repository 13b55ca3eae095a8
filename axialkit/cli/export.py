"""``axialkit export NAME_OR_RUN``: a network for ``torch.export`` or ONNX, without axialkit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from axialkit.cli.parse import OptionalPath, parse

USE = {
    "torch": """  network = torch.export.load("{file}").module()
  answers = network(images)  # {{"semantic": ..., "center": ..., "offset": ...}}""",
    "onnx": """  session = onnxruntime.InferenceSession("{file}")
  semantic, center, offset = session.run(None, {{"images": images}})""",
}


@dataclass(frozen=True)
class Arguments:
    """Write a network for other programs: one file that runs without axialkit.

    The file takes images of one size, in batches of any size, as they are: float32 RGB in 0..255.
    It answers with semantic logits, center heat and offsets, before the post-processing. All batch
    norms are folded away. Networks over 2 GB keep their weights in a second file beside it (ONNX).
    Format onnx needs the extra "export".

    Examples:
      axialkit export tiny
      axialkit export tiny --format onnx --size 65 129 --out street.onnx
      axialkit export runs/tiny --format onnx
      axialkit export axial_swidernet_1_1_1 --weights cityscapes --format onnx

    Next:
      axialkit.weights.onnx_network.OnnxNetwork   runs an ONNX file in place of the network
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME_OR_RUN")]
    """A preset with weights (axialkit zoo), or the folder of a training run."""
    format: Literal["torch", "onnx"] = "torch"
    """torch: torch.export's .pt2; onnx: for onnxruntime and others."""
    size: Annotated[
        tuple[int, int] | None, tyro.conf.arg(metavar="HEIGHT WIDTH", help_behavior_hint="")
    ] = None
    """Size of the images; by default that of the training crops."""
    out: OptionalPath = None
    """File to write; by default NAME_HEIGHTxWIDTH in this folder."""
    weights: Annotated[
        str | None, tyro.conf.arg(metavar="WEIGHTS", constructor=str, help_behavior_hint="")
    ] = None
    """Other weights for the same network: a file, a folder, or cityscapes."""


def command(argv: list[str]) -> int:
    """Load, trace and write; say how to use the file."""
    arguments = parse(Arguments, argv, "export")
    from axialkit.weights import load_config, load_model
    from axialkit.weights.export import FORMATS, check_request, export_network

    name, kind = Path(arguments.model).resolve().name, arguments.format
    size = arguments.size or load_config(arguments.model).data.crop_size
    out = arguments.out or Path(f"{name}_{size[0]}x{size[1]}{FORMATS[kind].suffix}")
    check_request(out, size, kind)
    model = load_model(arguments.model, arguments.weights)
    wait = "seconds for a small network, minutes for a large one"
    print(f"Tracing {name} for images of {size[0]}x{size[1]}: {wait}.", flush=True)
    for path in export_network(model, out, size, kind=kind, preset=name):
        print(f"Written: {path} ({path.stat().st_size / 1e6:.1f} MB)")
    print(f"\nUse it with images of float32 [batch, 3, {size[0]}, {size[1]}], RGB in 0..255:")
    print(USE[kind].format(file=out))
    return 0
