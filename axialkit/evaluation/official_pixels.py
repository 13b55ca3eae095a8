"""The official mIoU: cityscapesscripts' pixel-level evaluator, unmodified, in a process of its own.

The script always scores the whole val split. It calls a function that NumPy 2.4 has dropped, so
the process gives NumPy that function back before the script starts.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Integer
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS
from axialkit.errors import InputError
from axialkit.files import atomic_path, read_json

SPLIT = "val"
_SCRIPT = "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling"
_RESULT = "resultPixelLevelSemanticLabeling.json"
_START = f"""
import runpy, numpy
if not hasattr(numpy, "in1d"):
    numpy.in1d = lambda values, *rest, **options: numpy.isin(numpy.ravel(values), *rest, **options)
runpy.run_module("{_SCRIPT}", run_name="__main__")
"""


def write_label_ids(folder: Path, name: str, semantic: Integer[np.ndarray, "height width"]) -> None:
    """Write train ids as the 8-bit label ids that the script reads, ``folder/name.png``."""
    with atomic_path(folder / f"{name}.png") as temporary:
        Image.fromarray(LABEL_IDS[semantic]).save(temporary, compress_level=1)


def run_official_pixel_script(root: Path | str, predictions: Path | str) -> float:
    """Return the official mIoU, 0..1, of label id pictures of all images of ``root``'s val split.

    Raises:
        InputError: the script stops, for instance because an image has no prediction.
    """
    with tempfile.TemporaryDirectory() as scratch:
        places = {
            "CITYSCAPES_DATASET": str(Path(root).resolve()),
            "CITYSCAPES_RESULTS": str(Path(predictions).resolve()),
            "CITYSCAPES_EXPORT_DIR": scratch,
        }
        done = subprocess.run(
            [sys.executable, "-c", _START],
            cwd=scratch,
            env=os.environ | places,
            capture_output=True,
            text=True,
        )
        result = Path(scratch) / _RESULT
        if done.returncode != 0 or not result.is_file():
            lines = (done.stdout + done.stderr).strip().splitlines() or ["no message"]
            raise InputError(f"The official pixel-level script stopped with: {lines[-1]}")
        return float(read_json(result)["averageScoreClasses"])
