"""Where the milliseconds of an answer go, and what a smaller picture saves and costs."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import nn

from axialkit.config import ExperimentConfig
from axialkit.course.quantising import quality
from axialkit.data.images import read_rgb
from axialkit.data.minicity import DrawnScene
from axialkit.inference import evaluating, fit_image, predict_images, restore_size, segment
from axialkit.postprocess import panoptic_from_prediction
from axialkit.visualize.colors import overlay
from axialkit.visualize.panoptic import named_overlay

Run = Callable[[], object]
SIZES = ((65, 129), (81, 161), (97, 193), (113, 225), (129, 257))  # of the crop: 16 k + 1
STAGES = ("decode", "resize", "network", "post-process", "draw")


class Point(NamedTuple):
    """One setting of a network: what an answer costs, and what it is worth."""

    name: str
    milliseconds: float
    pq: float  # 0..1


def cpu_milliseconds(runs: Mapping[str, Run], repeats: int) -> dict[str, float]:
    """Return the median CPU time of each run; all take turns, after one round to warm up.

    On one thread that is the time a visitor waits on a machine with nothing else to do.
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            if turn:
                found[name].append(1000 * (time.process_time() - begin))
    return {name: median(values) for name, values in found.items()}


def stages(
    path: Path, model: nn.Module, config: ExperimentConfig, *, plain: bool = False
) -> dict[str, Run]:
    """Return the stages of an answer to the picture in a file, each ready to be timed alone.

    ``plain`` draws colors and borders only; else the names of the segments are written, too, on a
    picture that is enlarged to 1024 pixels.
    """
    image, crop = read_rgb(path), config.data.crop_size
    (heads,) = predict_images(model, [image], config)
    found = panoptic_from_prediction(heads, config.postprocess)
    result = restore_size(found, image.shape[:2], config)
    batch = fit_image(image, crop)[None]

    def network() -> None:
        with evaluating(model):
            model(batch)

    def post_process() -> None:
        answer = panoptic_from_prediction(heads, config.postprocess)
        restore_size(answer, image.shape[:2], config)

    draw = overlay if plain else named_overlay
    runs: tuple[Run, ...] = (
        lambda: read_rgb(path),
        lambda: fit_image(image, crop),
        network,
        post_process,
        lambda: draw(image, result.panoptic),
    )
    return dict(zip(STAGES, runs, strict=True))


def frontier(
    networks: Mapping[str, nn.Module],
    config: ExperimentConfig,
    scenes: Sequence[DrawnScene],
    repeats: int,
) -> list[Point]:
    """Run every network at every one of SIZES: CPU time per street, and PQ on all of them."""
    settings = {
        f"{name}, {size[0]} × {size[1]}": (
            network,
            replace(config, data=replace(config.data, crop_size=size)),
        )
        for name, network in networks.items()
        for size in SIZES
    }
    image = scenes[0].image
    runs: dict[str, Run] = {
        name: lambda setting=setting: segment(setting[0], image, setting[1])  # type: ignore[misc]
        for name, setting in settings.items()
    }
    cost = cpu_milliseconds(runs, repeats)
    return [
        Point(name, cost[name], quality(network, changed, list(scenes)))
        for name, (network, changed) in settings.items()
    ]


def best_points(points: Sequence[Point]) -> list[Point]:
    """Keep the points that no other beats in both time and quality, fastest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda each: (each.milliseconds, -each.pq)):
        if not kept or point.pq > kept[-1].pq:
            kept.append(point)
    return kept


def largest_difference(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """Return how far two answers lie apart, as a share of the largest number of each head."""
    return max(
        float((one[name] - other[name]).abs().max() / other[name].abs().max()) for name in one
    )
