"""Videos: the frames of a file, one at a time, and pictures written as a video.

Needs PyAV, the extra ``video``, which brings its own decoders. It is imported where it is used, so
that everything else works without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8
from PIL import Image

from axialkit.data.images import DECODE_ERRORS
from axialkit.errors import InputError
from axialkit.files import atomic_path

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".gif")

_USUAL_RATE = Fraction(25)  # where a file does not say how many frames a second has
_ENOUGH = 0.9  # of the frames that a file promises: some count a few that are never shown
_LARGEST_NUMBER = 60_000  # of a rate's fraction: MPEG-4 allows no more than 16 bits
# The first that is there is taken: with its quality, from 0 (best) to 51, from 1 (best) to 31.
_ENCODERS = (("libx264", {"crf": "20"}), ("mpeg4", {"qmin": "2", "qmax": "5"}))

Picture = UInt8[np.ndarray, "height width 3"]


class Frame(NamedTuple):
    """One frame of a video, upright."""

    number: int  # in the file, from 0
    image: Picture


class VideoFacts(NamedTuple):
    """What a video file says about itself."""

    rate: Fraction  # frames a second
    frames: int  # 0 = it does not say


def is_video(path: Path) -> bool:
    """Return whether a file is a video by its ending; a GIF is one if it moves."""
    if path.suffix.lower() != ".gif":
        return path.suffix.lower() in VIDEO_SUFFIXES
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except DECODE_ERRORS:
        return False  # whoever reads it as an image says what is wrong


def describe_video(path: Path | str) -> VideoFacts:
    """Return the frame rate and the number of frames that a file promises.

    Raises:
        InputError: the file is missing, empty or no video.
    """
    with _opened(Path(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or _USUAL_RATE
        return VideoFacts(Fraction(rate.numerator, rate.denominator), stream.frames)


def read_frames(path: Path | str, every: int = 1, limit: int | None = None) -> Iterator[Frame]:
    """Yield each ``every``-th frame from the first on, ``limit`` at most, as RGB and upright.

    One frame is in memory at a time, however long the video.

    Raises:
        InputError: the file is missing, empty, no video, or damaged; then after the frames that
            could be read.
    """
    path = Path(path)
    last, yielded = -1, 0
    with _opened(path) as container:
        promised = container.streams.video[0].frames
        try:
            for frame in islice(_decoded(container, every), limit):
                last, yielded = frame.number, yielded + 1
                yield frame
        except _decode_errors() as error:
            raise _damaged(path, last, _reason(error)) from error
    if limit is not None and yielded == limit:
        return
    if yielded == 0:
        raise InputError(f"The video {path} holds no frames. Copy, download or export it again.")
    if last + every < _ENOUGH * promised:
        raise _damaged(path, last, f"the rest of its {promised} frames is missing")


def _damaged(path: Path, last: int, why: str) -> InputError:
    where = "before its first frame" if last < 0 else f"after frame {last}"
    return InputError(
        f"The video {path} is damaged {where} ({why}). Copy, download or export it again."
    )


def _decoded(container: Any, every: int) -> Iterator[Frame]:  # noqa: ANN401  PyAV's container
    for number, frame in enumerate(container.decode(video=0)):
        if number % every == 0:
            yield Frame(number, _upright(frame))


def _upright(frame: Any) -> Picture:  # noqa: ANN401  PyAV's frame
    """Turn a frame as its display matrix says, which maps (x, y) of the frame to the screen's."""
    from av.sidedata.sidedata import Type

    image = frame.to_ndarray(format="rgb24")
    side_data = frame.side_data.get(Type.DISPLAYMATRIX)
    if side_data is None:
        return image
    matrix: Integer[np.ndarray, " 9"] = np.frombuffer(bytes(side_data), np.int32)
    xx, yx, xy, yy = matrix[[0, 1, 3, 4]].tolist()  # yx: how much of the old x is in the new y
    if abs(xx) < abs(xy):
        image, xx, yy = image.transpose(1, 0, 2), xy, yx
    rows = slice(None, None, -1 if yy < 0 else 1)
    columns = slice(None, None, -1 if xx < 0 else 1)
    return np.ascontiguousarray(image[rows, columns])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a video file and close it at the end.

    Raises:
        InputError: the file is missing, empty or no video.
    """
    import av

    if not path.is_file():
        raise InputError(f"There is no video file {path}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"The video {path} is empty (0 bytes). Copy or download it again.")
    try:
        container = av.open(str(path))
    except _decode_errors() as error:
        raise InputError(
            f"{path} is not a video, or it is damaged ({_reason(error)}). Copy, download or export "
            "it again, as MP4 for example."
        ) from error
    with container:
        if not container.streams.video:
            held = "only sound" if container.streams.audio else "it is damaged or cut short"
            raise InputError(f"{path} holds no pictures: {held}. Name another video file.")
        yield container


def _decode_errors() -> tuple[type[Exception], ...]:
    from av.error import FFmpegError

    return (*DECODE_ERRORS, FFmpegError)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)


class VideoWriter:
    """Writes pictures as an MP4; see ``write_video``."""

    def __init__(self, container: Any, rate: Fraction) -> None:  # noqa: ANN401  PyAV's container
        self._container, self._rate = container, rate
        self._stream: Any = None

    def add(self, picture: Picture) -> None:
        """Append a picture; those of another size than the first are scaled to it."""
        import av

        height, width = picture.shape[:2]
        # encoders want even sides: repeat the last row or column
        even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if self._stream is None:
            name, options = _encoder()
            self._stream = self._container.add_stream(name, rate=self._rate, options=dict(options))
            self._stream.height, self._stream.width = even.shape[:2]
            self._stream.pix_fmt = "yuv420p"  # what every player shows
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))

    def finish(self) -> None:
        """Write what the encoder still holds back."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())


@contextmanager
def write_video(path: Path | str, rate: Fraction) -> Iterator[VideoWriter]:
    """Yield a writer for an MP4 file of ``rate`` frames a second; the file appears when it is done.

    Raises:
        InputError: PyAV lacks an encoder, or the folder cannot be written to.
    """
    import av

    _encoder()  # say so before the work, not after the first picture
    simple = rate.limit_denominator(max(1, _LARGEST_NUMBER // max(1, round(rate))))
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4") as container,
    ):
        writer = VideoWriter(container, simple)
        yield writer
        writer.finish()


def _encoder() -> tuple[str, dict[str, str]]:
    from av.codec.codec import Codec, UnknownCodecError

    for name, options in _ENCODERS:
        try:
            Codec(name, "w")
        except UnknownCodecError:
            continue
        return name, options
    raise InputError(
        f"This PyAV cannot write MP4 videos: it has none of {', '.join(n for n, _ in _ENCODERS)}. "
        "Install its wheel (pip install --only-binary av av), or leave video out of --write."
    )
