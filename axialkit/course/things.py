"""Lesson 08's functions: targets of the heads, the loss of the hardest pixels, pixels to things.

They are written to be read: one image, plain torch, a loop over the things. What training and
inference use (``axialkit.data.targets``, ``axialkit.losses``, ``axialkit.postprocess``) gives the
same numbers faster. ``ids`` number the things of a picture; 0 is where no thing is.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int, Integer
from torch import Tensor


def center_heatmap(ids: Integer[Tensor, "h w"], sigma: int) -> Float[Tensor, "h w"]:
    """Draw a Gaussian spot at the rounded mean of every thing; the larger value stays.

    Rows and columns more than ``3 * sigma + 1`` away from a center get nothing from it.
    """
    height, width = ids.shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    heat = torch.zeros(height, width)
    for number in ids.unique().tolist():
        if number != 0:
            center_y, center_x = (ids == number).nonzero().double().mean(0).round()
            dy, dx = y - center_y, x - center_x
            spot = torch.exp(-(dy**2 + dx**2) / (2 * sigma**2)).float()
            too_far = torch.maximum(dy.abs(), dx.abs()) > 3 * sigma + 1
            heat = torch.maximum(heat, spot.masked_fill(too_far, 0))
    return heat


def center_offsets(ids: Integer[Tensor, "h w"]) -> Float[Tensor, "2 h w"]:
    """Point from every pixel of a thing to its rounded mean (dy, dx); 0 elsewhere."""
    offsets = torch.zeros(2, *ids.shape)
    for number in ids.unique().tolist():
        if number != 0:
            inside = ids == number
            pixels = inside.nonzero()
            center = pixels.double().mean(0).round()
            offsets[:, inside] = (center - pixels).T.float()
    return offsets


def hard_pixel_ce(
    logits: Float[Tensor, "k h w"],
    y: Integer[Tensor, "h w"],
    weight: Float[Tensor, "h w"],
    top_k: float,
) -> Float[Tensor, ""]:
    """Average the largest errors: the share ``top_k`` of all pixels, those without error left out.

    Pixels of class 255 have no error, but count among all pixels.
    """
    error = F.cross_entropy(logits[None], y[None], ignore_index=255, reduction="none")[0] * weight
    hardest = error.flatten().topk(round(top_k * error.numel())).values
    return hardest.sum() / hardest.count_nonzero().clamp(min=1)


def find_centers(
    heatmap: Float[Tensor, "h w"], threshold: float, kernel: int, keep: int
) -> Int[Tensor, "n 2"]:
    """List the peaks (y, x) in reading order, at most the ``keep`` hottest."""
    hot = torch.where(heatmap > threshold, heatmap, 0.0)
    hottest = F.max_pool2d(hot[None], kernel, stride=1, padding=kernel // 2)[0]
    is_peak = (hot > 0) & (hot == hottest)
    order = hot[is_peak].argsort(descending=True, stable=True)
    return is_peak.nonzero()[order[:keep].sort().values]


def group_pixels(
    centers: Integer[Tensor, "n 2"], offsets: Float[Tensor, "2 h w"]
) -> Int[Tensor, "h w"]:
    """Give every pixel the number (index + 1) of the center nearest to pixel + offset."""
    height, width = offsets.shape[1:]
    if len(centers) == 0:
        return torch.zeros(height, width, dtype=torch.int64)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    ends = torch.stack([y, x]) + offsets
    ways = ends[None] - centers[:, :, None, None]
    return (ways**2).sum(1).argmin(0) + 1


def merge(
    semantic: Integer[Tensor, "h w"], instance: Integer[Tensor, "h w"], limit: int
) -> Int[Tensor, "h w"]:
    """Combine classes and groups into labels 1000 * class + number; 255000 is void."""
    labels = torch.full(semantic.shape, 255000)
    for klass in range(11):
        inside = semantic == klass
        if inside.sum() >= limit:
            labels[inside] = 1000 * klass
    counts = dict.fromkeys(range(19), 0)
    for number in dict.fromkeys(instance.flatten().tolist()):
        if number != 0:
            inside = instance == number
            winner = int(semantic[inside].bincount().argmax())
            counts[winner] += 1
            labels[inside] = 1000 * winner + counts[winner]
    return labels
