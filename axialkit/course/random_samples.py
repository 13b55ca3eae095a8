"""Mirroring, scaling and cropping a training sample without spoiling its labels."""

import torch
from jaxtyping import Float, Integer, Shaped
from torch import Tensor
from torch.nn import functional as F

GREY, VOID = 127.5, 255  # what fills the place where a picture is smaller than the crop


def flip_sample(
    image: Shaped[Tensor, "3 height width"],
    semantic: Integer[Tensor, "h w"],
    center: Float[Tensor, "h w"],
    offset: Float[Tensor, "2 h w"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mirror left and right a picture with all its targets, which may be on a coarser grid."""
    offset = offset.flip(-1) * torch.tensor([1, -1]).view(2, 1, 1)  # what was 3 right is 3 left
    return image.flip(-1), semantic.flip(-1), center.flip(-1), offset


def random_scale_crop(
    image: Float[Tensor, "3 h w"],
    semantic: Integer[Tensor, "h w"],
    ids: Integer[Tensor, "h w"],
    draw: tuple[float, int, int],
    size: tuple[int, int],
) -> tuple[Tensor, Tensor, Tensor]:
    """Scale a picture and its labels, then cut out one window; ``draw`` is (scale, top, left)."""
    scale, top, left = draw
    new = [int(side * scale) for side in semantic.shape]
    image = F.interpolate(image[None], new, mode="bilinear", align_corners=False)[0]
    labels = torch.stack([semantic, ids])[None].double()
    labels = F.interpolate(labels, new, mode="nearest-exact")[0].long()
    below, right = (max(crop - side, 0) for crop, side in zip(size, new, strict=True))
    pad = (0, right, 0, below)
    window = (slice(top, top + size[0]), slice(left, left + size[1]))
    image = F.pad(image, pad, value=GREY)[:, window[0], window[1]]
    semantic = F.pad(labels[0], pad, value=VOID)[window]
    ids = F.pad(labels[1], pad, value=0)[window]
    kept = ids[ids > 0].unique()  # in ascending order
    numbers = torch.zeros(int(ids.max()) + 1, dtype=torch.int64)
    numbers[kept] = torch.arange(1, len(kept) + 1)
    return image, semantic, numbers[ids]
