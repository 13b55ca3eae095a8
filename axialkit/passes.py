"""Several looks at one image, mirrored and at other scales, averaged: test-time augmentation.

As in deeplab2: the heads of every pass are mirrored back, resized to the size of the image and
turned into probabilities, and then averaged. The released configurations do without.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from axialkit.config import Passes
from axialkit.errors import InputError
from axialkit.model import AxialDeepLab
from axialkit.model.resize import resize, resize_offsets
from axialkit.structures import Prediction

Size = tuple[int, int]


def predict_in_passes(
    model: nn.Module, images: Shaped[Tensor, "batch 3 height width"], passes: Passes
) -> Prediction:
    """Return the averaged answer to a batch of RGB images 0..255, at their size.

    The softmax of its ``semantic`` is the mean of the passes' probabilities.

    Raises:
        InputError: several passes of something other than an ``AxialDeepLab``, which alone shows
            its heads before they are resized.
    """
    if passes.is_single:
        return model(images)
    if not isinstance(model, AxialDeepLab):
        raise InputError(
            f"Averaging several passes needs an AxialDeepLab, got {type(model).__name__}. Use the "
            "network itself, before any export, or a single pass."
        )
    return average(list(_answers(model, images, passes)))


def scaled(size: Size, scale: float) -> Size:
    """Return the size of an image at a scale; 16k+1 stays 16k+1 at halves and doubles."""
    height, width = (int((side - 1) * scale + 1) for side in size)
    return height, width


def restore(heads: Prediction, size: Size, *, mirrored: bool) -> Prediction:
    """Bring one pass' heads to the image's size; a mirrored pass back to the image's side.

    ``heads`` are those of the network before any resizing, offsets in units of their own pixels.
    """
    if mirrored:
        heads = Prediction(*(head.flip(-1) for head in heads))
        turned = heads.offset * heads.offset.new_tensor([1.0, -1.0])[:, None, None]
        heads = heads._replace(offset=turned)
    return Prediction(
        semantic=resize(heads.semantic, size),
        center=resize(heads.center, size),
        offset=resize_offsets(heads.offset, size),
    )


def average(answers: list[Prediction]) -> Prediction:
    """Average answers of one size: the class probabilities, not their logits."""
    probabilities, center, offset = (0 * head.float() for head in answers[0])
    for answer in answers:  # one after the other: they are large
        probabilities += answer.semantic.float().softmax(dim=1)
        center += answer.center
        offset += answer.offset
    count = len(answers)
    return Prediction(torch.log(probabilities / count), center / count, offset / count)


def _answers(
    model: AxialDeepLab, images: Shaped[Tensor, "batch 3 height width"], passes: Passes
) -> Iterator[Prediction]:
    height, width = images.shape[-2:]
    for scale in passes.scales:
        seen = resize(images.float(), scaled((height, width), scale))
        for mirrored in (False, True)[: 1 + passes.flip]:
            heads = model.heads(seen.flip(-1) if mirrored else seen)
            yield restore(heads, (height, width), mirrored=mirrored)
