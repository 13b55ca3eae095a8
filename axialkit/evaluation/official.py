"""The official scores: the three unmodified scripts of cityscapesscripts, each in a process.

The scripts have their traps, and none reaches the caller: they run in a folder of their own (one
leaves a file where it runs), on links to just the images that are meant (two always take the whole
val split), with their cache of the ground truth beside them (one keeps it in the installed package,
for the next data set to stumble over), and with what NumPy has dropped since given back
(``official_start``). Where a script cannot score, the reason is told in a sentence.

They need the package cityscapesscripts (``pip install -e ".[data]"``), in this environment or in
another: give that one's Python.
"""

import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from axialkit.data.cityscapes import LABEL_IDS, TRAIN_CLASSES, SamplePaths
from axialkit.errors import InputError
from axialkit.evaluation import official_start
from axialkit.evaluation.official_files import OfficialFiles
from axialkit.evaluation.official_stage import choose_truth, link_predictions, link_truth
from axialkit.evaluation.panoptic_quality import GroupQuality, PanopticScores, Quality
from axialkit.files import read_json, write_json

START = Path(official_start.__file__)
_NAMES = {"panoptic": "panoptic", "pixel": "pixel-level", "instance": "instance-level"}


class ClassScores(NamedTuple):
    """One score per class and their mean, as fractions; NaN for a class that does not count."""

    mean: float
    per_class: tuple[float, ...]  # by train id


class OfficialScores(NamedTuple):
    """What the scripts said; None with a reason where one could not score."""

    panoptic: PanopticScores | None = None
    iou: ClassScores | None = None
    ap: ClassScores | None = None
    reasons: dict[str, str] = {}  # "panoptic", "pixel", "instance" -> why there is no score
    shims: tuple[str, ...] = ()  # what a newer NumPy was given back


class ScriptFailed(Exception):
    """A script could not score; the text is a sentence for the user."""


def run_official_scripts(
    samples: Sequence[SamplePaths],
    truth_json: Path,
    files: OfficialFiles,
    python: Path | str = sys.executable,
    results: Path | None = None,
) -> OfficialScores:
    """Score predictions of those images with all three scripts.

    ``truth_json`` is the official panoptic ground truth, for at least these images. The scripts'
    own results are kept in the folder ``results``, if given.
    """
    runs: dict[str, Callable[[], tuple[Any, tuple[str, ...]]]] = {
        "panoptic": lambda: run_panoptic(samples, truth_json, files.panoptic_json, python, results),
        "pixel": lambda: run_pixel(samples, files.semantic, python, results),
        "instance": lambda: run_instance(samples, files.instance, python, results),
    }
    found: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    shims: list[str] = []
    for kind, run in runs.items():
        try:
            found[kind], used = run()
            shims += used
        except (ScriptFailed, InputError) as error:
            reasons[kind] = str(error)
    return OfficialScores(
        panoptic=found.get("panoptic"),
        iou=found.get("pixel"),
        ap=found.get("instance"),
        reasons=reasons,
        shims=tuple(dict.fromkeys(shims)),
    )


def why_not_installed(python: Path | str = sys.executable) -> str:
    """Return why the scripts cannot run under that Python, or an empty string."""
    words = [_program(python), "-c", "import cityscapesscripts.evaluation"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{python} cannot be started ({error.strerror}); give the path of a Python."
    if done.returncode == 0:
        return ""
    if Path(python) == Path(sys.executable):
        return 'cityscapesscripts is not installed; pip install -e ".[data]" brings it.'
    return f"{python} has no cityscapesscripts; {python} -m pip install cityscapesscripts adds it."


def run_panoptic(
    samples: Sequence[SamplePaths],
    truth_json: Path,
    prediction_json: Path | None,
    python: Path | str = sys.executable,
    results: Path | None = None,
) -> tuple[PanopticScores, tuple[str, ...]]:
    """Return the scores of ``csEvalPanopticSemanticLabeling``, and the shims it needed.

    Raises:
        ScriptFailed: it did not score; why.
    """
    if prediction_json is None:
        raise ScriptFailed("there are no panoptic predictions in the official form.")
    with tempfile.TemporaryDirectory() as scratch:
        folder, scores = Path(scratch), Path(scratch) / "scores.json"
        words = {
            "--gt-json-file": choose_truth(truth_json, [s.name for s in samples], folder),
            "--gt-folder": truth_json.with_suffix(""),
            "--prediction-json-file": prediction_json,
            "--prediction-folder": prediction_json.with_suffix(""),
            "--results_file": scores,
        }
        arguments = [str(part) for flag, path in words.items() for part in (flag, path.resolve())]
        shims = _run("panoptic", folder, python, arguments)
        return scores_from_official(_keep(scores, results)), shims


def run_pixel(
    samples: Sequence[SamplePaths],
    predictions: Path | None,
    python: Path | str = sys.executable,
    results: Path | None = None,
) -> tuple[ClassScores, tuple[str, ...]]:
    """Return the IoU of ``csEvalPixelLevelSemanticLabeling``, and the shims it needed.

    ``predictions`` holds one label id picture per image, with names beginning like the image's.

    Raises:
        ScriptFailed: it did not score; why.
    """
    if predictions is None:
        raise ScriptFailed("there are no semantic predictions (label id pictures).")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        link_truth(samples, folder / "data")
        link_predictions(samples, predictions, folder / "results")
        shims = _run("pixel", folder, python)
        content = _keep(folder / "resultPixelLevelSemanticLabeling.json", results)
    classes = [float(content["classScores"][klass.name]) for klass in TRAIN_CLASSES]
    return ClassScores(float(content["averageScoreClasses"]), tuple(classes)), shims


def run_instance(
    samples: Sequence[SamplePaths],
    predictions: Path | None,
    python: Path | str = sys.executable,
    results: Path | None = None,
) -> tuple[ClassScores, tuple[str, ...]]:
    """Return the AP of ``csEvalInstanceLevelSemanticLabeling``, and the shims it needed.

    ``predictions`` holds one text file per image, beside the masks that it names.

    Raises:
        ScriptFailed: it did not score; why.
    """
    if predictions is None:
        raise ScriptFailed("there are no scores of the segments, which rank the detections.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        link_truth(samples, folder / "data")
        shims = _run("instance", folder, python, predictions=predictions)
        produced = folder / "data/evaluationResults/resultInstanceLevelSemanticLabeling.json"
        averages = _keep(produced, results)["averages"]
    if math.isnan(averages["allAp"]):
        raise ScriptFailed("these images hold no single things, so there is nothing to average.")
    per_class = [
        float(averages["classes"].get(klass.name, {"ap": math.nan})["ap"])
        for klass in TRAIN_CLASSES
    ]
    return ClassScores(float(averages["allAp"]), tuple(per_class)), shims


def scores_from_official(content: dict[str, Any]) -> PanopticScores:
    """Read the panoptic script's results: fractions, per class under the label id."""
    groups = {name.lower(): GroupQuality(**content[name]) for name in ("All", "Things", "Stuff")}
    rows = (content["per_class"][str(label_id)] for label_id in LABEL_IDS)
    # the script writes some zeros as whole numbers
    per_class = tuple(Quality(*(float(row[name]) for name in Quality._fields)) for row in rows)
    return PanopticScores(**groups, per_class=per_class)


def _run(
    kind: str,
    folder: Path,
    python: Path | str,
    arguments: Sequence[str] = (),
    predictions: Path | None = None,
) -> tuple[str, ...]:
    """Run one script in ``folder``, where it may leave what it likes; return its shims."""
    places = {
        "CITYSCAPES_DATASET": folder / "data",
        "CITYSCAPES_RESULTS": predictions or folder / "results",
        "CITYSCAPES_EXPORT_DIR": folder,
    }
    done = subprocess.run(
        [_program(python), str(START), kind, *arguments],
        cwd=folder,
        env=_environment(python) | {name: str(path.resolve()) for name, path in places.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    if done.returncode != 0:
        raise ScriptFailed(explain_failure(kind, output))
    shim = official_start.SHIM
    return tuple(line.removeprefix(shim) for line in output.splitlines() if line.startswith(shim))


def _program(python: Path | str) -> str:
    """Return where a program lies, seen from any folder; links stay, they make environments."""
    found = python if Path(python).is_file() else shutil.which(python)
    return str(python) if found is None else str(Path(found).absolute())


def _environment(python: Path | str) -> dict[str, str]:
    """Return the environment variables, without packages meant for this Python only."""
    own = Path(python) == Path(sys.executable)
    return {name: value for name, value in os.environ.items() if own or name != "PYTHONPATH"}


def explain_failure(kind: str, output: str) -> str:
    """Turn what a script printed before it stopped into one sentence."""
    if "ZeroDivisionError" in output:
        return (
            "the script cannot average over no class: these images hold no things, or no stuff, "
            "neither in truth nor in prediction. Evaluate more images."
        )
    if kind == "instance" and "IndexError" in output:
        return (
            "the script crashes when no object of a class is found and all detections of that "
            "class lie on void, groups or tiny objects, which it ignores. Evaluate more images."
        )
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no message")
    return f"the {_NAMES[kind]} script stopped with: {last.strip()}"


def _keep(produced: Path, results: Path | None) -> dict[str, Any]:
    """Read a script's results, and keep a copy in the folder ``results``."""
    try:
        content = read_json(produced)
    except InputError as error:
        raise ScriptFailed(f"the script ended without a result ({error})") from error
    if results is not None:
        write_json(results / produced.name, content)
    return content
