"""Weights as whole numbers: what a network costs on disk, and what it is worth afterwards."""

import copy
import io

import torch
from jaxtyping import Float, Int8
from torch import Tensor, nn

from axialkit.config import ExperimentConfig
from axialkit.course.ceiling import counts_of, scores_of
from axialkit.data.minicity import DrawnScene, scene
from axialkit.inference import segment
from axialkit.model.prepare import fold_batch_norms


def quantise(
    weight: Float[Tensor, "out ..."], bits: int
) -> tuple[Int8[Tensor, "out ..."], Float[Tensor, " out"]]:
    """Store every output channel as whole numbers of ``bits`` bits and one scale."""
    largest = 2 ** (bits - 1) - 1
    rows = weight.flatten(1)
    scale = rows.abs().amax(dim=1) / largest
    scale[scale == 0] = 1
    codes = (rows / scale[:, None]).round().to(torch.int8)
    return codes.reshape(weight.shape), scale


def dequantise(
    codes: Int8[Tensor, "out ..."], scale: Float[Tensor, " out"]
) -> Float[Tensor, "out ..."]:
    """Multiply the codes with the scale of their output channel."""
    return codes * scale.reshape(-1, *(1 for _ in codes.shape[1:]))


def quantised_copy(model: nn.Module, bits: int, *, one_scale: bool = False) -> nn.Module:
    """Copy a network, with every matrix of weights replaced by what its codes stand for.

    It computes with ordinary numbers: only what the weights are worth has changed, not the speed.
    ``one_scale`` gives each tensor a single scale, for comparison.
    """
    changed = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in matrices(changed):
            shape = (1, -1) if one_scale else parameter.shape
            parameter.copy_(
                dequantise(*quantise(parameter.reshape(shape), bits)).view_as(parameter)
            )
    return changed


def matrices(model: nn.Module) -> list[nn.Parameter]:
    """List the parameters of two and more axes: all but biases, which stay as they are."""
    return [parameter for parameter in model.parameters() if parameter.ndim >= 2]


def stored_bytes(model: nn.Module, bits: int) -> int:
    """Count the bytes of a network with matrices of ``bits`` bits; the rest in half precision."""
    weights = matrices(model)
    codes = sum(weight.numel() for weight in weights)
    others = sum(p.numel() for p in model.parameters()) - codes
    scales = sum(len(weight) for weight in weights) if bits <= 8 else 0
    return -(-codes * bits // 8) + 2 * (others + scales)


def file_bytes(model: nn.Module) -> int:
    """Count the bytes of the weights as torch saves them."""
    memory = io.BytesIO()
    torch.save(model.state_dict(), memory)
    return len(memory.getvalue())


def quality(model: nn.Module, config: ExperimentConfig, scenes: list[DrawnScene]) -> float:
    """Return the PQ of a network on some streets, 0..1."""
    counts = [counts_of(segment(model, each.image, config).panoptic, each) for each in scenes]
    return scores_of(sum(counts[1:], counts[0])).all.pq


def measure_bits(seed: int, scenes: int = 24) -> dict[str, float]:
    """Return the PQ of tiny with weights of fewer and fewer bits, on streets of one MiniCity."""
    import axialkit

    config, folded = axialkit.load_config("tiny"), fold_batch_norms(axialkit.load_model("tiny"))
    streets = [scene(index, seed=seed) for index in range(scenes)]
    found = {"float32": quality(folded, config, streets)}
    for bits in (8, 6, 5, 4, 3):
        found[f"{bits} bits"] = quality(quantised_copy(folded, bits), config, streets)
    for bits in (8, 6, 4):
        copied = quantised_copy(folded, bits, one_scale=True)
        found[f"{bits} bits, one scale"] = quality(copied, config, streets)
    return found
