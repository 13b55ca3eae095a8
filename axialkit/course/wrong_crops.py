"""Typical mistakes of scaling and cropping, which exercise 9.2 knows by name."""

import torch
from torch import Tensor
from torch.nn import functional as F

from axialkit.course.lesson import Function

Draw = tuple[float, int, int]
Size = tuple[int, int]


def wrong_crop(kind: str) -> Function:
    """Scale and crop with one mistake."""

    def scale_crop(
        image: Tensor, semantic: Tensor, ids: Tensor, draw: Draw, size: Size
    ) -> tuple[Tensor, Tensor, Tensor]:
        scale, top, left = draw
        if kind == "corner scaled":
            top, left = int(top * scale), int(left * scale)
        if kind == "x first":
            top, left = left, top
        new = [int(side * scale) for side in semantic.shape]
        image = F.interpolate(image[None], new, mode="bilinear", align_corners=False)[0]
        labels = torch.stack([semantic, ids])[None].double()
        if kind == "mixed labels":
            labels = F.interpolate(labels, new, mode="bilinear", align_corners=False)[0]
        else:
            mode = "nearest" if kind == "half a pixel" else "nearest-exact"
            labels = F.interpolate(labels, new, mode=mode)[0]
        low, right = (max(crop - side, 0) for crop, side in zip(size, new, strict=True))
        window = (slice(top, top + size[0]), slice(left, left + size[1]))
        fill = (0, 0) if kind == "filled with road" else (127.5, 255)
        image = F.pad(image, (0, right, 0, low), value=fill[0])[:, window[0], window[1]]
        semantic = F.pad(labels[0], (0, right, 0, low), value=fill[1])[window].round().long()
        ids = F.pad(labels[1], (0, right, 0, low))[window].round().long()
        return image, semantic, _renumbered(ids, kind)

    return scale_crop


def _renumbered(ids: Tensor, kind: str) -> Tensor:
    if kind == "gaps":
        return ids
    if kind == "background counts":
        return ids.unique(return_inverse=True)[1].view(ids.shape) + 1
    kept = ids[ids > 0].unique()
    if kind == "first dropped":
        kept = ids.unique()[1:]
    out = ids.clone() if kind == "first dropped" else torch.zeros_like(ids)
    for number, old in enumerate(kept.tolist(), start=1):
        out[ids == old] = number
    return out
