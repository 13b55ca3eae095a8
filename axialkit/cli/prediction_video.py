"""A video through a network, frame by frame."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from axialkit.cli.prediction import Table, Task, Unreadable, answer_to, as_table, count
from axialkit.data.video import Frame, VideoWriter, describe_video, read_frames, write_video
from axialkit.errors import InputError
from axialkit.evaluation.prediction_files import write_files
from axialkit.visualize.answer_picture import all_classes, answer_picture


def predict_video(task: Task, path: Path, stem: Path, tables: list[Table]) -> None:
    """Segment the frames of a video, write their files and the video, print one line.

    The table of every frame is added to ``tables``.

    Raises:
        Unreadable: the file is no video, or damaged; then after the frames that could be read.
    """
    start, damage = len(tables), list[InputError]()
    frames = _readable(read_frames(path, task.every, task.frames), damage)
    first = next(frames, None)
    if first is not None:
        with _overlay_video(task, path, stem) as video:
            total = _expected(task, path)
            bar = tqdm(frames, path.name, total, unit="frame", initial=1, disable=None, leave=False)
            for frame in chain([first], bar):
                tables.append(_predict_frame(task, frame, (path, stem), video))
        print(_in_short(path, tables[start:]))
    if damage:
        done = f" What came before is written ({stem}_...)." if first is not None else ""
        raise Unreadable(f"{damage[0]}{done}") from damage[0]


def _readable(frames: Iterator[Frame], damage: list[InputError]) -> Iterator[Frame]:
    """Yield what can be read; the error that ends it early goes into ``damage``."""
    try:
        yield from frames
    except InputError as error:
        damage.append(error)


def _overlay_video(
    task: Task, path: Path, stem: Path
) -> AbstractContextManager[VideoWriter | None]:
    """Open the video of overlays, as fast as the original; None if it is not asked for."""
    if "video" not in task.write:
        return nullcontext()
    rate = describe_video(path).rate / task.every
    return write_video(stem.with_name(f"{stem.name}_overlay.mp4"), rate)


def _expected(task: Task, path: Path) -> int | None:
    """Return how many frames will come, None if nothing says so."""
    promised = -(-describe_video(path).frames // task.every)
    return min(filter(None, (promised, task.frames)), default=None)


def _predict_frame(
    task: Task, frame: Frame, names: tuple[Path, Path], video: VideoWriter | None
) -> Table:
    path, stem = names
    answer = answer_to(task, frame.image)
    panoptic, segments = answer.result.panoptic, answer.segments
    own = stem.with_name(f"{stem.name}_{frame.number:06d}")
    write_files(own, frame.image, panoptic, segments, task.write, task.palette)
    if video is not None:  # a legend that stays: another number of rows would be another size
        legend = all_classes(task.palette)
        video.add(answer_picture(frame.image, panoptic, task.palette, legend))
    return as_table(path, answer) | {"frame": frame.number}


def _in_short(path: Path, tables: list[Table]) -> str:
    """Return such as ``"drive.mp4 (128x256): 100 frames, 12.3 segments in each on average"``."""
    mean = sum(len(table["segments"]) for table in tables) / len(tables)
    size = f"{tables[0]['height']}x{tables[0]['width']}"
    frames = count(len(tables), "frame")
    return f"{path} ({size}): {frames}, {mean:.1f} segments in each on average"
