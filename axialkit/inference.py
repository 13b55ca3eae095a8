"""From a picture of any size to its panoptic map, at that size.

The picture is shrunk if it exceeds the network's crop (never enlarged), padded below and on the
right with the grey that the network sees as 0, run as a whole, post-processed with the padding in
place, cut and resized back by the nearest pixel: the steps of deeplab2's evaluation.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int, Integer, Shaped
from torch import Tensor, nn

from axialkit.config import OUTPUT_STRIDE, ExperimentConfig, Passes
from axialkit.data.augment import GREY, fit_size, pad_to
from axialkit.data.resize import resize_image, resize_label
from axialkit.errors import InputError
from axialkit.passes import predict_in_passes
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import PanopticResult, Prediction


@dataclass(frozen=True)
class InferenceOptions:
    """How a network looks at an image."""

    passes: Passes = Passes()
    full_size: bool = False
    """Look at the image at its own size, however large: nothing is shrunk to the crop."""


PLAIN = InferenceOptions()


def segment(
    model: nn.Module,
    image: Shaped[np.ndarray, "..."],
    config: ExperimentConfig,
    options: InferenceOptions = PLAIN,
) -> PanopticResult:
    """Segment one RGB image, uint8 ``[height, width, 3]``; all maps have the image's size.

    Raises:
        InputError: the array is not such an image.

    Example::

        model, config = load_model("tiny"), load_config("tiny")
        result = segment(model, read_rgb("street.png"), config)
        result.panoptic  # [height, width] train id * 1000 + instance
    """
    if options.full_size and image.ndim == 3:
        config = _with_crop_of(config, image.shape)
    return segment_batch(model, [image], config, options.passes)[0]


def segment_batch(
    model: nn.Module,
    images: Sequence[Shaped[np.ndarray, "..."]],
    config: ExperimentConfig,
    passes: Passes = PLAIN.passes,
) -> list[PanopticResult]:
    """Segment several images, of equal or different sizes, as one batch.

    Raises:
        InputError: one of the arrays is not uint8 ``[height, width, 3]``.
    """
    predictions = predict_images(model, images, config, passes)
    return [
        restore_size(panoptic_from_prediction(one, config.postprocess), image.shape[:2], config)
        for one, image in zip(predictions, images, strict=True)
    ]


def predict_images(
    model: nn.Module,
    images: Sequence[Shaped[np.ndarray, "..."]],
    config: ExperimentConfig,
    passes: Passes = PLAIN.passes,
) -> list[Prediction]:
    """Return the network's answer to each image, at the size of the crop.

    Raises:
        InputError: one of the arrays is not uint8 ``[height, width, 3]``.
    """
    batch = torch.stack([fit_image(image, config.data.crop_size) for image in images])
    with evaluating(model):
        prediction = predict_in_passes(model, batch.to(_device(model)), passes)
    return [Prediction(*(head[i : i + 1] for head in prediction)) for i in range(len(images))]


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


def restore_size(
    result: PanopticResult, size: tuple[int, ...], config: ExperimentConfig
) -> PanopticResult:
    """Cut the padding off all maps and bring them, and the centers, to the image's size."""
    size = (size[0], size[1])
    fitted = fit_size(size, config.data.crop_size)

    def restore(map_: Shaped[np.ndarray, "height width"]) -> Shaped[np.ndarray, "new_h new_w"]:
        return np.ascontiguousarray(resize_label(map_[: fitted[0], : fitted[1]], size))

    return result._replace(
        panoptic=restore(result.panoptic),
        semantic=restore(result.semantic),
        instance=restore(result.instance),
        confidence=restore(result.confidence),
        segment_probability=restore(result.segment_probability),
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


def _with_crop_of(config: ExperimentConfig, shape: tuple[int, ...]) -> ExperimentConfig:
    """Return the configuration with the smallest crop that holds an image of that shape."""
    height, width = (
        OUTPUT_STRIDE * max(1, -(-(side - 1) // OUTPUT_STRIDE)) + 1 for side in shape[:2]
    )
    return replace(config, data=replace(config.data, crop_size=(height, width)))
