"""From a picture of any size to its panoptic map, at that size.

The picture is shrunk if it exceeds the network's crop (never enlarged), padded below and on the
right with the grey that the network sees as 0, run, post-processed with the padding in place, cut
and resized back by the nearest pixel: the steps of deeplab2's evaluation.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int, Integer, Shaped
from torch import Tensor, nn

from axialkit.config import ExperimentConfig
from axialkit.data.augment import GREY, fit_size, pad_to
from axialkit.data.resize import resize_image, resize_label
from axialkit.errors import InputError
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import PanopticResult, Prediction


def segment(
    model: nn.Module, image: Shaped[np.ndarray, "..."], config: ExperimentConfig
) -> PanopticResult:
    """Segment one RGB image, uint8 ``[height, width, 3]``; all maps have the image's size.

    Raises:
        InputError: the array is not such an image.

    Example::

        model, config = load_model("tiny"), load_config("tiny")
        result = segment(model, read_rgb("street.png"), config)
        result.panoptic  # [height, width] train id * 1000 + instance
    """
    return segment_batch(model, [image], config)[0]


def segment_batch(
    model: nn.Module, images: Sequence[Shaped[np.ndarray, "..."]], config: ExperimentConfig
) -> list[PanopticResult]:
    """Segment several images, of equal or different sizes, in one pass of the network.

    Raises:
        InputError: one of the arrays is not uint8 ``[height, width, 3]``.
    """
    crop_size = config.data.crop_size
    batch = torch.stack([fit_image(image, crop_size) for image in images])
    with evaluating(model):
        prediction = model(batch.to(_device(model)))
    results = []
    for index, image in enumerate(images):
        one = Prediction(*(head[index : index + 1] for head in prediction))
        result = panoptic_from_prediction(one, config.postprocess)
        size = image.shape[:2]
        results.append(_undo_fit(result, fit_size(size, crop_size), size))
    return results


def fit_image(
    image: Shaped[np.ndarray, "..."], crop_size: tuple[int, int]
) -> Float[Tensor, "3 crop_height crop_width"]:
    """Return what the network gets to see: the image in the upper left corner of a grey crop.

    Raises:
        InputError: the array is not uint8 ``[height, width, 3]``.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise InputError(
            "An image must be a uint8 array of shape [height, width, 3], got "
            f"{image.dtype} of shape {list(image.shape)}. axialkit.data.images.read_rgb reads any "
            "image file into that form."
        )
    small = resize_image(image, fit_size(image.shape[:2], crop_size))
    return torch.from_numpy(pad_to(small, crop_size, GREY)).permute(2, 0, 1)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode without gradients, and every part back afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, training in modes.items():
            module.training = training


def _undo_fit(
    result: PanopticResult, fitted: tuple[int, int], size: tuple[int, int]
) -> PanopticResult:
    """Cut the padding off all maps and bring them, and the centers, to the image's size."""

    def restore(map_: Shaped[np.ndarray, "height width"]) -> Shaped[np.ndarray, "new_h new_w"]:
        return np.ascontiguousarray(resize_label(map_[: fitted[0], : fitted[1]], size))

    return result._replace(
        panoptic=restore(result.panoptic),
        semantic=restore(result.semantic),
        instance=restore(result.instance),
        confidence=restore(result.confidence),
        centers=_move_centers(result.centers, fitted, size),
    )


def _move_centers(
    centers: Integer[np.ndarray, "n_centers 2"], fitted: tuple[int, int], size: tuple[int, int]
) -> Int[np.ndarray, "n_centers 2"]:
    """Scale points with the corners; centers in the padding move to the nearest border pixel."""
    old, new = np.array(fitted), np.array(size)
    moved = np.floor(centers * (new - 1) / np.maximum(old - 1, 1) + 0.5).astype(np.int64)
    return np.minimum(moved, new - 1)


def _device(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
