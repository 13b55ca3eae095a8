"""Panoptic quality of Cityscapes-sized images: axialkit beside the official script, in one run."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from axialkit.data.cityscapes import (
    SamplePaths,
    list_samples,
    panoptic_label,
    read_instance_ids,
)
from axialkit.data.panoptic_files import panoptic_json, write_panoptic, write_png
from axialkit.data.parallel import map_parallel
from axialkit.evaluation.folder import FolderPredictions
from axialkit.evaluation.official_files import write_prediction, write_prediction_json
from axialkit.evaluation.panoptic_quality import PanopticQuality, segment_overlap

SIZE = (1024, 2048)
_STUFF = (7, 8, 11, 12, 21, 22, 23)  # label ids
_THINGS = (24, 25, 26, 27, 28, 31, 32, 33)

# the official rule on one process, timed inside, so that imports do not count
_OFFICIAL = """
import contextlib, io, json, sys, time
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as script
truth, prediction = (json.load(open(path)) for path in sys.argv[1:3])
categories = {one["id"]: one for one in truth["categories"]}
found = {one["image_id"]: one for one in prediction["annotations"]}
pairs = [(one, found[one["image_id"]]) for one in truth["annotations"]]
folders = [path[: -len(".json")] for path in sys.argv[1:3]]
with contextlib.redirect_stdout(io.StringIO()):
    began = time.process_time()
    counts = script.pq_compute_single_core(0, pairs, *folders, categories)
    seconds = time.process_time() - began
    results = script.average_pq(counts, categories)
print(json.dumps([seconds, results["All"]["pq"]]))
"""

_HOTCOCO = """
import json, sys, time
from hotcoco import panoptic
def numbered(path):
    content = json.load(open(path))
    for index, one in enumerate(content["annotations"]):
        one["image_id"] = index
    names = [one["file_name"] for one in content["annotations"]]
    content["images"] = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    json.dump(content, open(path + ".numbered", "w"))
    return path + ".numbered"
paths, folders = [numbered(p) for p in sys.argv[1:3]], [p[: -len(".json")] for p in sys.argv[1:3]]
began = time.process_time()
result = panoptic.pq_compute(*paths, *folders)
print(json.dumps([time.process_time() - began, result["All"]["pq"]]))
"""


def bench_evaluate(images: int = 60, repeats: int = 3) -> dict[str, Any]:
    """Time PQ on pairs of 1024x2048 with some 50 segments, CPU seconds per pair.

    From arrays in memory; from PNG files with one process and with two (wall seconds); by the
    official script on one process; and by hotcoco, where that is installed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        predictions = _draw(root, images)
        samples = list_samples(root, "val")
        truth, found = panoptic_json(root, "val"), root / "found/cityscapes_panoptic_val.json"
        arrays = [_pair(sample, predictions) for sample in samples[: min(images, 8)]]
        result: dict[str, Any] = {
            "images": images,
            "arrays_cpu_seconds": _cpu(lambda: _score(arrays), repeats) / len(arrays),
            **_files(samples, predictions, repeats),
            "pq": _from_files(samples, predictions, 1).scores().all.pq,
        }
        for name, script in (("official", _OFFICIAL), ("hotcoco", _HOTCOCO)):
            module = "cityscapesscripts" if name == "official" else name
            if find_spec(module) is None:
                result[name] = None
                continue
            runs = [_outside(script, truth, found) for _ in range(repeats)]
            seconds = statistics.median(run[0] for run in runs) / images
            result[name] = {"cpu_seconds": seconds, "pq": runs[0][1]}
        return result


def _files(
    samples: Sequence[SamplePaths], predictions: FolderPredictions, repeats: int
) -> dict[str, float]:
    """Time scoring from files: CPU seconds of one process, wall seconds of one and of two."""
    walls = {}
    for workers in (1, 2):
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            _from_files(samples, predictions, workers)
            times.append(time.perf_counter() - began)
        walls[workers] = min(times)
    cpu = _cpu(lambda: _from_files(samples, predictions, 1), repeats) / len(samples)
    return {
        "files_cpu_seconds": cpu,
        "files_wall_seconds": walls[1] / len(samples),
        "two_processes_wall_seconds": walls[2] / len(samples),
        "two_processes_speedup": walls[1] / walls[2],
    }


def _from_files(
    samples: Sequence[SamplePaths], predictions: FolderPredictions, workers: int
) -> PanopticQuality:
    counts = map_parallel(partial(_counts, predictions), samples, workers=workers, least=2)
    quality = PanopticQuality()
    for one in counts:
        quality.merge(one)
    return quality


def _counts(predictions: FolderPredictions, sample: SamplePaths) -> PanopticQuality:
    return _score([_pair(sample, predictions)])


def _pair(
    sample: SamplePaths, predictions: FolderPredictions
) -> tuple[Int[np.ndarray, "height width"], Int[np.ndarray, "height width"]]:
    ids = read_instance_ids(sample.instance_ids)
    return predictions.answer(sample, ids, oracle=False).panoptic, ids


def _score(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> PanopticQuality:
    quality = PanopticQuality()
    for panoptic, ids in pairs:
        quality.add(segment_overlap(panoptic, ids))
    return quality


def _cpu(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(1 + repeats):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return statistics.median(times[1:])


def _outside(script: str, truth: Path, found: Path) -> tuple[float, float]:
    """Run a script on the two JSON files in a process of its own; return its two numbers."""
    words = [sys.executable, "-c", script, str(truth), str(found)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, quality = json.loads(done.stdout.splitlines()[-1])
    return seconds, quality


def _draw(root: Path, images: int) -> FolderPredictions:
    """Write drawn ground truth, and a prediction that is the truth, shifted and partly wrong."""
    annotations = map_parallel(partial(_draw_pair, root), range(images), least=2)
    write_prediction_json(root / "found", "val", annotations)
    write_panoptic(root, "val", workers=None)
    return FolderPredictions(root / "found")


def _draw_pair(root: Path, number: int) -> dict[str, Any]:
    """Draw one pair; return the prediction's entry for its JSON."""
    name = f"drawn_{number:06d}_000019"
    ids = _labels(np.random.default_rng(number))
    folder = root / "gtFine/val/drawn"
    write_png(folder / f"{name}_gtFine_instanceIds.png", ids.astype(np.uint16))
    write_png(root / f"leftImg8bit/val/drawn/{name}_leftImg8bit.png", np.zeros((1, 1), "u1"))
    panoptic = panoptic_label(np.roll(ids, (2, 5), (0, 1)))
    for label in np.unique(panoptic)[::7]:
        panoptic[panoptic == label] = 13_900 + number % 90
    return write_prediction(root / "found", "val", name, panoptic)


def _labels(generator: np.random.Generator) -> Int[np.ndarray, "height width"]:
    """Draw bands of stuff with round things before them, their borders rough as real ones."""
    height, width = SIZE
    x = np.arange(width)
    ids = np.full(SIZE, _STUFF[-1], np.int32)
    for band, label_id in enumerate(_STUFF):
        top = height * band / len(_STUFF) + 25 * np.sin(x / generator.uniform(15, 60))
        ids[np.arange(height)[:, None] >= top + generator.integers(0, 4, width)] = label_id
    yy, xx = np.ogrid[:height, :width]
    for number in range(int(generator.integers(20, 45))):
        y, x0 = generator.integers(0, height), generator.integers(0, width)
        a, b = generator.integers(8, 90, 2)
        inside = ((yy - y) / a) ** 2 + ((xx - x0) / b) ** 2 < 1
        ids[inside] = _THINGS[number % len(_THINGS)] * 1000 + number
    return ids
