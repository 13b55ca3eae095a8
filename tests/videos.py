"""Videos for the tests, written by PyAV alone, without the code that reads them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_video(
    path: Path,
    pictures: Sequence[np.ndarray],
    rate: int | Fraction = 25,
    rotation: tuple[int, bool] | None = None,
) -> Path:
    """Write RGB pictures as MPEG-4, with its table of frames in front.

    ``rotation`` is what a player shall do: degrees counter-clockwise, then whether to mirror.
    """
    with av.open(str(path), "w", container_options={"movflags": "faststart"}) as container:
        stream = container.add_stream("mpeg4", rate=rate, options={"qmin": "1", "qmax": "1"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_cut_video(path: Path, frames: int = 7) -> Path:
    """Write a video of noise whose file ends in the middle, and so do its frames."""
    noise = np.random.default_rng(0).integers(0, 256, (frames, 64, 128, 3), np.uint8)
    content = write_video(path, list(noise)).read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path
