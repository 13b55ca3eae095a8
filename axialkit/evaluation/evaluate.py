"""The evaluation loop: a network over a split, all scores from one pass."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Int
from torch import nn
from tqdm import tqdm

from axialkit.attention.processes import gather_from_processes, rank_and_count
from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import SamplePaths, list_samples
from axialkit.data.dataset import read_image_and_ids
from axialkit.data.minicity import SpecialObject, read_specials, special_mask
from axialkit.data.panoptic_files import panoptic_json, write_panoptic
from axialkit.errors import InputError
from axialkit.evaluation.far_cues import FarCueAccuracy
from axialkit.evaluation.official import PanopticWriter, is_script_installed, run_official_script
from axialkit.evaluation.official_pixels import SPLIT as PIXEL_SPLIT
from axialkit.evaluation.official_pixels import run_official_pixel_script, write_label_ids
from axialkit.evaluation.panoptic_quality import PanopticQuality, PanopticScores, segment_overlap
from axialkit.evaluation.report import EvaluationReport
from axialkit.evaluation.semantic import MeanIoU
from axialkit.inference import segment
from axialkit.structures import PanopticResult


def evaluate(  # noqa: PLR0913
    model: nn.Module,
    config: ExperimentConfig,
    root: Path | str,
    split: str = "val",
    *,
    limit: int | None = None,
    out: Path | str | None = None,
    official: bool = True,
    progress: bool = True,
) -> EvaluationReport:
    """Score a network on a split of a Cityscapes folder.

    ``limit`` takes the first images only. ``out`` keeps the predictions in the official form and
    the official script's own results. Without ``official`` no official script is run; nor is one
    when cityscapesscripts is missing or the images are too few for it, and the report says so. The
    script for the mIoU can only score the whole val split, and is run on nothing less. The
    panoptic ground truth that the script reads is written into ``root/gtFine`` if it is not there.

    Several processes (of ``torch.distributed``) share the images, add up their counts and all get
    the whole report; the official scripts are then left to one process alone.

    Raises:
        InputError: bad data, no images, nowhere to write, or the official script stops.
    """
    samples = list_samples(root, split)[:limit]
    if not samples:
        raise InputError(f"limit must be at least 1 image, got {limit}.")
    rank, processes = rank_and_count()
    truth = panoptic_json(root, split)
    if official and is_script_installed() and processes == 1 and not truth.is_file():
        write_panoptic(root, split, progress=progress)
    tally, began = _Tally(root, split), time.perf_counter()
    bar = tqdm(samples[rank::processes], f"evaluating {split}", disable=not progress, unit="image")
    with _folder(out) as folder:
        writer = PanopticWriter(folder, split)
        for sample in bar:
            _answer(sample, model, config, tally, writer, folder)
        seconds = time.perf_counter() - began
        writer.annotations = sum(gather_from_processes(writer.annotations), [])
        predictions = writer.finish()
        tally = _merged(gather_from_processes(tally))
        note = _why_no_official(tally.quality.scores(), processes, official=official)
        scores, miou = None, None
        if not note:
            results = folder / "official_results.json"
            scores = run_official_script(truth, predictions, results, [s.name for s in samples])
        if not note and split == PIXEL_SPLIT and limit is None:
            miou = run_official_pixel_script(root, folder / "semantic")
    return EvaluationReport(
        split=split,
        images=len(samples),
        seconds=seconds,
        quality=tally.quality,
        quality_void=tally.quality_void,
        iou=tally.iou,
        official=scores,
        official_miou=miou,
        official_note=note,
        far_cues=tally.far_cues.scores(),
    )


def _answer(
    sample: SamplePaths,
    model: nn.Module,
    config: ExperimentConfig,
    tally: "_Tally",
    writer: PanopticWriter,
    folder: Path,
) -> None:
    """Segment one image; count how good that is, and write it in the official forms."""
    image, instance_ids = read_image_and_ids(sample)
    result = segment(model, image, config)
    tally.add(sample.name, result, instance_ids)
    writer.add(sample.name, result.panoptic)
    write_label_ids(folder / "semantic", sample.name, result.semantic)


class _Tally:
    """All measures that one pass feeds."""

    def __init__(self, root: Path | str, split: str) -> None:
        self.quality = PanopticQuality("official")
        self.quality_void = PanopticQuality("void")
        self.iou = MeanIoU()
        self.far_cues = FarCueAccuracy()
        self._root, self._split = root, split
        self._specials: dict[str, list[SpecialObject]] = defaultdict(list)
        if (Path(root) / "minicity").is_dir():
            for special in read_specials(root, split):
                self._specials[special.name].append(special)

    def add(
        self,
        name: str,
        result: PanopticResult,
        instance_ids: Int[np.ndarray, "height width"],
    ) -> None:
        """Score the answer to one image."""
        overlap = segment_overlap(result.panoptic, instance_ids)
        self.quality.add(overlap)
        self.quality_void.add(overlap)
        self.iou.update(result.semantic, instance_ids)
        for special in self._specials[name]:
            visible = special_mask(self._root, self._split, special)
            self.far_cues.update(special, visible, result.semantic)


def _merged(tallies: list[_Tally]) -> _Tally:
    """Add up what the processes have counted."""
    total, *others = tallies
    for other in others:
        total.quality.merge(other.quality)
        total.quality_void.merge(other.quality_void)
        total.iou.merge(other.iou)
        total.far_cues.merge(other.far_cues)
    return total


def _why_no_official(scores: PanopticScores, processes: int, *, official: bool) -> str:
    """Return why the official script cannot or shall not run, or an empty string."""
    if not official:
        return "not asked for."
    if processes > 1:
        return "several processes shared the images; run axialkit evaluate on the finished run."
    if not is_script_installed():
        return 'cityscapesscripts is not installed; pip install -e ".[data]" brings it.'
    if scores.things.n == 0 or scores.stuff.n == 0:
        return "the script cannot average over images without things or without stuff; take more."
    return ""


@contextmanager
def _folder(out: Path | str | None) -> Iterator[Path]:
    """Yield the folder to write to: ``out``, or one that vanishes afterwards."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)
