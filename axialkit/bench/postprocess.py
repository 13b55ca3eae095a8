"""Post-processing of one Cityscapes-sized answer: time and memory, beside the textbook way."""

import math
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from axialkit.bench.memory import Peak, measure_peak, peak_in_fresh_process
from axialkit.config import PostprocessConfig
from axialkit.postprocess import FIRST_THING, panoptic_from_prediction
from axialkit.structures import Prediction

SIZE = (1025, 2049)  # Cityscapes' crop
THING_SHARE = 0.16  # of the pixels


class Cost(NamedTuple):
    """Of one image."""

    cpu_seconds: float  # of all threads
    wall_seconds: float
    peak_extra_mb: float  # above the inputs


def bench_postprocess(
    centers: int = 100,
    size: tuple[int, int] = SIZE,
    repeats: int = 5,
    *,
    textbook: bool = False,
) -> dict[str, Any]:
    """Measure post-processing of a drawn answer; medians, the memory in a fresh process.

    ``textbook`` adds the direct way, as the reference does it: the distances of all pixels to all
    centers at once, and a full window for the maxima.
    """
    arguments: dict[str, Any] = {"centers": centers, "size": list(size)}
    runs: dict[str, str] = {"axialkit": "ours"} | ({"textbook": "textbook"} if textbook else {})
    costs = {}
    for name, way in runs.items():
        run = _prepared(**arguments, way=way)
        times = [_time(run) for _ in range(1 + repeats)][1:]
        cpu, wall = (statistics.median(column) for column in zip(*times, strict=True))
        peak = peak_in_fresh_process("axialkit.bench.postprocess", arguments | {"way": way})
        costs[name] = Cost(cpu, wall, peak.extra_mb)._asdict()
    found = panoptic_from_prediction(drawn_prediction(centers, size), PostprocessConfig())
    return {
        **costs["axialkit"],
        "centers": len(found.centers),
        "thing_share": float((found.instance > 0).mean()),
        "segments": len(np.unique(found.panoptic)) - int(found.is_void.any()),
        "size": list(size),
        **({"textbook": costs["textbook"]} if textbook else {}),
    }


def measure(centers: int, size: list[int], way: str) -> Peak:
    """Measure the memory of one run, in a process of its own."""
    return measure_peak(_prepared(centers, size, way), torch.device("cpu"))


def drawn_prediction(centers: int, size: tuple[int, int] = SIZE) -> Prediction:
    """Return an answer with that many things of all classes before a building, offsets noisy."""
    generator = np.random.default_rng(0)
    height, width = size
    logits = generator.standard_normal((19, height, width), np.float32)
    logits[2] += 8
    heat, offset = np.zeros(size, np.float32), np.zeros((2, height, width), np.float32)
    columns = math.ceil(math.sqrt(centers * width / height))
    rows = math.ceil(centers / columns)
    half = max(1, round(math.sqrt(THING_SHARE * height * width / centers) / 2))
    for number in range(centers):
        row, column = divmod(number, columns)
        y, x = int((row + 0.5) * height / rows), int((column + 0.5) * width / columns)
        heat[y, x] = 0.3 + 0.6 * generator.random()
        box = (slice(max(y - half, 0), y + half), slice(max(x - half, 0), x + half))
        logits[FIRST_THING + number % 8][box] += 16
        here = np.ogrid[box]
        offset[0][box], offset[1][box] = y - here[0], x - here[1]
    offset += generator.standard_normal(offset.shape, np.float32) * 3
    return Prediction(*(torch.from_numpy(a)[None] for a in (logits, heat[None], offset)))


def textbook_panoptic(prediction: Prediction, config: PostprocessConfig) -> Tensor:
    """Find classes, centers and instances as they are written down; return panoptic labels.

    Numbers follow the order of the centers, so the labels agree with ours up to the numbering.
    """
    semantic = prediction.semantic[0].softmax(0).argmax(0)
    heat = torch.where(prediction.center > config.center_threshold, prediction.center, 0.0)
    window = config.nms_kernel
    highest = F.max_pool2d(heat, window, stride=1, padding=window // 2)
    centers = torch.nonzero((heat == highest)[0, 0] & (heat[0, 0] > 0))
    grid = torch.stack(torch.meshgrid(*map(torch.arange, semantic.shape), indexing="ij"), -1)
    target = grid + prediction.offset[0].permute(1, 2, 0)
    difference = centers[:, None] - target.reshape(1, -1, 2)
    nearest = difference.square().sum(-1).sqrt().argmin(0).reshape(semantic.shape)
    thing = semantic >= FIRST_THING
    panoptic = torch.where(thing, -1, semantic * 1000)
    for klass in range(FIRST_THING):
        if int((semantic == klass).sum()) < config.stuff_area_limit:
            panoptic[semantic == klass] = 255_000
    for index in range(len(centers)):
        mask = thing & (nearest == index)
        if mask.any():
            panoptic[mask] = int(semantic[mask].mode().values) * 1000 + 1 + index
    return panoptic


def _prepared(centers: int, size: Any, way: str) -> Callable[[], object]:  # noqa: ANN401
    prediction, config = drawn_prediction(centers, tuple(size)), PostprocessConfig()
    function = panoptic_from_prediction if way == "ours" else textbook_panoptic
    return lambda: function(prediction, config)


def _time(run: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall
