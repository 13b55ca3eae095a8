"""A training of a second, with a real network on real targets, to try how processes share it."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.config import get_preset
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.minicity import scene
from axialkit.data.targets import panoptic_targets
from axialkit.losses import panoptic_losses
from axialkit.model.build import build_model
from axialkit.structures import Sample, Targets
from axialkit.training.state import lay_out_channels_last

_PRESET = "tiny_avenue"
SMALL, LARGER = (33, 65), (57, 113)  # crops of the streets, 64 x 128
_CPU = torch.device("cpu")


def network(seed: int = 0, device: torch.device = _CPU) -> nn.Module:
    """Return the network with fresh weights, the same in every process."""
    torch.manual_seed(seed)
    net = build_model(_PRESET).to(device, torch.get_default_dtype()).train()
    lay_out_channels_last(net)
    return net


def streets(
    indices: Sequence[int], device: torch.device = _CPU, size: tuple[int, int] = SMALL
) -> Sample:
    """Return crops of drawn streets with their targets, as one batch."""
    samples = [_street(int(index), size) for index in indices]
    targets = zip(*(sample.targets for sample in samples), strict=True)
    return Sample(
        torch.stack([sample.image for sample in samples]).to(device),
        Targets(*(torch.stack(maps).to(device) for maps in targets)),
    )


@functools.lru_cache(maxsize=64)
def _street(index: int, size: tuple[int, int]) -> Sample:
    config, drawn = get_preset(_PRESET), scene(index, split="train", scenes="avenue")
    (height, width), (all_rows, all_columns) = size, drawn.image.shape[:2]
    assert height <= all_rows and width <= all_columns, size
    top, left = (all_rows - height) // 2, (all_columns - width) // 2
    window = np.s_[top : top + height, left : left + width]
    targets = panoptic_targets(panoptic_label(drawn.instance_ids[window]), config.data)
    image = torch.from_numpy(drawn.image[window].copy()).permute(2, 0, 1)
    return Sample(image, targets.at_stride(config.loss.stride))


def loss(net: nn.Module, batch: Sample) -> Float[Tensor, ""]:
    """Return the sum of the three losses: a mean over images, each of which is a mean itself."""
    config = get_preset(_PRESET).loss
    terms = panoptic_losses(net(batch.image, stride=config.stride), batch.targets, config)
    return terms.semantic + terms.center + terms.offset


def flat(net: nn.Module) -> Float[Tensor, " weight"]:
    """Return a copy of all weights as one vector, on the CPU."""
    return torch.cat([weight.detach().flatten().cpu() for weight in net.parameters()])


@contextmanager
def in_double_precision() -> Iterator[None]:
    """Let new tensors be float64, so that rounding hides nothing."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
