"""The recipe's constants for images of another size: axialkit's own rule, the reference has none.

The published constants are in pixels of 1024x2048 images. For images k times smaller per side,
lengths shrink by k and areas by k squared:

    image       crop        sigma  small instances  NMS window  smallest stuff
    1024x2048   1025x2049   8      4096             13          2048
    512x1024    513x1025    4      1024             7           512
    256x512     257x513     2      256              5           128
    128x256     129x257     2      64               5           32

sigma stays at 2 and the window at 5 at least: below, a center is hardly more than a pixel.
"""

from dataclasses import replace

from axialkit.config import OUTPUT_STRIDE, ExperimentConfig
from axialkit.errors import InputError

_HEIGHT, _SIGMA, _SMALL_AREA, _NMS_KERNEL, _STUFF_AREA = 1024, 8.0, 4096, 13, 2048


def for_image_size(config: ExperimentConfig, size: tuple[int, int]) -> ExperimentConfig:
    """Return a config whose crop and constants fit images of ``size`` (height, width).

    The crop becomes the next ``16k+1`` above each side.

    Raises:
        InputError: a side is not positive.
    """
    height, width = size
    if min(height, width) < 1:
        raise InputError(f"An image size must be positive, got {height}x{width}.")
    factor = height / _HEIGHT
    crop = (_next_crop(height), _next_crop(width))
    data = replace(
        config.data,
        crop_size=crop,
        sigma=max(2.0, _SIGMA * factor),
        small_instance_area=round(_SMALL_AREA * factor**2),
    )
    postprocess = replace(
        config.postprocess,
        nms_kernel=max(5, _nearest_odd(_NMS_KERNEL * factor)),
        stuff_area_limit=round(_STUFF_AREA * factor**2),
    )
    return replace(config, data=data, postprocess=postprocess)


def _next_crop(side: int) -> int:
    return -(-side // OUTPUT_STRIDE) * OUTPUT_STRIDE + 1


def _nearest_odd(value: float) -> int:
    return 2 * round((value - 1) / 2) + 1
