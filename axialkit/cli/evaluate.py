"""``axialkit evaluate MODEL_OR_FOLDER``: both columns of scores, a table, JSON, CSV, a page."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from axialkit.cli.parse import OptionalCount, OptionalFolder, OptionalPath, parse
from axialkit.cli.roots import default_root
from axialkit.config import Passes
from axialkit.errors import InputError
from axialkit.files import atomic_path, write_json

if TYPE_CHECKING:
    import torch

    from axialkit.evaluation.predictions import Predictions
    from axialkit.evaluation.report import EvaluationReport


@dataclass(frozen=True)
class Arguments:
    """Score a network, or a folder of predictions: PQ, mIoU and AP, overall and per class.

    Three lines. own: axialkit's arithmetic by the official rules. official: the unmodified scripts
    of cityscapesScripts on files in their forms. reference: the rules of the networks' authors,
    who take crowds (groups that nobody separated) out of the ground truth, and COCO's AP.

    A folder of predictions holds a panoptic PNG per image, named like the image, id = R + 256 G +
    65536 B, and JSON in the official form with the category of each id (and a score, for AP).

    Examples:
      axialkit evaluate tiny                          the shipped weights on MiniCity val
      axialkit evaluate runs/tiny --report score.html
      axialkit evaluate runs/tiny --out results       keep all files; run it again to go on
      axialkit evaluate runs/tiny --weights runs/tiny/best.safetensors
      axialkit evaluate PREDICTIONS --data data/cityscapes --semantic LABEL_IDS
      axialkit evaluate runs/big --flip --scales 0.75 1 1.25 --processes 8
      torchrun --nproc-per-node 4 -m axialkit evaluate runs/big --out results     on 4 GPUs

    Next:
      axialkit predict NAME_OR_RUN IMAGE
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL_OR_FOLDER")]
    """A preset with weights (axialkit weights list), the folder of a run or of weights, or a
    folder of predictions."""
    data: Annotated[OptionalFolder, tyro.conf.arg(name="data", metavar="ROOT")] = None
    """Folder that holds leftImg8bit and gtFine; by default the data set the network is made for."""
    split: str = "val"
    """train, val or test."""
    limit: OptionalCount = None
    """Only the first N images."""
    weights: OptionalPath = None
    """Weights of the same network to score instead, such as RUN/best.safetensors."""
    semantic: OptionalFolder = None
    """For a folder of predictions: its label id pictures, which the mIoU needs."""
    encoding: Literal["official", "two-channel", "three-channel", "numpy"] = "official"
    """How a folder of predictions spells segments; the others are deeplab2's raw_panoptic."""
    out: OptionalFolder = None
    """Keep everything here: predictions in the official forms, scores.json, scores.csv and
    report.html. An evaluation that was interrupted goes on from here."""
    json: OptionalPath = None
    """Also write all scores to this JSON file, as fractions."""
    csv: OptionalPath = None
    """Also write the scores per class to this CSV file, as fractions."""
    report: OptionalPath = None
    """Also write a page with pictures to this HTML file."""
    processes: int = 1
    """Share the images between so many processes of this machine's CPU."""
    oracle_images: int = 20
    """On how many images to try ground truth in place of each head, for the report."""
    skip_official: bool = False
    """Leave the official scripts out."""
    official_python: Annotated[OptionalPath, tyro.conf.arg(metavar="PATH")] = None
    """A Python of your own that runs the official scripts (with an older NumPy, say)."""
    merge: Annotated[
        Literal["python", "compiled"] | None,
        tyro.conf.arg(metavar="python|compiled", help_behavior_hint=""),
    ] = None
    """Which of deeplab2's two sets of rules makes segments, if not the one the network has."""
    flip: bool = False
    """Average with the answer to the mirrored image."""
    scales: Annotated[tuple[float, ...], tyro.conf.arg(metavar="S ...")] = (1.0,)
    """Average over these sizes of the image."""

    def __post_init__(self) -> None:
        """Reject what cannot be evaluated."""
        if self.limit is not None and self.limit < 1:
            raise InputError(f"--limit must be at least 1 image, got {self.limit}.")
        if self.processes < 1:
            raise InputError(f"--processes must be at least 1, got {self.processes}.")
        Passes(self.flip, self.scales)  # says what is wrong with them
        for flag in ("json", "csv", "report"):
            if (path := getattr(self, flag)) is not None and path.is_dir():
                raise InputError(f"--{flag}: {path} is a folder; name a file.")
        if self.oracle_images < 0:
            raise InputError(f"--oracle-images must be 0 or more, got {self.oracle_images}.")


def command(argv: list[str]) -> int:
    """Print the scores and write what was asked for."""
    arguments = parse(Arguments, argv, "evaluate")
    from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
    from axialkit.evaluation.report_tables import text
    from axialkit.training.distributed import process_group

    with process_group() as processes, _how_to_go_on(arguments):
        predictions, root = _predictions(arguments, processes.device)
        options = EvaluationOptions(
            limit=arguments.limit,
            official=not arguments.skip_official,
            official_python=arguments.official_python or sys.executable,
            processes=arguments.processes,
            oracle_images=arguments.oracle_images,
            progress=processes.is_main,
        )
        report = evaluate(predictions, root, arguments.split, arguments.out, options)
        if processes.is_main:
            written = _write(arguments, report)  # first: the screen may be a pipe that closes
            print(text(report))
            for path in written:
                print(f"Written: {path}")
    return 0


@contextmanager
def _how_to_go_on(arguments: Arguments) -> Iterator[None]:
    """Say after Ctrl-C what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        if arguments.out is None:
            remedy = "The same command starts again; with --out DIR it would go on."
        else:
            remedy = f"What is scored is kept in {arguments.out}; the same command goes on."
        raise KeyboardInterrupt(remedy) from None


def _predictions(arguments: Arguments, device: "torch.device") -> tuple["Predictions", Path]:
    """Return what to evaluate, and the data set."""
    if _is_predictions(Path(arguments.model)):
        from axialkit.evaluation.folder import FolderPredictions

        _check_folder(arguments)
        folder = FolderPredictions(
            arguments.model, arguments.semantic, arguments.encoding, arguments.split
        )
        return folder, arguments.data or Path()
    if arguments.semantic is not None:
        raise InputError("--semantic belongs to a folder of predictions; a network has its own.")
    from axialkit.evaluation.network import NetworkPredictions
    from axialkit.inference import InferenceOptions
    from axialkit.weights import load_config, load_model

    try:
        config = load_config(arguments.model)
    except InputError as error:
        given = Path(arguments.model)
        if not given.is_dir() or (given / "config.json").exists():
            raise
        raise InputError(f"{error} Nor is it a folder of predictions: it holds no PNG.") from error
    model = load_model(arguments.model, arguments.weights).to(device)
    looks = InferenceOptions(Passes(arguments.flip, arguments.scales))
    if arguments.merge is not None:
        config = replace(config, postprocess=replace(config.postprocess, merge=arguments.merge))
    predictions = NetworkPredictions(model, config, looks, arguments.model)
    return predictions, arguments.data or default_root(config)


def _check_folder(arguments: Arguments) -> None:
    """Refuse what makes no sense for predictions that are there already."""
    if arguments.data is None:
        raise InputError(
            f"{arguments.model} holds predictions: name the data set that they are for with "
            "--data ROOT."
        )
    meant = {
        "--weights": arguments.weights is not None,
        "--merge": arguments.merge is not None,
        "--flip": arguments.flip,
        "--scales": arguments.scales != (1.0,),
    }
    for flag, is_set in meant.items():
        if is_set:
            raise InputError(f"{flag} is for networks, and {arguments.model} holds predictions.")


def _is_predictions(folder: Path) -> bool:
    """Return whether a folder holds pictures, and is no run and no folder of weights."""
    if not folder.is_dir() or (folder / "config.json").exists():
        return False
    return any(next(folder.rglob(f"*{kind}"), None) for kind in (".png", ".npy"))


def _write(arguments: Arguments, report: "EvaluationReport") -> list[Path]:
    """Write the files that were asked for; return their paths."""
    from axialkit.evaluation.report_page import page
    from axialkit.evaluation.report_tables import csv_text

    def write(path: Path, text: str) -> None:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    out = arguments.out
    jsons = [arguments.json, out and out / "scores.json"]
    csvs = [arguments.csv, out and out / "scores.csv"]
    pages = [arguments.report, out and out / "report.html"]
    for path in filter(None, jsons):
        write_json(path, report.to_dict())
    for path in filter(None, csvs):
        write(path, csv_text(report))
    if any(pages):
        html = page(report, arguments.model)
        for path in filter(None, pages):
            write(path, html)
    return [path for path in (*jsons, *csvs, *pages) if path]
