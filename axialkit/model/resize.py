"""Bilinear resizing with aligned corners, for answers and for offsets."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]


def resize(
    x: Float[Tensor, "batch channel height width"], size: Size
) -> Float[Tensor, "batch channel new_height new_width"]:
    """Resize to ``size``; the corner pixels stay where they are. No-op if the size is equal."""
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def resize_offsets(
    offsets: Float[Tensor, "batch 2 height width"], size: Size, unit: Size | None = None
) -> Float[Tensor, "batch 2 new_height new_width"]:
    """Resize (dy, dx) maps, whose values must grow with the picture they point in.

    ``unit`` is the size in whose pixels the result counts (default: ``size`` itself).
    """
    height, width = offsets.shape[-2:]
    unit = unit or size
    scale = offsets.new_tensor(
        [(unit[0] - 1) / max(height - 1, 1), (unit[1] - 1) / max(width - 1, 1)]
    )
    return resize(offsets * scale[None, :, None, None], size)
