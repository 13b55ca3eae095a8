"""Lesson 10, exercises 10.1 and 10.5, parts of a batch and its rate: what must hold, mistakes."""

import numpy as np

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.parts import lr_for, shard_indices

# ---- 10.1 shard_indices

_CASES = ((8, 2), (10, 4), (7, 3), (5, 1), (2, 4), (0, 2), (12, 3))


def _images(count: int) -> list[int]:
    """Return numbers of images in no order, none of them its own place."""
    order = np.random.default_rng(count).permutation(count)
    return [int(3 * number + 100) for number in order]


def _parts(shard: Function, size: int, count: int) -> list[list[int]]:
    return [[int(index) for index in shard(_images(size), rank, count)] for rank in range(count)]


def _each_once(shard: Function) -> None:
    for size, count in _CASES:
        dealt = sorted(index for part in _parts(shard, size, count) for index in part)
        images = sorted(_images(size))
        for index in {*dealt, *images}:
            times = dealt.count(index)
            assert index in images, (
                f"{size} images and {count} processes: {index} is given out, but it is none of "
                f"the images {images}"
            )
            assert times == images.count(index), (
                f"{size} images and {count} processes: image {index} of {images} is seen "
                f"{times} times"
            )


def _fair(shard: Function) -> None:
    for size, count in _CASES:
        sizes = [len(part) for part in _parts(shard, size, count)]
        assert max(sizes) - min(sizes) <= 1, (
            f"{size} images and {count} processes: they get {sizes}; no one may have more than one "
            "image more than another"
        )


def _in_turn(shard: Function) -> None:
    for size, count in _CASES:
        images = _images(size)
        for rank, part in enumerate(_parts(shard, size, count)):
            expected = [image for place, image in enumerate(images) if place % count == rank]
            assert part == expected, (
                f"{images} dealt out to {count}: process {rank} gets {part}, expected {expected}"
            )


def _padded(indices: list[int], rank: int, count: int) -> list[int]:
    return (indices + indices[: -len(indices) % count])[rank::count]


def _full_blocks(indices: list[int], rank: int, count: int) -> list[int]:
    size = -(-len(indices) // count)
    start = max(0, min(rank * size, len(indices) - size))
    return indices[start : start + size]


SHARD_INDICES = Exercise(
    key="10.1",
    name="shard_indices",
    goal="A",
    solution=shard_indices,
    properties=(
        Property("every image is seen exactly once", _each_once),
        Property("no process gets more than one image more than another", _fair),
        Property("images are dealt out in turn, in their order", _in_turn),
    ),
    probes=((_images(10), 1, 4), (_images(10), 3, 4), (_images(8), 1, 2), (_images(7), 0, 3)),
    mutants=(
        Mutant(
            "padded",
            _padded,
            "where the images do not suffice, some are given out twice: torch's DistributedSampler "
            "does so, to keep all processes equally busy. In a score they would count twice.",
        ),
        Mutant(
            "overlap",
            _full_blocks,
            "the last blocks are moved back until they are full, over images that another process "
            "has, too.",
        ),
        Mutant(
            "dropped",
            lambda indices, rank, count: indices[rank : len(indices) // count * count : count],
            "what cannot be divided evenly is left out. In a score these images are missing.",
        ),
        Mutant(
            "blocks",
            lambda indices, rank, count: np.array_split(indices, count)[rank].tolist(),
            "every image is seen once, but in blocks of neighbors. Here they are dealt out like "
            "cards: one to each, and again.",
        ),
        Mutant(
            "everything",
            lambda indices, rank, count: list(indices),
            "every process gets all images, and does all the work.",
        ),
        Mutant(
            "places",
            lambda indices, rank, count: list(range(rank, len(indices), count)),
            "these are places in the list. The images that stand there are wanted: indices[place].",
        ),
        Mutant(
            "one too far",
            lambda indices, rank, count: indices[rank + 1 :: count],
            "process 0 begins with the second image, so nobody has the first. Ranks count from 0.",
        ),
    ),
    hints=(
        "in: a list, the number of this process and how many there are; out: a list.",
        "process 0 gets places 0, count, 2 count ...; process 1 gets 1, 1 + count ...",
        "a slice has a start and a step: indices[rank::count]",
    ),
)


# ---- 10.5 lr_for

_RATES = ((4, 8, 1, 1e-4, 32), (2, 2, 1, 0.01, 8), (2, 4, 4, 0.05, 16), (8, 1, 1, 0.1, 64))


def _stays(rate_of: Function) -> None:
    for local, processes, pieces in ((32, 1, 1), (4, 8, 1), (1, 8, 4)):
        got = rate_of(local, processes, pieces, 1e-4, 32)
        assert abs(got - 1e-4) < 1e-12, (
            f"{local} images x {processes} processes x {pieces} pieces are the 32 that the rate "
            f"1e-4 was found for: it stays, you say {got:.4g}"
        )


def _in_proportion(rate_of: Function) -> None:
    for local, processes, pieces, rate, batch in (*_RATES, (3, 5, 2, 0.07, 48), (2, 1, 1, 0.3, 6)):
        got = rate_of(local, processes, pieces, rate, batch)
        expected = rate * (local * processes * pieces) / batch
        assert abs(got - expected) < 1e-9 * expected, (
            f"{local} x {processes} x {pieces} images, where {rate} was found for {batch}: "
            f"expected {expected:.4g}, you say {got:.4g}"
        )


LR_FOR = Exercise(
    key="10.5",
    name="lr_for",
    goal="D",
    solution=lr_for,
    properties=(
        Property("the batch that the rate was found for keeps it", _stays),
        Property("the rate grows in proportion to the global batch", _in_proportion),
    ),
    probes=(*_RATES, (3, 5, 2, 0.07, 48)),
    mutants=(
        Mutant(
            "local batch",
            lambda local, processes, pieces, rate, batch: rate * local / batch,
            "this is the batch of one process in one piece. A step is made by all of them.",
        ),
        Mutant(
            "pieces forgotten",
            lambda local, processes, pieces, rate, batch: rate * local * processes / batch,
            "the pieces of accumulation belong to the same step: they count, too.",
        ),
        Mutant(
            "processes forgotten",
            lambda local, processes, pieces, rate, batch: rate * local * pieces / batch,
            "all processes compute a part of the same step: their number counts, too.",
        ),
        Mutant(
            "square root",
            lambda local, processes, pieces, rate, batch: (
                rate * (local * processes * pieces / batch) ** 0.5
            ),
            "this is the square-root rule, which some use with Adam. Here the rule is linear.",
        ),
        Mutant(
            "upside down",
            lambda local, processes, pieces, rate, batch: (
                rate * batch / (local * processes * pieces)
            ),
            "larger batches get smaller rates. It is the other way round: the mean over more "
            "images is less noisy and allows a larger step.",
        ),
        Mutant(
            "not scaled",
            lambda local, processes, pieces, rate, batch: rate,
            "the rate stays as it is, whatever the batch.",
        ),
    ),
    hints=(
        "in: four whole numbers and the rate; out: a number.",
        "first the global batch: how many images does one step see? Then the rule of three.",
        "rate * (local * processes * pieces) / batch",
    ),
)
