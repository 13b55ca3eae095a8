"""Lesson 11's ablation: how many images it takes to tell two networks apart by their PQ.

The worse network is the shipped one with a little noise on its weights. Both look at the same
images; then sets of n images are drawn again and again (the bootstrap), with replacement.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from axialkit.course.measuring import Map, pq_counts
from axialkit.data import minicity
from axialkit.data.cityscapes import panoptic_label
from axialkit.inference import segment
from axialkit.segment_scores import score_segments
from axialkit.weights.find import load_config
from axialkit.weights.hub import load_model

SIZES = (4, 8, 16, 32, 64)
IMAGES = 64  # of which the sets are drawn
NOISE = 0.1  # of a weight, relative to the spread of its tensor
DRAWS = 1000

Counts = Float[np.ndarray, "image klass 4"]


class Scored(NamedTuple):
    """One image, and what a network makes of it."""

    image: np.ndarray
    instance_ids: np.ndarray  # the truth, as Cityscapes writes it
    truth: Map  # panoptic labels, crowds with the number 0
    prediction: Map
    scores: dict[int, float]  # of the predicted things and stuff, by label


def shipped_network() -> nn.Module:
    """Return the network that the kit ships."""
    return load_model("tiny")


def with_noise(network: nn.Module, noise: float = NOISE) -> nn.Module:
    """Return a copy of a network with noise, always the same, on the weights of its layers."""
    generator = torch.Generator().manual_seed(0)
    worse = copy.deepcopy(network)
    with torch.no_grad():
        for weight in worse.parameters():
            if weight.ndim > 1:
                shift = torch.randn(weight.shape, generator=generator)
                weight.add_(noise * weight.std() * shift)
    return worse


def look(network: nn.Module, first: int, count: int) -> list[Scored]:
    """Let a network see ``count`` streets of MiniCity's val split, from number ``first`` on."""
    config = load_config("tiny")
    seen = []
    for index in range(first, first + count):
        street = minicity.scene(index)
        result = segment(network, street.image, config)
        truth = panoptic_label(street.instance_ids, keep_crowd=True)
        scores = {one.label: one.score for one in score_segments(result)}
        seen.append(Scored(street.image, street.instance_ids, truth, result.panoptic, scores))
    return seen


def counts_of(seen: list[Scored]) -> Counts:
    """Return sum of IoU, TP, FP, FN of each image."""
    return np.stack([pq_counts(one.truth, one.prediction) for one in seen])


def drawn_pq(counts: Counts, weights: Float[np.ndarray, "draw image"]) -> np.ndarray:
    """Return the PQ of each drawn set; ``weights`` say how often each image is in it."""
    iou, tp, fp, fn = np.moveaxis(np.tensordot(weights, counts, axes=1), -1, 0)
    size = tp + fp / 2 + fn / 2
    return np.nanmean(np.where(size > 0, iou / np.maximum(size, 0.5), np.nan), axis=1)


def draw_sets(images: int, size: int, seed: int) -> Float[np.ndarray, "draw image"]:
    """Draw sets of ``size`` images with replacement; return how often each image is in each."""
    share = np.full(images, 1 / images)
    return np.random.default_rng(seed).multinomial(size, share, DRAWS).astype(float)


class Standing(NamedTuple):
    """What sets of one size say about two networks."""

    low: float  # 95 % of the PQs of the better one lie between low and high
    high: float
    apart: float  # how often the better one wins, each network on a set of its own
    same: float  # ... and on the same set


def compare(better: Counts, worse: Counts, size: int, seed: int) -> Standing:
    """Draw sets of ``size`` images and let the two networks compete on them."""
    one, other = (draw_sets(len(better), size, 2 * seed + i) for i in (0, 1))
    pq = drawn_pq(better, one)
    low, high = np.quantile(pq, (0.025, 0.975)).tolist()
    apart = float((pq > drawn_pq(worse, other)).mean())
    same = float((pq > drawn_pq(worse, one)).mean())
    return Standing(low, high, apart, same)


def telling_apart(seed: int, images: int = IMAGES) -> dict[str, float]:
    """Compare the shipped network with its noisy copy; every seed sees other streets."""
    network = shipped_network()
    pair = (network, with_noise(network))
    better, worse = (counts_of(look(one, images * seed, images)) for one in pair)
    everything = np.ones((1, images))
    found = {
        "better": float(drawn_pq(better, everything)[0]),
        "worse": float(drawn_pq(worse, everything)[0]),
    }
    for size in SIZES:
        standing = compare(better, worse, size, seed)
        found |= {f"{name} {size}": value for name, value in standing._asdict().items()}
    return found
