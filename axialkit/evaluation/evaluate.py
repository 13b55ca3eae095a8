"""The evaluation loop: predictions over a split, all scores from one pass.

Every finished image leaves a file of what it contributes, so an evaluation that broke off goes on
where it was, and processes share the images without a word between them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axialkit.attention.processes import gather_from_processes, rank_and_count
from axialkit.data.cityscapes import SamplePaths, list_samples
from axialkit.data.panoptic_files import panoptic_json, write_panoptic
from axialkit.data.parallel import map_parallel
from axialkit.errors import InputError
from axialkit.evaluation.image_scores import (
    ImageScores,
    specials_by_image,
)
from axialkit.evaluation.official import (
    OfficialScores,
    run_official_scripts,
    why_not_installed,
)
from axialkit.evaluation.official_files import (
    INSTANCE,
    SEMANTIC,
    OfficialFiles,
    prediction_json,
    write_prediction_json,
)
from axialkit.evaluation.predictions import Predictions
from axialkit.evaluation.report import EvaluationReport
from axialkit.evaluation.scoring_job import Scored, ScoringJob
from axialkit.evaluation.worst import WorstImage, worst_images

RESULTS = "official_results"  # the scripts' own
_LISTED = 4  # problems in one message


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
    ``root/gtFine`` if it is not there (into ``out``, if that must not be written to).

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
    if options.official and options.official_python != sys.executable:
        _check_python(options.official_python)
    began = time.perf_counter()
    with _folder(out) as folder:
        job = ScoringJob(
            predictions,
            Path(root),
            split,
            folder,
            specials_by_image(root, split),
            frozenset(sample.name for sample in every[: options.oracle_images]),
            options.limit,
            _last_change(every),
            all_forms=options.official or out is not None,
        )
        job.claim()
        scored = _score_all(job, samples, options)
        seconds = time.perf_counter() - began
        images = tuple(one.scores for one in scored)
        official = OfficialScores(reasons=_for_all("the first process has it."))
        worst: tuple[WorstImage, ...] = ()
        if rank_and_count()[0] == 0:
            if predictions.own_files.panoptic_json is None:
                write_prediction_json(folder, split, (one.annotation for one in scored))
            official = _official(job, samples, images, options)
            worst = worst_images(samples, images, job.prediction_of)
    return EvaluationReport(
        split=split,
        seconds=seconds,
        images=images,
        official=official,
        why_no_semantic=predictions.why_no_semantic,
        worst=worst,
    )


def _score_all(
    job: ScoringJob, samples: Sequence[SamplePaths], options: EvaluationOptions
) -> list[Scored]:
    """Score all images, by all processes together.

    Raises:
        InputError: some cannot be scored; which, and why.
    """
    rank, processes = rank_and_count()
    talks = options.progress and rank == 0
    if talks and (kept := job.kept(samples)):
        print(f"{kept} of {len(samples)} images were scored before, and are kept.")
    results = map_parallel(
        job,
        samples[rank::processes],
        workers=options.processes,
        description=f"evaluating {job.split}",
        progress=talks,
        least=2,
    )
    by_name: dict[str, Scored] = {}
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
    job: ScoringJob,
    samples: Sequence[SamplePaths],
    images: Sequence[ImageScores],
    options: EvaluationOptions,
) -> OfficialScores:
    """Run the official scripts on the files of all images, or say why not."""
    if not options.official:
        return OfficialScores(reasons=_for_all("not asked for."))
    if not job.has_all_files(samples):
        return OfficialScores(
            reasons=_for_all(
                "not all predictions lie here: other machines have some, or files were removed."
            )
        )
    if missing := why_not_installed(options.official_python):
        return OfficialScores(reasons=_for_all(missing))
    truth = _truth(job, progress=options.progress)
    own = job.predictions.own_files
    semantic = own.semantic or job.folder / SEMANTIC
    files = OfficialFiles(
        panoptic_json=own.panoptic_json or prediction_json(job.folder, job.split),
        semantic=None if job.predictions.why_no_semantic else semantic,
        instance=None if any(one.scores is None for one in images) else job.folder / INSTANCE,
    )
    return run_official_scripts(
        samples, truth, files, options.official_python, job.folder / RESULTS
    )


def _check_python(python: Path | str) -> None:
    """Refuse a Python that cannot run the scripts before all the work, not after it."""
    if problem := why_not_installed(python):
        raise InputError(f"The official scripts cannot run: {problem}")


def _truth(job: ScoringJob, *, progress: bool) -> Path:
    """Return the panoptic ground truth, made if it is not there."""
    path = panoptic_json(job.root, job.split)
    if path.is_file():
        return path
    try:
        return write_panoptic(job.root, job.split, progress=progress)
    except InputError:  # a data set that belongs to somebody else
        return write_panoptic(job.root, job.split, to=job.folder / "truth", progress=progress)


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
