"""The evaluation loop: predictions over a split, all scores from one pass.

Every finished image leaves a file of what it contributes, so an evaluation that broke off goes on
where it was, and processes share the images without a word between them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Integer

from axialkit.attention.processes import gather_from_processes, rank_and_count
from axialkit.data.cityscapes import SamplePaths, list_samples, read_instance_ids
from axialkit.data.minicity import SpecialObject
from axialkit.data.panoptic_files import panoptic_json, write_panoptic
from axialkit.data.parallel import map_parallel
from axialkit.errors import InputError
from axialkit.evaluation.folder import labels_of_ids, read_id_picture
from axialkit.evaluation.image_scores import (
    ImageScores,
    read_scores,
    score_image,
    specials_by_image,
    with_masks,
    write_scores,
)
from axialkit.evaluation.official import (
    OfficialFiles,
    OfficialScores,
    run_official_scripts,
    why_not_installed,
)
from axialkit.evaluation.official_files import (
    INSTANCE,
    SEMANTIC,
    prediction_json,
    write_instances,
    write_label_ids,
    write_prediction,
    write_prediction_json,
)
from axialkit.evaluation.predictions import Answer, Predictions
from axialkit.evaluation.report import EvaluationReport
from axialkit.evaluation.worst import WorstImage, worst_images
from axialkit.files import read_json, write_json

SETTINGS, IMAGES, RESULTS = "evaluation_settings.json", "images", "official_results"
_LISTED = 10  # problems in one message


@dataclass(frozen=True)
class EvaluationOptions:
    """How to evaluate."""

    limit: int | None = None  # the first images only
    official: bool = True  # run the official scripts
    official_python: Path | str = sys.executable  # under this Python
    processes: int = 1  # of this machine's CPU
    oracle_images: int = 0  # the first images on which the oracle ladder is computed
    progress: bool = True


def evaluate(
    predictions: Predictions,
    root: Path | str,
    split: str = "val",
    out: Path | str | None = None,
    options: EvaluationOptions = EvaluationOptions(),
) -> EvaluationReport:
    """Score predictions on a split of a Cityscapes folder.

    ``out`` keeps the predictions in the official forms, the official scripts' own results and what
    each image contributes; an evaluation into the same folder goes on with the images that are
    missing. The panoptic ground truth that the official script reads is written into
    ``root/gtFine`` if it is not there.

    The processes of ``torch.distributed``, if there are several, share the images and all get the
    report; the official scripts are run by the first one, and only if it sees the files of all
    (give an ``out`` that all can reach).

    Raises:
        InputError: bad data, no images, predictions that are missing or cannot be scored, nowhere
            to write, or an ``out`` that belongs to another evaluation.
    """
    every = list_samples(root, split)
    samples = every[: options.limit]
    if not samples:
        raise InputError(f"limit must be at least 1 image, got {options.limit}.")
    predictions.check(samples, options.processes)
    began = time.perf_counter()
    with _folder(out) as folder:
        job = _Job(
            predictions,
            Path(root),
            split,
            folder,
            options,
            specials_by_image(root, split),
            frozenset(sample.name for sample in samples[: options.oracle_images]),
            _last_change(every),
        )
        job.claim()
        scored = _score_all(job, samples)
        seconds = time.perf_counter() - began
        images = tuple(one.scores for one in scored)
        official = OfficialScores(reasons=_for_all("the first process has it."))
        worst: tuple[WorstImage, ...] = ()
        if rank_and_count()[0] == 0:
            if predictions.own_files.panoptic_json is None:
                write_prediction_json(folder, split, (one.annotation for one in scored))
            official = _official(job, samples, images)
            worst = worst_images(samples, images, job.prediction_of)
    return EvaluationReport(
        split=split,
        seconds=seconds,
        images=images,
        official=official,
        why_no_semantic=predictions.why_no_semantic,
        worst=worst,
    )


class _Scored(NamedTuple):
    scores: ImageScores
    annotation: dict[str, Any]  # its entry in the panoptic JSON


@dataclass(frozen=True)
class _Job:
    """What it takes to score one image; sent to every process."""

    predictions: Predictions
    root: Path
    split: str
    folder: Path
    options: EvaluationOptions
    specials: Mapping[str, list[SpecialObject]]  # MiniCity's, by image
    oracle: frozenset[str]  # images that get the ladder
    labels_changed: int  # when the truth last was, nanoseconds since 1970

    def claim(self) -> None:
        """Note in the folder what is evaluated there.

        Raises:
            InputError: the folder belongs to something else.
        """
        own = {
            **self.predictions.identity,
            "data": str(self.root.resolve()),
            "split": self.split,
            "labels_changed": self.labels_changed,
            "oracle_images": self.options.oracle_images,
        }
        path, predictions = self.folder / SETTINGS, prediction_json(self.folder, self.split)
        if not path.is_file() and (predictions.exists() or predictions.with_suffix("").exists()):
            raise InputError(
                f"{self.folder} holds predictions that another program has written, and they "
                "would be overwritten. Choose another folder for the results."
            )
        if path.is_file() and (there := read_json(path)) != own:
            differing = [key for key in own if there.get(key) != own[key]]
            raise InputError(
                f"{self.folder} holds another evaluation: it differs in {', '.join(differing)}. "
                "Choose another folder, or remove this one."
            )
        write_json(path, own)
        # an evaluation that breaks off must not look complete
        predictions.unlink(missing_ok=True)

    def __call__(self, sample: SamplePaths) -> _Scored | str:
        """Score one image, or return why that cannot be done."""
        kept = self.folder / IMAGES / f"{sample.name}.json"
        if kept.is_file():
            return _Scored(*read_scores(kept))
        try:
            ids = read_instance_ids(sample.instance_ids)
            answer = self.predictions.answer(sample, ids, oracle=sample.name in self.oracle)
            specials = with_masks(self.root, self.split, self.specials.get(sample.name, []))
            scores = score_image(sample, answer, ids, specials)
        except InputError as error:
            return str(error)
        annotation = self._write(sample.name, answer)
        write_scores(kept, scores, annotation)
        return _Scored(scores, annotation)

    def _write(self, name: str, answer: Answer) -> dict[str, Any]:
        """Write an answer in the official forms, where they are not there already."""
        own, official = self.predictions.own_files, self.options.official
        if official and answer.semantic is not None and own.semantic is None:
            write_label_ids(self.folder / SEMANTIC, name, answer.semantic)
        if official and answer.scores is not None:
            scores = list(answer.scores.items())
            write_instances(self.folder / INSTANCE, name, answer.panoptic, scores)
        if own.panoptic_json is not None:
            return {}
        return write_prediction(self.folder, self.split, name, answer.panoptic, answer.scores)

    def prediction_of(self, sample: SamplePaths) -> Integer[np.ndarray, "height width"]:
        """Return the panoptic map of an image that has been scored."""
        if self.predictions.own_files.panoptic_json is not None:
            ids = read_instance_ids(sample.instance_ids)
            return self.predictions.answer(sample, ids, oracle=False).panoptic
        path = self._picture(sample.name)
        return labels_of_ids(path, read_id_picture(path))

    def has_all_files(self, samples: Sequence[SamplePaths]) -> bool:
        """Return whether the predictions of all images can be read here."""
        if self.predictions.own_files.panoptic_json is not None:
            return True
        return all(self._picture(sample.name).is_file() for sample in samples)

    def _picture(self, name: str) -> Path:
        return prediction_json(self.folder, self.split).with_suffix("") / f"{name}.png"


def _score_all(job: _Job, samples: Sequence[SamplePaths]) -> list[_Scored]:
    """Score all images, by all processes together.

    Raises:
        InputError: some cannot be scored; which, and why.
    """
    rank, processes = rank_and_count()
    results = map_parallel(
        job,
        samples[rank::processes],
        workers=job.options.processes,
        description=f"evaluating {job.split}",
        progress=job.options.progress and rank == 0,
        least=2,
    )
    by_name: dict[str, _Scored] = {}
    problems: list[str] = []
    for result in sum(gather_from_processes(results), []):
        if isinstance(result, str):
            problems.append(result)
        else:
            by_name[result.scores.name] = result
    if problems:
        raise InputError(_listed(problems, len(samples)))
    return [by_name[sample.name] for sample in samples]


def _listed(problems: Sequence[str], images: int) -> str:
    """Return the first problem as a sentence, and the others below it."""
    first, *others = problems
    if not others:
        return first
    listed = others[:_LISTED] + (["..."] if len(others) > _LISTED else [])
    count = f"{len(problems)} of {images} images cannot be scored. The others:"
    return "\n  ".join([f"{first}\n{count}", *listed])


def _official(
    job: _Job, samples: Sequence[SamplePaths], images: Sequence[ImageScores]
) -> OfficialScores:
    """Run the official scripts on the files of all images, or say why not."""
    options, folder = job.options, job.folder
    if not options.official:
        return OfficialScores(reasons=_for_all("not asked for."))
    if not job.has_all_files(samples):
        return OfficialScores(
            reasons=_for_all("several machines have the files; evaluate the finished run again.")
        )
    if missing := why_not_installed(options.official_python):
        return OfficialScores(reasons=_for_all(missing))
    truth = panoptic_json(job.root, job.split)
    if not truth.is_file():
        write_panoptic(job.root, job.split, progress=options.progress)
    own = job.predictions.own_files
    semantic = own.semantic or folder / SEMANTIC
    files = OfficialFiles(
        panoptic_json=own.panoptic_json or prediction_json(folder, job.split),
        semantic=None if job.predictions.why_no_semantic else semantic,
        instance=None if any(one.scores is None for one in images) else folder / INSTANCE,
    )
    return run_official_scripts(samples, truth, files, options.official_python, folder / RESULTS)


def _last_change(samples: Sequence[SamplePaths]) -> int:
    return max(sample.instance_ids.stat().st_mtime_ns for sample in samples)


def _for_all(reason: str) -> dict[str, str]:
    return dict.fromkeys(("panoptic", "pixel", "instance"), reason)


@contextmanager
def _folder(out: Path | str | None) -> Iterator[Path]:
    """Yield the folder to write to: ``out``, or one that vanishes afterwards, of all processes."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory() as own:
        shared = Path(gather_from_processes(own)[0])
        yield shared if shared.is_dir() else Path(own)
