"""The whole network: backbone, decoder, three answers."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from axialkit.model.resize import resize, resize_offsets
from axialkit.structures import Prediction


class AxialDeepLab(nn.Module):
    """An axial backbone under Panoptic-DeepLab's three heads.

    ``images`` are RGB ``[batch, 3, height, width]``, uint8 or float in 0..255, of any size. The
    answers have that size too, or every ``stride``-th pixel of it: with aligned corners and sizes
    of 16k+1 that equals thinning out the full-size answer, at a fraction of the cost. Offsets
    always count in pixels of ``images``.

    Raises:
        ValueError: images that are not ``[batch, 3, height, width]``.

    Example::

        model = axialkit.build_model("tiny").eval()
        prediction = model(torch.zeros(1, 3, 129, 257))
        prediction.semantic.shape  # [1, 19, 129, 257]
    """

    def __init__(self, backbone: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder

    def heads(self, images: Shaped[Tensor, "..."]) -> Prediction:
        """Return the answers as they are computed, at stride 4, offsets in units of stride 4."""
        return self.decoder(self.backbone(normalize(images)))

    def forward(self, images: Shaped[Tensor, "..."], stride: int = 1) -> Prediction:
        raw = self.heads(images)
        height, width = images.shape[-2:]
        size = (-(-height // stride), -(-width // stride))
        return Prediction(
            semantic=resize(raw.semantic, size),
            center=resize(raw.center, size),
            offset=resize_offsets(raw.offset, size, unit=(height, width)),
        )


def normalize(images: Shaped[Tensor, "..."]) -> Float[Tensor, "batch 3 height width"]:
    """Map 0..255 to -1..1, so that padding with the mean grey 127.5 becomes exactly 0.

    The result is channels-last, in which convolutions on CPUs are faster.

    Raises:
        ValueError: images that are not ``[batch, 3, height, width]``.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"images must be [batch, 3, height, width] RGB, got {tuple(images.shape)}")
    x = images.to(torch.get_default_dtype()) / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last)
