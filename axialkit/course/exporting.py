"""A network as one file for programs that have no axialkit: what it takes, and how exact it is."""

import logging
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention import set_attention_backend
from axialkit.model.prepare import fold_batch_norms
from axialkit.weights.export import export_network
from axialkit.weights.onnx_network import OnnxNetwork

Answers = dict[str, Tensor]


def for_any_size(model: nn.Module, size: tuple[int, int]) -> torch.export.ExportedProgram:
    """Export a network for batches of any number and images of 16 k + 1 pixels per side.

    Example::

        program = for_any_size(load_model("tiny"), (129, 257))
        program.module()(torch.zeros(1, 3, 97, 193)).semantic
    """
    folded = fold_batch_norms(model)
    set_attention_backend(folded, "reference")
    rows, columns = (torch.export.Dim(name, min=2, max=64) for name in ("rows", "columns"))
    shapes = {0: torch.export.Dim("batch"), 2: 16 * rows + 1, 3: 16 * columns + 1}
    return torch.export.export(folded, (torch.zeros(2, 3, *size),), dynamic_shapes=(shapes,))


def answers(network: Any, images: Float[Tensor, "batch 3 height width"]) -> Answers:  # noqa: ANN401
    """Run a network or an exported one; return its three answers by name."""
    with torch.inference_mode():
        found = network(images)
    return found if isinstance(found, dict) else found._asdict()


def refusal(network: Any, images: Float[Tensor, "batch 3 height width"]) -> str:  # noqa: ANN401
    """Run a network; return the first sentence of its refusal, empty if it answers."""
    try:
        answers(network, images)
    except (RuntimeError, AssertionError) as error:
        return str(error).split(". ")[0].splitlines()[0]
    return ""


def onnx_runs(model: nn.Module, folder: Path, size: tuple[int, int]) -> dict[str, OnnxNetwork]:
    """Write a network as ONNX, and again with 8-bit weights; return both, ready to run.

    Needs the extra ``export``: ``pip install -e ".[export]"``.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain, small = folder / "tiny.onnx", folder / "tiny_int8.onnx"
    export_network(model, plain, size, kind="onnx", preset="tiny")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it recommends a step that this file needs not
    try:
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8)
    finally:
        root.setLevel(level)
    # one thread each, as everything here: waiting threads would count as time of their neighbor
    return {"ONNX": OnnxNetwork(plain, threads=1), "ONNX, 8 bits": OnnxNetwork(small, threads=1)}
