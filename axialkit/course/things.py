"""Lesson 08's functions: targets of the heads, the loss of the hardest pixels, pixels to things.

They are the kit's own, for one image, with torch tensors in and out. ``ids`` number the instances
of a picture 1, 2, 3 ...; 0 is where no instance is.
"""

import numpy as np
import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from axialkit import losses, postprocess
from axialkit.data import targets
from axialkit.structures import LABEL_DIVISOR

_ANY_THING = 11 * LABEL_DIVISOR  # which thing class does not matter to centers and offsets


def center_heatmap(ids: Integer[Tensor, "h w"], sigma: int) -> Float[Tensor, "h w"]:
    """Draw a Gaussian at the rounded mean of every instance; the larger value stays.

    Rows and columns more than ``3 * sigma + 1`` away from a center get nothing from it.
    """
    centers = targets.find_instances(_as_label(ids)).center
    return torch.from_numpy(
        targets.center_heatmap(centers, (ids.shape[0], ids.shape[1]), float(sigma))
    )


def center_offsets(ids: Integer[Tensor, "h w"]) -> Float[Tensor, "2 h w"]:
    """Point from every pixel of an instance to its rounded mean (dy, dx); 0 elsewhere."""
    label, (height, width) = _as_label(ids), ids.shape
    found = targets.find_instances(label)
    offsets = torch.zeros(2, height, width)
    for value, (y, x) in zip(found.label.tolist(), found.center.tolist(), strict=True):
        rows, columns = torch.from_numpy(label == value).nonzero(as_tuple=True)
        offsets[0, rows, columns] = (y - rows).float()
        offsets[1, rows, columns] = (x - columns).float()
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
    error = losses.semantic_error(logits[None], y[None]) * weight
    return losses.mean_of_nonzero(losses.hardest(error, top_k))[0]


def find_centers(
    heatmap: Float[Tensor, "h w"], threshold: float, kernel: int, top_k: int
) -> Int[Tensor, "n 2"]:
    """List the peaks (y, x) in raster order, at most the ``top_k`` highest."""
    peaks = postprocess.suppress_neighbors(heatmap.numpy(), threshold, kernel)
    points, _ = postprocess.find_centers(peaks, top_k)
    return torch.from_numpy(points.astype(np.int64))


def group_pixels(
    centers: Integer[Tensor, "n 2"], offsets: Float[Tensor, "2 h w"]
) -> Int[Tensor, "h w"]:
    """Give every pixel the number (index + 1) of the center nearest to pixel + offset."""
    everywhere = np.ones(tuple(offsets.shape[1:]), bool)
    groups = postprocess.group_pixels(centers.numpy(), offsets.numpy(), everywhere)
    return torch.from_numpy(groups.astype(np.int64))


def merge(
    semantic: Integer[Tensor, "h w"], instance: Integer[Tensor, "h w"], limit: int
) -> Int[Tensor, "h w"]:
    """Combine classes and instances into labels 1000 * class + number; 255000 is void."""
    labels = postprocess.merge(semantic.numpy(), instance.numpy(), limit)
    return torch.from_numpy(labels.astype(np.int64))


def _as_label(ids: Integer[Tensor, "h w"]) -> Int[np.ndarray, "h w"]:
    numbers = ids.numpy().astype(np.int32)
    return np.where(numbers > 0, _ANY_THING + numbers, 0).astype(np.int32)
