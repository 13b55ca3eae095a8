"""``axialkit predict NAME_OR_RUN FILE...``: pictures, label files and a table of the segments."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from axialkit.cli.parse import OptionalCount, OptionalPath, parse
from axialkit.cli.predict_inputs import find_files, unique_names
from axialkit.cli.roots import is_drawn
from axialkit.config import PRESETS, Passes
from axialkit.data.video import is_video
from axialkit.errors import InputError
from axialkit.files import write_json

if TYPE_CHECKING:  # loads torch, which takes seconds: not before the arguments are known to be good
    from axialkit.cli.prediction import Task

_NAMED = 5  # files that the last line names; of more, it says how many
_IMAGES = tyro.conf.arg(metavar="IMAGE", help_behavior_hint="(required)")


@dataclass(frozen=True)
class Arguments:
    """Segment images: every pixel gets a class, and every car, person... its own number.

    For each image: NAME_overlay.png (the image under its segments, with names and a legend),
    NAME_panoptic.png and NAME_panoptic.json (the answer in the form of the official tools). One
    image also gets a table of its segments on the screen; --json writes the tables of all.

    A folder stands for all images in it, a pattern in quotes for what it matches. Videos (MP4, MOV,
    AVI, MKV, WebM, M4V, MPG, moving GIF; they need the extra "video") are segmented frame by frame,
    each on its own: numbers and shades of things may change from one frame to the next. The files
    of a frame are called NAME_000012_..., counted from 0; NAME_overlay.mp4 shows all overlays.

    The shipped networks know MiniCity's drawn streets only.

    Examples:
      axialkit predict tiny data/minicity/leftImg8bit/val/*/*.png --out seen
      axialkit predict tiny "data/minicity/**/*_leftImg8bit.png" --write overlay
      axialkit predict runs/tiny street.png --json segments.json
      axialkit predict runs/tiny street.png --only car "traffic light" --palette colorblind
      axialkit predict runs/tiny drive.mp4 --every 5 --frames 100 --write video

    Next:
      axialkit demo       the same in the browser, with the attention behind each pixel
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME_OR_RUN")]
    """A preset with weights (axialkit weights list), or the folder of a run or of weights."""
    files: Annotated[tuple[Path, ...], tyro.conf.Positional, _IMAGES]
    """Images, folders of them, quoted patterns such as "photos/**/*.jpg", videos."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("predictions")
    """Folder for the pictures and label files."""
    write: Annotated[
        tuple[Literal["overlay", "panoptic", "json", "video"], ...], tyro.conf.arg(metavar="KIND")
    ] = ("overlay", "panoptic", "json", "video")
    """Which files to write: overlay, panoptic, json, video (NAME_overlay.mp4, for videos)."""
    palette: Literal["cityscapes", "colorblind"] = "cityscapes"
    """Colors of the classes; those of colorblind differ for eyes without red, green or blue too."""
    only: Annotated[tuple[str, ...], tyro.conf.arg(metavar="CLASS", help_behavior_hint="")] = ()
    """Keep these classes only, in all files, such as: --only car person."""
    every: Annotated[int, tyro.conf.arg(metavar="N")] = 1
    """Of a video, take each N-th frame."""
    frames: OptionalCount = None
    """Of a video, take at most N frames."""
    json: OptionalPath = None
    """Also write all tables to this JSON file."""
    weights: OptionalPath = None
    """Weights of the same network to use instead, such as RUN/best.safetensors."""
    full_size: bool = False
    """Show the network large images at their own size, where it would shrink them to its crop;
    takes memory and time."""
    flip: bool = False
    """Average with the answer to the mirrored image."""
    scales: Annotated[tuple[float, ...], tyro.conf.arg(metavar="S ...")] = (1.0,)
    """Average over these sizes of the image."""

    def __post_init__(self) -> None:
        Passes(self.flip, self.scales)  # says what is wrong with them
        for flag, value in (("--every", self.every), ("--frames", self.frames)):
            if value is not None and value < 1:
                raise InputError(f"{flag} must be at least 1, got {value}.")


def command(argv: list[str]) -> int:
    """Segment all files, one after the other; a broken one among several does not stop it."""
    arguments = parse(Arguments, argv, "predict")
    files = find_files(arguments.files)
    if any(is_video(path) for path in files):
        import av  # noqa: F401  if it is missing, that is said before the work
    elif set(arguments.write) == {"video"}:
        raise InputError("--write video is for videos only. Add overlay, panoptic or json.")
    task = _task(arguments)
    tables, unread = _predict_all(task, files, arguments.out)
    if arguments.model in PRESETS and is_drawn(task.config):
        print("\nThis network was taught on MiniCity's drawn streets only.")
    if arguments.json is not None:
        write_json(arguments.json, tables)
        print(f"Written: {arguments.json}")
    if unread:
        more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
        named = ", ".join(str(path) for path in unread[:_NAMED])
        print(
            f"axialkit: {len(unread)} of {len(files)} files could not be read: {named}{more}.",
            file=sys.stderr,
        )
    return 1 if unread else 0


def _task(arguments: Arguments) -> "Task":
    from axialkit.bench.timing import default_device
    from axialkit.cli.prediction import Task, train_ids_of
    from axialkit.inference import InferenceOptions
    from axialkit.visualize.palettes import PALETTES
    from axialkit.weights import load_config, load_model

    only = train_ids_of(arguments.only)
    passes = Passes(arguments.flip, arguments.scales)
    return Task(
        model=load_model(arguments.model, arguments.weights).to(default_device()),
        config=load_config(arguments.model),
        look=InferenceOptions(passes, arguments.full_size),
        only=only,
        write=arguments.write,
        palette=PALETTES[arguments.palette],
        every=arguments.every,
        frames=arguments.frames,
    )


def _predict_all(
    task: "Task", files: list[Path], out: Path
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Return the tables of all pictures, and the files that could not be read, at least in part.

    Raises:
        InputError: the only file could not be read, or something could not be written.
    """
    from axialkit.cli.prediction import Unreadable, predict_alone, predict_image
    from axialkit.cli.prediction_video import predict_video

    tables: list[dict[str, Any]] = []
    unread = []
    for path, name in zip(files, unique_names(files), strict=True):
        try:
            if is_video(path):
                predict_video(task, path, out / name, tables)
            elif len(files) == 1:
                tables.append(predict_alone(task, path, out / name))
            else:
                tables.append(predict_image(task, path, out / name))
        except Unreadable as error:
            if len(files) == 1:
                raise
            print(f"axialkit: {error}", file=sys.stderr)
            unread.append(path)
    if len(files) > 1 or is_video(files[0]):
        _print_end(tables, out)
    return tables, unread


def _print_end(tables: list[dict[str, Any]], out: Path) -> None:
    """Say where the files are, and which pictures the network cannot know; once, not each time."""
    if tables:
        print(f"Written: {out}{'' if str(out).endswith('/') else '/'}")
    notes = [table["note"] for table in tables if table["note"]]
    if notes:
        others = f" The same holds for {len(notes) - 1} more." if len(notes) > 1 else ""
        print(f"{notes[0]}{others}")
