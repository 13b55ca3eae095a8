"""One image through a network: its files, its line or its table on the screen."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from axialkit.cli.roots import is_drawn
from axialkit.cli.tables import table
from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.data.images import read_rgb
from axialkit.errors import InputError, suggest
from axialkit.evaluation.prediction_files import write_files
from axialkit.inference import InferenceOptions, segment
from axialkit.model import AxialDeepLab
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.colors import Picture
from axialkit.visualize.palettes import Palette
from axialkit.visualize.panoptic import Segment, segment_table

LARGEST_RATIO = 1.5  # of an image's side to the crop; what is larger is no drawn street

Table = dict[str, Any]


class Unreadable(InputError):
    """An image or a video could not be read, or not to its end: the others may be."""


class Task(NamedTuple):
    """What to do with every picture."""

    model: AxialDeepLab
    config: ExperimentConfig
    look: InferenceOptions  # how the network looks at an image
    only: list[int]  # keep these train ids; empty = all
    write: tuple[str, ...]  # of "overlay", "panoptic", "json", "video"
    palette: Palette
    every: int  # of a video, each so many-th frame
    frames: int | None  # of a video, at most so many


class Answer(NamedTuple):
    """What a network says about one picture."""

    image: Picture
    result: PanopticResult
    segments: list[Segment]
    note: str  # why not to trust it, if there is a reason


def predict_alone(task: Task, path: Path, stem: Path) -> Table:
    """Segment one image, write its ``stem_*`` files, print its table and return it.

    Raises:
        Unreadable: the image cannot be read.
    """
    answer, files = _predict(task, path, stem)
    print(f"\n{_heading(path, answer)}: {count(len(answer.segments), 'segment')}")
    if answer.note:
        print(answer.note)
    print(_text_table(answer.segments))
    if files:
        others = f" (and {', '.join(file.name for file in files[1:])})" if files[1:] else ""
        print(f"Written: {files[0]}{others}")
    return as_table(path, answer)


def predict_image(task: Task, path: Path, stem: Path) -> Table:
    """Segment one image of several: as above, but print no more than a line.

    Raises:
        Unreadable: the image cannot be read.
    """
    answer, _ = _predict(task, path, stem)
    print(f"{_heading(path, answer)}: {_in_short(answer.segments)}")
    return as_table(path, answer)


def answer_to(task: Task, image: Picture) -> Answer:
    """Run the network on a picture and keep the classes asked for."""
    result = keep_classes(segment(task.model, image, task.config, task.look), task.only)
    note = note_on_size(task.config, (image.shape[0], image.shape[1]))
    return Answer(image, result, segment_table(result), note)


def as_table(path: Path, answer: Answer) -> Table:
    """Return what the file of ``--json`` holds about a picture."""
    height, width = answer.image.shape[:2]
    rows = [segment._asdict() for segment in answer.segments]
    size = {"height": height, "width": width}
    return {"image": str(path), **size, "note": answer.note, "segments": rows}


def count(number: int, noun: str) -> str:
    """Return ``"1 segment"`` or ``"3 segments"``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def train_ids_of(names: tuple[str, ...]) -> list[int]:
    """Return the train ids of classes.

    Raises:
        InputError: no such class; the message suggests the closest.
    """
    known = {klass.name: klass.train_id for klass in TRAIN_CLASSES}
    for name in names:
        if name not in known:
            raise InputError(
                f'There is no class "{name}".{suggest(name, list(known))} '
                f"Classes: {', '.join(known)}."
            )
    return [known[name] for name in names]


def keep_classes(result: PanopticResult, train_ids: list[int]) -> PanopticResult:
    """Turn all segments of other classes into void; without classes keep everything."""
    if not train_ids:
        return result
    kept = np.isin(result.panoptic // LABEL_DIVISOR, train_ids)
    return result._replace(panoptic=np.where(kept, result.panoptic, VOID))


def note_on_size(config: ExperimentConfig, size: tuple[int, int]) -> str:
    """Say so if an image of that size cannot be one that the network was made for, else ``""``."""
    ratios = [side / crop for side, crop in zip(size, config.data.crop_size, strict=True)]
    if not is_drawn(config) or max(ratios) <= LARGEST_RATIO:
        return ""
    usual = "x".join(str(side - 1) for side in config.data.crop_size)
    return (
        f"Note: a picture of {size[0]}x{size[1]} is out of this tiny network's world. It has seen "
        f"drawn streets of {usual} pixels only, never a whole street photo: do not trust the "
        "answer."
    )


def _predict(task: Task, path: Path, stem: Path) -> tuple[Answer, list[Path]]:
    try:
        image = read_rgb(path)
    except InputError as error:
        raise Unreadable(str(error)) from error
    answer = answer_to(task, image)
    segments = answer.segments
    files = write_files(stem, image, answer.result.panoptic, segments, task.write, task.palette)
    return answer, files


def _heading(path: Path, answer: Answer) -> str:
    return f"{path} ({answer.image.shape[0]}x{answer.image.shape[1]})"


def _in_short(segments: list[Segment]) -> str:
    """Return such as ``"9 segments, 2 × car, 1 person"``."""
    things = [segment.klass for segment in segments if segment.id % LABEL_DIVISOR]
    counted = [f"{things.count(klass)} × {klass}" for klass in dict.fromkeys(things)]
    return ", ".join([count(len(segments), "segment"), *counted])


def _text_table(segments: list[Segment]) -> str:
    header = ["segment", "area %", "score", "box (top, left, bottom, right)"]
    rows = [(s.name, 100 * s.area, f"{s.score:.2f}", str(s.box)) for s in segments]
    note = "score: probability of the class; for things, times the heat of their center"
    return f"{table(header, rows)}\n{note}"
