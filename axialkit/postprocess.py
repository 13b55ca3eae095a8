"""From the network's three answers to one panoptic map, in numpy, step by step.

The rules are those of deeplab2's python merge, which the released Axial-DeepLab configurations
use, down to its ties: 1. a class per pixel, 2. centers = peaks of the heat map, 3. each thing
pixel votes for the center nearest to where its offset points, 4. each instance takes the class of
its majority, and stuff classes that are too small become void.

One deliberate difference: with more than ``keep_k`` peaks we keep the ``keep_k`` highest. The
reference thresholds at one element of an unsorted top-k, so how many survive there depends on the
machine.

deeplab2 also has a compiled merge, whose rules differ in two points (``merge="compiled"`` in the
configuration): a stuff class needs more pixels than the limit, and without any center all thing
pixels together become one instance. How that one numbers the instances of a class is not defined;
here it is as in the python merge.

Only the classes are found where the network computes; the rest is done on the CPU, whose numpy
sees a CPU tensor without a copy. Scratch memory is bounded: pixels are worked on in blocks.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Integer, UInt8
from torch import Tensor

from axialkit.config import MergeRules, PostprocessConfig
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult, Prediction

FIRST_THING, NUM_CLASSES = 11, 19  # Cityscapes train ids: stuff 0..10, things 11..18
_BLOCK = 8192  # pixels per pass of the grouping: its scratch arrays stay in the cache
_ROWS = 16  # rows per pass of the classes, for the same reason


def panoptic_from_batch(prediction: Prediction, config: PostprocessConfig) -> list[PanopticResult]:
    """Run all steps on every image of a batch, on whatever device the prediction lies."""
    return [
        panoptic_from_prediction(Prediction(*(head[i : i + 1] for head in prediction)), config)
        for i in range(len(prediction.semantic))
    ]


def panoptic_from_prediction(prediction: Prediction, config: PostprocessConfig) -> PanopticResult:
    """Run all steps on the prediction for one image, at the prediction's size.

    Raises:
        InputError: the prediction holds a batch of several images (``panoptic_from_batch``).
    """
    if len(prediction.semantic) != 1:
        raise InputError(
            "Post-processing takes the prediction of one image, got a batch of "
            f"{len(prediction.semantic)}. Use panoptic_from_batch, which returns a list."
        )
    logits = prediction.semantic[0].detach()
    semantic, confidence = classify(logits)
    heat = prediction.center[0, 0].detach().float().cpu().numpy()
    offset = prediction.offset[0].detach().float().cpu().numpy()

    peaks = suppress_neighbors(heat, config.center_threshold, config.nms_kernel)
    centers, center_scores = find_centers(peaks, config.keep_k)
    instance = group_pixels(centers, offset, is_thing(semantic))
    panoptic = merge(semantic, instance, config.stuff_area_limit, config.merge)
    return PanopticResult(
        panoptic=panoptic,
        semantic=semantic,
        instance=instance,
        centers=centers,
        center_scores=center_scores,
        confidence=confidence,
        segment_probability=segment_probability(panoptic, semantic, confidence, logits),
    )


def classify(
    logits: Float[Tensor, "klass height width"],
) -> tuple[UInt8[np.ndarray, "height width"], Float32[np.ndarray, "height width"]]:
    """Return the most probable class of each pixel, the first of equals, and its probability.

    Of the probabilities, not of the logits: rounding can make the former equal.
    """
    size = logits.shape[1:]
    semantic = torch.empty(size, dtype=torch.uint8, device=logits.device)
    confidence = torch.empty(size, device=logits.device)
    for start in range(0, size[0], _ROWS):
        rows = slice(start, start + _ROWS)
        confidence[rows], semantic[rows] = logits[:, rows].float().softmax(dim=0).max(dim=0)
    return semantic.cpu().numpy(), confidence.cpu().numpy()


def is_thing(semantic: Integer[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    """Return where a train id is a countable class."""
    return (semantic >= FIRST_THING) & (semantic < NUM_CLASSES)


def suppress_neighbors(
    heat: Float32[np.ndarray, "height width"], threshold: float, kernel: int
) -> Float32[np.ndarray, "height width"]:
    """Zero the heat map everywhere but at its peaks.

    A peak is strictly above ``threshold`` and as high as the maximum of the ``kernel`` x
    ``kernel`` window around it (equal peaks all survive). An even window reaches one pixel
    further down and right.
    """
    heat = np.where(heat > np.float32(threshold), heat, np.float32(0))
    before = (kernel - 1) // 2
    padded = np.pad(heat, (before, kernel - 1 - before))
    window_max = _sliding_max(_sliding_max(padded, kernel).T, kernel).T
    return np.where(heat == window_max, heat, np.float32(0))


def find_centers(
    peaks: Float32[np.ndarray, "height width"], keep_k: int
) -> tuple[Int[np.ndarray, "n_centers 2"], Float32[np.ndarray, " n_centers"]]:
    """List the peaks' points (y, x) and heats in raster order, at most the ``keep_k`` highest.

    Of equal peaks the earlier ones stay; ``keep_k`` 0 keeps all.
    """
    points = np.argwhere(peaks > 0)
    scores = peaks[peaks > 0]
    if 0 < keep_k < len(points):
        highest = np.sort(np.argsort(-scores, kind="stable")[:keep_k])
        points, scores = points[highest], scores[highest]
    return points, scores


def group_pixels(
    centers: Integer[np.ndarray, "n_centers 2"],
    offset: Float32[np.ndarray, "2 height width"],
    thing: Bool[np.ndarray, "height width"],
) -> Int[np.ndarray, "height width"]:
    """Give each thing pixel the number (index + 1) of the center nearest to pixel + offset.

    Other pixels get 0, and so do all pixels if there is no center.
    """
    instance = np.zeros(thing.shape, np.int32)
    if len(centers) == 0:
        return instance
    y, x = np.nonzero(thing)
    target_y = y.astype(np.float32) + offset[0][thing]
    target_x = x.astype(np.float32) + offset[1][thing]
    nearest = np.empty(len(y), np.int32)
    for start in range(0, len(y), _BLOCK):
        block = slice(start, start + _BLOCK)
        nearest[block] = _nearest_center(centers, target_y[block], target_x[block])
    instance[thing] = nearest + 1
    return instance


def merge(
    semantic: Integer[np.ndarray, "height width"],
    instance: Integer[np.ndarray, "height width"],
    stuff_area_limit: int,
    rules: MergeRules = "python",
) -> Int[np.ndarray, "height width"]:
    """Combine classes and instances into panoptic labels; what belongs to neither is void.

    Instances are numbered 1, 2, 3... per class as a raster scan meets them. A stuff class stays
    if it has at least ``stuff_area_limit`` pixels (rules "compiled": more; all if it is 0).
    """
    areas = np.bincount(semantic.ravel(), minlength=NUM_CLASSES)
    smallest = stuff_area_limit + (rules == "compiled" and stuff_area_limit > 0)
    stuff_labels = np.full(len(areas), VOID, np.int32)
    kept = np.flatnonzero(areas[:FIRST_THING] >= smallest)
    stuff_labels[kept] = kept * LABEL_DIVISOR
    panoptic = stuff_labels[semantic]

    inside = instance > 0
    if rules == "compiled" and not inside.any():
        inside = is_thing(semantic)
        instance = inside.astype(np.int32)
    members = instance[inside]
    if len(members):
        panoptic[inside] = _instance_labels(members, semantic[inside])[members]
    return panoptic


def segment_probability(
    panoptic: Integer[np.ndarray, "height width"],
    semantic: Integer[np.ndarray, "height width"],
    confidence: Float32[np.ndarray, "height width"],
    logits: Float[Tensor, "klass height width"],
) -> Float32[np.ndarray, "height width"]:
    """Return the probability of the class that each pixel's segment has; 0 on void.

    That is the confidence, but where an instance's majority has overruled the pixel.
    """
    klass = panoptic // LABEL_DIVISOR
    probability = np.where(panoptic == VOID, np.float32(0), confidence)
    y, x = np.nonzero((panoptic != VOID) & (klass != semantic))
    for start in range(0, len(y), _BLOCK):
        at = y[start : start + _BLOCK], x[start : start + _BLOCK]
        columns = logits[:, torch.from_numpy(at[0]), torch.from_numpy(at[1])].float().softmax(dim=0)
        voted = torch.from_numpy(klass[at]).long().to(columns.device)
        probability[at] = columns.gather(0, voted[None])[0].cpu().numpy()
    return probability


def first_places(numbers: Integer[np.ndarray, " pixel"], count: int) -> Int[np.ndarray, " number"]:
    """Return where each number 0..count-1 occurs first; the length if nowhere."""
    first = np.full(count, len(numbers))
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]  # the last write is the first pixel
    return first


def _sliding_max(
    values: Float32[np.ndarray, "length other"], window: int
) -> Float32[np.ndarray, "shorter other"]:
    """Return the maximum of each ``window`` consecutive rows, doubling the reach per pass."""
    reach = 1
    while reach < window:
        step = min(reach, window - reach)
        values = np.maximum(values[:-step], values[step:])
        reach += step
    return values


def _nearest_center(
    centers: Integer[np.ndarray, "n_centers 2"],
    target_y: Float32[np.ndarray, " pixel"],
    target_x: Float32[np.ndarray, " pixel"],
) -> Int[np.ndarray, " pixel"]:
    """Return the index of the nearest center, the first of equals.

    In float32 and with the root, as the reference: rounding makes some unequal squares equal
    after the root, and then the first center wins.
    """
    best = np.zeros(len(target_y), np.int32)
    best_distance = np.full(len(target_y), np.inf, np.float32)
    for index, (center_y, center_x) in enumerate(centers.astype(np.float32)):
        distance = np.square(target_y - center_y)
        distance += np.square(target_x - center_x)
        np.sqrt(distance, out=distance)
        nearer = distance < best_distance
        np.copyto(best, index, where=nearer)
        np.copyto(best_distance, distance, where=nearer)
    return best


def _instance_labels(
    members: Integer[np.ndarray, " pixel"], classes: Integer[np.ndarray, " pixel"]
) -> Int[np.ndarray, " instance"]:
    """Return the panoptic label of each instance number; pixels come in raster order."""
    count = int(members.max()) + 1
    ballot = members.astype(np.int64) * NUM_CLASSES + classes
    votes = np.bincount(ballot, minlength=count * NUM_CLASSES).reshape(count, NUM_CLASSES)
    winner = votes.argmax(axis=1)  # the first of equals is the smallest class

    order = np.argsort(first_places(members, count))[: np.count_nonzero(votes.any(axis=1))]

    labels = np.full(count, VOID, np.int32)
    for klass in np.unique(winner[order]):
        same_class = order[winner[order] == klass]
        labels[same_class] = klass * LABEL_DIVISOR + np.arange(1, len(same_class) + 1)
    return labels
