"""The official score: files in the official form, and the unmodified official script on them.

Predictions are written as cityscapesscripts wants them (``csEvalPanopticSemanticLabeling``)::

    FOLDER/cityscapes_panoptic_{split}.json       segments of each image
    FOLDER/cityscapes_panoptic_{split}/{name}.png segment ids as colors, R + 256 G + 65536 B

The script runs in a process of its own, so it sees no code of ours. It needs the package
cityscapesscripts (``pip install -e ".[data]"``), and nothing else here does.
"""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, Integer, UInt8
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS
from axialkit.errors import InputError
from axialkit.evaluation.panoptic_quality import GroupQuality, PanopticScores, Quality
from axialkit.files import atomic_path, read_json, write_json
from axialkit.structures import LABEL_DIVISOR, VOID

SCRIPT = "cityscapesscripts.evaluation.evalPanopticSemanticLabeling"


class PanopticWriter:
    """Writes one split's predictions; the JSON, which makes them valid, comes last.

    >>> writer = PanopticWriter("out", "val")
    >>> writer.add("frankfurt_000000_000294", result.panoptic)
    >>> writer.finish()
    """

    def __init__(self, folder: Path | str, split: str) -> None:
        self.json_path = Path(folder) / f"cityscapes_panoptic_{split}.json"
        self.images = self.json_path.with_suffix("")
        self.annotations: list[dict[str, Any]] = []
        if self.json_path.exists():  # a run that breaks off must not look complete
            self.json_path.unlink()

    def add(self, name: str, panoptic: Integer[np.ndarray, "height width"]) -> None:
        """Write one image's panoptic labels; ``name`` is ``{city}_{seq}_{frame}``."""
        ids = official_ids(panoptic)
        with atomic_path(self.images / f"{name}.png") as temporary:
            Image.fromarray(id_colors(ids)).save(temporary, compress_level=1)
        segments = [
            {"id": int(value), "category_id": int(value if value < 1000 else value // 1000)}
            for value in np.unique(ids)
            if value != 0
        ]
        self.annotations.append(
            {"image_id": name, "file_name": f"{name}.png", "segments_info": segments}
        )

    def finish(self) -> Path:
        """Write the JSON file and return its path."""
        write_json(self.json_path, {"annotations": self.annotations}, indent=None)
        return self.json_path


def official_ids(
    panoptic: Integer[np.ndarray, "height width"],
) -> Int[np.ndarray, "height width"]:
    """Turn train_id * 1000 + instance into label id (* 1000 + instance for things); 0 = void.

    The same segment always gets the same id, unlike with panopticapi's random colors.
    """
    present = np.unique(panoptic)
    klass, number = np.divmod(present[present != VOID], LABEL_DIVISOR)
    label_id = LABEL_IDS[klass].astype(np.int64)
    code = np.zeros(len(present), np.int64)
    code[present != VOID] = np.where(number > 0, label_id * LABEL_DIVISOR + number, label_id)
    return code[np.searchsorted(present, panoptic)]


def id_colors(
    ids: Int[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "height width 3"]:
    """Spell segment ids as colors: id = R + 256 G + 65536 B."""
    return np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)


def is_script_installed() -> bool:
    """Return whether cityscapesscripts, which holds the official script, can be imported."""
    return importlib.util.find_spec("cityscapesscripts") is not None


def run_official_script(
    truth_json: Path | str,
    prediction_json: Path | str,
    results: Path | str | None = None,
    names: Collection[str] | None = None,
) -> PanopticScores:
    """Score predictions with the unmodified official script; PNGs lie beside the JSON files.

    ``results`` is where the script's own JSON is kept (nowhere by default). ``names`` are the
    images to score: all of the truth by default.

    Raises:
        InputError: cityscapesscripts is not installed, a file is missing, or the script stops.
    """
    if not is_script_installed():
        raise InputError(
            "The official score needs the package cityscapesscripts, which is not installed. "
            'Install it with: pip install -e ".[data]"'
        )
    for path in (truth_json, prediction_json):
        if not Path(path).is_file():
            raise InputError(f"There is no file {path} for the official script to read.")
    with tempfile.TemporaryDirectory() as scratch:
        chosen = truth_json if names is None else _choose(Path(truth_json), names, Path(scratch))
        scores = Path(scratch) / "scores.json"
        files = {
            "--gt-json-file": chosen,
            "--gt-folder": Path(truth_json).with_suffix(""),
            "--prediction-json-file": prediction_json,
            "--results_file": scores,
        }
        _run([str(part) for flag, path in files.items() for part in (flag, Path(path).resolve())])
        content = read_json(scores)
    if results is not None:
        write_json(results, content)
    return scores_from_official(content)


def _choose(truth_json: Path, names: Collection[str], scratch: Path) -> Path:
    """Write a truth JSON that holds only the images of those names."""
    content = read_json(truth_json)
    known = {annotation["image_id"]: annotation for annotation in content["annotations"]}
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(
            f"{truth_json} lacks the image {missing[0]}: it is older than the labels. Delete it, "
            "and it will be made again."
        )
    chosen = scratch / "truth.json"
    write_json(chosen, content | {"annotations": [known[name] for name in names]}, indent=None)
    return chosen


def _run(arguments: list[str]) -> None:
    """Run the script away from the user's folder: it may leave files where it runs."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [sys.executable, "-m", SCRIPT, *arguments], cwd=scratch, capture_output=True, text=True
        )
    if done.returncode != 0:
        raise InputError(_explain_failure(done.stdout + done.stderr))


def scores_from_official(content: dict[str, Any]) -> PanopticScores:
    """Read the official script's results: fractions, per class under the label id."""
    groups = {name.lower(): GroupQuality(**content[name]) for name in ("All", "Things", "Stuff")}
    per_class = tuple(Quality(**content["per_class"][str(label_id)]) for label_id in LABEL_IDS)
    return PanopticScores(**groups, per_class=per_class)


def _explain_failure(output: str) -> str:
    last_line = next((line for line in reversed(output.splitlines()) if line.strip()), "no message")
    if "ZeroDivisionError" in output:
        return (
            "The official script cannot average over no class: these images hold no things, or no "
            "stuff, neither in truth nor in prediction. Evaluate more images."
        )
    return (
        f"The official script stopped with: {last_line.strip()} If the ground truth has changed, "
        "delete gtFine/cityscapes_panoptic_* and evaluate again."
    )
