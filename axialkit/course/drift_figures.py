"""Lesson 10's figures of batch statistics: what a part of a batch sees, and where weights go."""

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from axialkit.course.palette import BLACK, BLUE, ORANGE, VERMILION
from axialkit.training import small_task

_MARKS = ("o", "s")


def first_maps(images: int = 8, seed: int = 0) -> Float[Tensor, "image channel"]:
    """Return what the stem of the fresh network says of each street, averaged over its pixels."""
    net = small_task.network(seed)
    maps: list[Tensor] = []
    convolution = next(m for m in net.modules() if isinstance(m, torch.nn.Conv2d))
    handle = convolution.register_forward_hook(lambda _, given, out: maps.append(out))
    with torch.no_grad():
        net(small_task.streets(range(images)).image)
    handle.remove()
    return maps[0].mean(dim=(2, 3))


def draw_statistics(values: Float[Tensor, " image"]) -> Figure:
    """Show one channel's mean per image, and the means that two processes and one would take."""
    numbers = values.numpy()
    figure = Figure(figsize=(11, 3.0), layout="constrained")
    axes = figure.subplots()
    parts = (numbers[0::2], numbers[1::2])
    for rank, (part, color) in enumerate(zip(parts, (BLUE, ORANGE), strict=True)):
        places = np.arange(rank, len(numbers), 2)
        label = f"images of process {rank}, and their mean"
        axes.plot(places, part, _MARKS[rank], color=color, ms=9, label=label)
        axes.axhline(part.mean(), color=color, ls=("--", "-.")[rank], lw=2)
    axes.axhline(numbers.mean(), color=BLACK, lw=2.4, label="mean of the whole batch")
    axes.set(xlabel="image", ylabel="mean over its pixels", xticks=range(len(numbers)))
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return figure


def describe_statistics(values: Float[Tensor, " image"]) -> str:
    """Say the three means."""
    zero, one, both = values[0::2].mean(), values[1::2].mean(), values.mean()
    return (
        f"Points, one per image: the images of process 0 have the mean {zero:.3f}, those of "
        f"process 1 {one:.3f}, all together {both:.3f}, drawn as lines."
    )


def draw_drift(ways: dict[str, list[float]]) -> Figure:
    """Show how far the weights stray from those of one process, step by step."""
    figure = Figure(figsize=(11, 4.0), layout="constrained")
    axes = figure.subplots()
    styles = ((VERMILION, "^-", 0), (BLUE, "o-", 10), (BLACK, "s--", -10))
    for (name, values), (color, style, shift) in zip(ways.items(), styles, strict=True):
        steps = np.arange(1, len(values) + 1)
        axes.semilogy(steps, np.maximum(values, 1e-17), style, color=color, lw=2.2, ms=8)
        axes.annotate(
            name, (steps[-1], max(values[-1], 1e-17)), (12, shift), textcoords="offset points",
            color=color, va="center", weight="bold",
        )  # fmt: skip
    axes.set(xlabel="step", ylabel="apart, as a share of the way", xlim=(0.8, len(steps) + 2.0))
    axes.set(xticks=steps, ylim=(1e-17, 30))
    return figure
